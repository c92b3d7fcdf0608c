"""Requests for many items: batches, of which a part may be left undone, and transactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from testing.memory_aws.errors import refused
from testing.memory_aws.tables import Tables


def get(tables: Tables, requests: Any) -> Any:
    """BatchGetItem."""
    answer, unread = {}, {}
    for table, request in requests.items():
        keys = request["Keys"]
        if len(keys) > 100 or len({(key["pk"]["S"], key["sk"]["S"]) for key in keys}) != len(keys):
            raise refused("ValidationException", "too many keys, or one twice", "BatchGetItem")
        read, left = tables.calls.split(keys)
        if left:
            unread[table] = {**request, "Keys": left}
        items = [item for key in read if (item := tables.get(table, key)) is not None]
        tables.meter_read(table, items, consistent=request.get("ConsistentRead", False), each=True)
        answer[table] = items
    return {"Responses": answer, "UnprocessedKeys": unread}


def write(tables: Tables, requests: Any) -> Any:
    """BatchWriteItem."""
    unwritten = {}
    for table, writes in requests.items():
        keys = [_written(each) for each in writes]
        if len(writes) > 25 or len({(key["pk"]["S"], key["sk"]["S"]) for key in keys}) != len(keys):
            raise refused("ValidationException", "too many items, or one twice", "BatchWriteItem")
        done, left = tables.calls.split(writes)
        if left:
            unwritten[table] = left
        for each in done:
            if "PutRequest" in each:
                tables.put(table, each["PutRequest"]["Item"])
            else:
                tables.delete(table, each["DeleteRequest"]["Key"])
    return {"UnprocessedItems": unwritten}


def transact(tables: Tables, parts: Any) -> Any:
    """TransactWriteItems: all of it, or nothing if one condition does not hold."""
    flat = [(kind, request) for part in parts for kind, request in part.items()]
    keys = [(request["TableName"], *_key_of(request)) for _, request in flat]
    if len(flat) > 100 or len(set(keys)) != len(keys):
        raise refused("ValidationException", "too many items, or one twice", "TransactWriteItems")
    reasons = [_reason(tables, request) for _, request in flat]
    if any(reason["Code"] != "None" for reason in reasons):
        why = {"CancellationReasons": reasons}
        raise refused("TransactionCanceledException", "Transaction cancelled", "TransactWriteItems", **why)
    _apply(tables, flat)
    return {}


def _reason(tables: Tables, request: Mapping[str, Any]) -> dict[str, Any]:
    found = tables.get(request["TableName"], request.get("Key") or request["Item"])
    if tables.holds(request, found):
        return {"Code": "None"}
    shown = found and "ReturnValuesOnConditionCheckFailure" in request
    return {"Code": "ConditionalCheckFailed"} | ({"Item": found} if shown else {})


def _apply(tables: Tables, requests: Sequence[tuple[str, Any]]) -> None:
    for kind, request in requests:
        table = request["TableName"]
        if kind == "Put":
            tables.put(table, request["Item"], factor=2)
        elif kind == "Delete":
            tables.delete(table, request["Key"], factor=2)
        elif kind == "Update":
            tables.update(request, tables.get(table, request["Key"]), factor=2)
        else:  # a condition alone
            item = tables.get(table, request["Key"])
            tables.meter_write(table, item, item, 2)


def _written(write: Mapping[str, Any]) -> Any:
    return write["PutRequest"]["Item"] if "PutRequest" in write else write["DeleteRequest"]["Key"]


def _key_of(request: Mapping[str, Any]) -> tuple[str, str]:
    key = request.get("Key") or request["Item"]
    return key["pk"]["S"], key["sk"]["S"]
