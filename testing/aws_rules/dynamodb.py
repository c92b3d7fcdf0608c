"""What DynamoDB refuses, beyond its model."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html, ServiceQuotas.html
ITEM_BYTES: Final = 400 * 1024
KEY_BYTES: Final = {"pk": 2048, "sk": 1024}
TRANSACTION_BYTES: Final = 4 * 1024 * 1024
BATCHES: Final = {"BatchGetItem": 100, "BatchWriteItem": 25, "TransactWriteItems": 100}
EXPRESSIONS: Final = (
    *("ConditionExpression", "UpdateExpression", "KeyConditionExpression"),
    *("FilterExpression", "ProjectionExpression"),
)

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html
RESERVED: Final = frozenset(Path(__file__).with_name("reserved_words.txt").read_text().split())
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
SYNTAX: Final = frozenset({"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN"})
BARE: Final = re.compile(r"(?<![#:\w.])[A-Za-z_]\w*(?!\w|\s*\()|(?<=\.)[A-Za-z_]\w*")
CLAUSE: Final = re.compile(r"\b(?:SET|REMOVE|ADD|DELETE)\b")
ASSIGNED: Final = re.compile(r"\s*([#\w.\[\]]+)")
BETWEEN: Final = re.compile(r"\bBETWEEN\s+(:\w+)\s+AND\s+(:\w+)")

Violations = Iterator[str]


def dynamodb(operation: str, request: Mapping[str, Any]) -> Violations:
    most = BATCHES.get(operation)
    parts = _parts(operation, request)
    if most and len(parts) > most:
        yield f"{len(parts)} items, above {most}"
    keys = [json.dumps(key, sort_keys=True) for key in (_key(part) for part in parts) if key]
    if len(set(keys)) < len(keys):
        yield "two operations on one item"
    # BatchWriteItem takes 16 MB, more than 25 items can have
    if operation == "TransactWriteItems" and sum(size(part) for part in parts) > TRANSACTION_BYTES:
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
    bare = set(BARE.findall(text)) - SYNTAX
    if reserved := sorted(word for word in bare if word.upper() in RESERVED):
        yield f"{reserved}: reserved words"
    yield from _overlapping(part)
    values = part.get("ExpressionAttributeValues", {})
    for low, high in BETWEEN.findall(text):
        if _ordered(values.get(low, {})) > _ordered(values.get(high, {})):
            yield f"BETWEEN {low} AND {high}: the first is above the second"


def _overlapping(part: Mapping[str, Any]) -> Violations:
    """An update changes each attribute once, and none inside another that it changes."""
    names = part.get("ExpressionAttributeNames", {})
    # commas inside of calls separate no assignments
    flat = re.sub(r"\([^()]*\)", "", part.get("UpdateExpression", ""))
    written = [each for clause in CLAUSE.split(flat) for each in clause.split(",") if each.strip()]
    paths = [re.sub(r"#\w+", lambda name: names.get(name[0], name[0]), ASSIGNED.match(each)[1]) for each in written]  # type: ignore[index]
    for number, path in enumerate(paths):
        for other in paths[number + 1 :]:
            if path == other or f"{path}.".startswith(f"{other}.") or f"{other}.".startswith(f"{path}."):
                yield f"{path} and {other}: overlapping paths"


def _ordered(value: Mapping[str, Any]) -> Any:
    ((kind, inner),) = value.items() or [("S", "")]
    return float(inner) if kind == "N" else inner


def _attributes(part: Mapping[str, Any]) -> Violations:
    for place in ("Item", "Key", "ExpressionAttributeValues"):
        for name, value in part.get(place, {}).items():
            yield from _value(value, f"{place}.{name}")
            most = KEY_BYTES.get(name)
            if place != "ExpressionAttributeValues" and most and not 0 < len(value.get("S", "").encode()) <= most:
                yield f"{place}.{name}: a key has 1 to {most} bytes"
    if size(part.get("Item", {})) > ITEM_BYTES:
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


def size(value: Any) -> int:
    """Bytes of names and values, about as DynamoDB counts them."""
    if isinstance(value, Mapping):
        return sum(len(str(name).encode()) + size(each) for name, each in value.items())
    if isinstance(value, list | tuple | set):
        return sum(size(each) + 1 for each in value)
    return len(value) if isinstance(value, bytes) else len(str(value).encode())
