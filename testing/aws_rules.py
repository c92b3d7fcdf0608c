"""What AWS refuses in a request, found without AWS: the models of botocore, and documented rules that they do not have.

The clients of the functions do not validate their requests, and the emulators take most of what is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from botocore.model import OperationModel, Shape
from botocore.validate import ParamValidator

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html, ServiceQuotas.html
ITEM_BYTES: Final = 400 * 1024
KEY_BYTES: Final = {"pk": 2048, "sk": 1024}
TRANSACTION_BYTES: Final = 4 * 1024 * 1024
BATCHES: Final = {"BatchGetItem": 100, "BatchWriteItem": 25, "TransactWriteItems": 100}
EXPRESSIONS: Final = (
    *("ConditionExpression", "UpdateExpression", "KeyConditionExpression"),
    *("FilterExpression", "ProjectionExpression"),
)
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
QUEUE_BATCH, QUEUE_BYTES, QUEUE_DELAY = 10, 1024 * 1024, 900
QUEUE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
QUEUE_GROUP: Final = re.compile(r"[\x21-\x7e]{1,128}")
NO_QUEUE_TEXT: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html, …/API_MessageHeader.html
MAILS, MAIL_HEADERS, TEMPLATE_DATA = 50, 15, 262_144
HEADER_VALUE: Final = re.compile(r"[\x20-\x7e]{1,995}")
TAG: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
# SES writes the values of these two into its header Feedback-ID (what's new in SES, June 2024)
OWN_TAGS: Final = ("ses:feedback-id-a", "ses:feedback-id-b")
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html
EVENTS, EVENTS_BYTES = 10, 256 * 1024
# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
TEXT_CHARACTERS: Final = 1_600

Violations = Iterator[str]


def violations(model: OperationModel, request: Mapping[str, Any]) -> list[str]:
    """What is wrong with a request."""
    shape = model.input_shape
    if shape is None:
        return []
    report = ParamValidator().validate(request, shape)
    if report.has_errors():
        return [report.generate_report()]
    rule = RULES.get(model.service_model.service_name, _none)
    return [*_of_shape(shape, request, ""), *rule(model.name, request)]


def _of_shape(shape: Shape, value: Any, at: str) -> Violations:
    """Patterns, enumerations and maxima, which botocore's validator leaves to AWS."""
    kind: Any = shape
    if shape.type_name == "structure":
        for name, each in value.items():
            yield from _of_shape(kind.members[name], each, f"{at}.{name}")
    elif shape.type_name in {"list", "map"}:
        for each in value if shape.type_name == "list" else value.values():
            yield from _of_shape(kind.member if shape.type_name == "list" else kind.value, each, f"{at}[]")
    elif shape.type_name == "string":
        yield from _of_text(kind, value, at)
    most = shape.metadata.get("max")
    if most is not None and (value if isinstance(value, int | float) else len(value)) > most:
        yield f"{at}: above {most}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of a model. Some use classes of Unicode that Python does not know: these match anything."""
    return re.compile("" if r"\p{" in pattern else pattern)


def _of_text(shape: Any, value: str, at: str) -> Violations:
    if shape.enum and value not in shape.enum:
        yield f"{at}: {value!r} is not one of {shape.enum}"
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).search(value):
        yield f"{at}: {value!r} does not match {pattern}"


def _none(_: str, __: Mapping[str, Any]) -> Violations:
    return iter(())


def _dynamodb(operation: str, request: Mapping[str, Any]) -> Violations:
    most = BATCHES.get(operation)
    parts = _parts(operation, request)
    if most and len(parts) > most:
        yield f"{len(parts)} items, above {most}"
    keys = [json.dumps(key, sort_keys=True) for key in (_key(part) for part in parts) if key]
    if len(set(keys)) < len(keys):
        yield "two operations on one item"
    # BatchWriteItem takes 16 MB, more than 25 items can have
    if operation == "TransactWriteItems" and sum(_size(part) for part in parts) > TRANSACTION_BYTES:
        yield f"more than {TRANSACTION_BYTES} bytes"
    if request.get("IndexName") and request.get("ConsistentRead"):
        yield "a consistent read of an index"
    for part in parts or [request]:
        yield from _expressions(part)
        yield from _attributes(part)


def _parts(operation: str, request: Mapping[str, Any]) -> list[Any]:
    """The requests in a batch or transaction; a get or put alone is its own part."""
    if operation == "TransactWriteItems":
        return [next(iter(each.values())) for each in request["TransactItems"]]
    if operation == "BatchGetItem":
        return [{"TableName": t, "Key": key} for t, each in request["RequestItems"].items() for key in each["Keys"]]
    if operation == "BatchWriteItem":
        return [
            {"TableName": table, **next(iter(each.values()))}
            for table, writes in request["RequestItems"].items()
            for each in writes
        ]
    return []


def _key(part: Mapping[str, Any]) -> Any:
    item = part.get("Key") or part.get("Item") or {}
    return [part.get("TableName"), item.get("pk"), item.get("sk")] if "pk" in item else None


def _expressions(part: Mapping[str, Any]) -> Violations:
    text = " ".join(part.get(name, "") for name in EXPRESSIONS)
    for sign, known in (("#", "ExpressionAttributeNames"), (":", "ExpressionAttributeValues")):
        used, given = set(re.findall(rf"{sign}\w+", text)), set(part.get(known, ()))
        if used - given:
            yield f"{sorted(used - given)} is not defined"
        if given - used:
            yield f"{sorted(given - used)} is not used"
        if known in part and not given:
            yield f"{known} is empty"


def _attributes(part: Mapping[str, Any]) -> Violations:
    for place in ("Item", "Key", "ExpressionAttributeValues"):
        for name, value in part.get(place, {}).items():
            yield from _value(value, f"{place}.{name}")
            most = KEY_BYTES.get(name)
            if place != "ExpressionAttributeValues" and most and not 0 < len(value.get("S", "").encode()) <= most:
                yield f"{place}.{name}: a key has 1 to {most} bytes"
    if _size(part.get("Item", {})) > ITEM_BYTES:
        yield f"an item above {ITEM_BYTES} bytes"


def _value(value: Mapping[str, Any], at: str) -> Violations:
    ((kind, inner),) = value.items()
    if kind in {"SS", "NS", "BS"} and (not inner or len(set(inner)) < len(inner)):
        yield f"{at}: an empty set, or one with duplicates"
    if kind == "N" and len(re.sub(r"^-?0*|[.]|[eE].*$", "", inner)) > 38:
        yield f"{at}: {inner} has more than 38 digits"
    if kind in {"M", "L"}:
        for each in inner.values() if kind == "M" else inner:
            yield from _value(each, at)


def _size(value: Any) -> int:
    """Bytes of names and values, about as DynamoDB counts them."""
    if isinstance(value, Mapping):
        return sum(len(str(name).encode()) + _size(each) for name, each in value.items())
    if isinstance(value, list | tuple | set):
        return sum(_size(each) + 1 for each in value)
    return len(value) if isinstance(value, bytes) else len(str(value).encode())


def _sqs(operation: str, request: Mapping[str, Any]) -> Violations:
    entries: Sequence[Mapping[str, Any]] = request.get("Entries", [request] if "MessageBody" in request else [])
    if operation.endswith("Batch") and not 0 < len(entries) <= QUEUE_BATCH:
        yield f"{len(entries)} entries; 1 to {QUEUE_BATCH}"
    ids = [entry["Id"] for entry in entries if "Id" in entry]
    if len(set(ids)) < len(ids) or not all(map(QUEUE_ID.fullmatch, ids)):
        yield "ids of entries: distinct, and of letters, digits, _ and -"
    if sum(len(entry.get("MessageBody", "").encode()) for entry in entries) > QUEUE_BYTES:
        yield f"more than {QUEUE_BYTES} bytes"
    for entry in entries:
        if not 0 <= entry.get("DelaySeconds", 0) <= QUEUE_DELAY:
            yield f"a delay above {QUEUE_DELAY}"
        if "MessageGroupId" in entry and not QUEUE_GROUP.fullmatch(entry["MessageGroupId"]):
            yield f"a group {entry['MessageGroupId']!r}"
        if "MessageBody" in entry and (not entry["MessageBody"] or NO_QUEUE_TEXT.search(entry["MessageBody"])):
            yield "a body that is empty or has characters that SQS refuses"


def _ses(operation: str, request: Mapping[str, Any]) -> Violations:
    if not operation.startswith("Send"):
        return
    entries = request.get("BulkEmailEntries", ())
    if operation == "SendBulkEmail" and not 0 < len(entries) <= MAILS:
        yield f"{len(entries)} mails; 1 to {MAILS}"
    if not request.get("FromEmailAddress", "").isascii():
        yield "a sender beyond ASCII"
    tracking = request.get("ConfigurationOverrides", {}).get("Tracking", {})
    if {*tracking.values()} != {"DISABLED"} or len(tracking) < 2:
        yield "tracking is left to the account"
    simple = request.get("Content", {}).get("Simple", {})
    for headers in [simple.get("Headers", ()), *(entry.get("ReplacementHeaders", ()) for entry in entries)]:
        if len(headers) > MAIL_HEADERS or not all(HEADER_VALUE.fullmatch(each["Value"]) for each in headers):
            yield f"headers: at most {MAIL_HEADERS}, with up to 995 printable ASCII characters"
    for tags in [request.get("EmailTags", ()), *(entry.get("ReplacementTags", ()) for entry in entries)]:
        if not all(TAG.fullmatch(each["Value"]) for each in tags) or not all(
            TAG.fullmatch(each["Name"]) or each["Name"] in OWN_TAGS for each in tags
        ):
            yield "tags: letters, digits, _ and -"
    for entry in entries:
        data = (
            entry.get("ReplacementEmailContent", {}).get("ReplacementTemplate", {}).get("ReplacementTemplateData", "")
        )
        if len(data) > TEMPLATE_DATA:
            yield f"more than {TEMPLATE_DATA} characters of data for a mail"


def _events(_: str, request: Mapping[str, Any]) -> Violations:
    entries = request.get("Entries", ())
    if not 0 < len(entries) <= EVENTS or _size(list(entries)) > EVENTS_BYTES:
        yield f"1 to {EVENTS} events, of {EVENTS_BYTES} bytes together"


def _sns(_: str, request: Mapping[str, Any]) -> Violations:
    if "PhoneNumber" in request and not 0 < len(request["Message"]) <= TEXT_CHARACTERS:
        yield f"a text has 1 to {TEXT_CHARACTERS} characters"


RULES: Final[Mapping[str, Callable[[str, Mapping[str, Any]], Violations]]] = {
    "dynamodb": _dynamodb,
    "sqs": _sqs,
    "sesv2": _ses,
    "events": _events,
    "sns": _sns,
}
