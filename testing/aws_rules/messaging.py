"""What SQS, SES, SNS and EventBridge refuse, beyond their models."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from testing.aws_rules.dynamodb import size

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
QUEUE_BATCH, QUEUE_BYTES, QUEUE_DELAY = 10, 1024 * 1024, 900
QUEUE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
QUEUE_GROUP: Final = re.compile(r"[\x21-\x7e]{1,128}")
NO_QUEUE_TEXT: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html, …/API_MessageHeader.html
MAILS, MAIL_HEADERS, TEMPLATE_DATA = 50, 15, 262_144
HEADER_NAME: Final = re.compile(r"[!-9;-~]{1,126}")
HEADER_VALUE: Final = re.compile(r"[\x20-\x7e]{1,995}")
TAG: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
# SES writes the values of these two into its header Feedback-ID (what's new in SES, June 2024)
OWN_TAGS: Final = ("ses:feedback-id-a", "ses:feedback-id-b")
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html
EVENTS, EVENTS_BYTES = 10, 256 * 1024
# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
TEXT_CHARACTERS: Final = 1_600
# https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
ATTRIBUTE_TYPES: Final = frozenset({"String", "String.Array", "Number", "Binary"})

Violations = Iterator[str]


def sqs(operation: str, request: Mapping[str, Any]) -> Violations:
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


def ses(operation: str, request: Mapping[str, Any]) -> Violations:
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
        if len(headers) > MAIL_HEADERS or not all(
            HEADER_NAME.fullmatch(each["Name"]) and HEADER_VALUE.fullmatch(each["Value"]) for each in headers
        ):
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


def events(_: str, request: Mapping[str, Any]) -> Violations:
    entries = request.get("Entries", ())
    if not 0 < len(entries) <= EVENTS or size(list(entries)) > EVENTS_BYTES:
        yield f"1 to {EVENTS} events, of {EVENTS_BYTES} bytes together"


def sns(_: str, request: Mapping[str, Any]) -> Violations:
    if "PhoneNumber" in request and not 0 < len(request["Message"]) <= TEXT_CHARACTERS:
        yield f"a text has 1 to {TEXT_CHARACTERS} characters"
    for name, attribute in request.get("MessageAttributes", {}).items():
        if attribute["DataType"] not in ATTRIBUTE_TYPES or not (
            attribute.get("StringValue") or attribute.get("BinaryValue")
        ):
            yield f"an attribute {name} of no type, or empty"
