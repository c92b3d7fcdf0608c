"""DynamoDB as Fanfare uses it: plain dicts in, plain dicts out, and conditions that say what they found.

One class wraps the client, so that each repository reads as the conditions it states. It adds what
every caller of DynamoDB must do by hand: retry what was left unprocessed, and turn a failed
condition into `ConditionFailed` with the item that was found.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from random import uniform
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from fanfare.errors import ConditionFailed, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]

GET_LIMIT = 100  # keys a BatchGetItem
WRITE_LIMIT = 25  # items a BatchWriteItem
TRANSACTION_LIMIT = 100  # items a TransactWriteItems
UNPROCESSED_ROUNDS = 8


def _packed(value: Any) -> dict[str, Any]:
    """One value as DynamoDB wants it. boto3's own serializer takes four times as long, at every delivery."""
    if isinstance(value, str):
        return {"S": str(value)}  # an enumeration's value too
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, Mapping):
        return {"M": {name: _packed(each) for name, each in value.items()}}
    if isinstance(value, list | tuple):
        return {"L": [_packed(each) for each in value]}
    if value is None:
        return {"NULL": True}
    raise TypeError(f"an attribute can't be a {type(value).__name__}")


def _unpacked(value: Mapping[str, Any]) -> Any:
    """One value as Python has it; numbers as int or float, not as Decimal."""
    ((kind, content),) = value.items()
    if kind in {"S", "BOOL"}:
        return content
    if kind == "N":
        return float(content) if "." in content or "E" in content else int(content)
    if kind == "M":
        return unpack(content)
    if kind == "L":
        return [_unpacked(each) for each in content]
    if kind == "NULL":
        return None
    raise TypeError(f"no attribute of ours is of the kind {kind}")


def pack(item: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as DynamoDB wants them; a None is an absent attribute."""
    return {
        name: {"S": value} if type(value) is str else _packed(value)  # as most are
        for name, value in item.items()
        if value is not None
    }


def unpack(item: Mapping[str, Any]) -> Item:
    """Attributes as Python has them."""
    return {name: value["S"] if "S" in value else _unpacked(value) for name, value in item.items()}


class DynamoTable:
    """One table: its name and the client that reaches it."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self.client = client
        self.name = name

    def get(self, pk: str, sk: str, *, consistent: bool = True) -> Item | None:
        """The item, or None."""
        answer = self.client.get_item(TableName=self.name, Key=pack({"pk": pk, "sk": sk}), ConsistentRead=consistent)
        return unpack(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Iterable[tuple[str, str]], *, consistent: bool = True) -> dict[tuple[str, str], Item]:
        """The items that exist, by key: one call per 100 distinct keys."""
        wanted = list(dict.fromkeys(keys))
        found: dict[tuple[str, str], Item] = {}
        for start in range(0, len(wanted), GET_LIMIT):
            asked = [pack({"pk": pk, "sk": sk}) for pk, sk in wanted[start : start + GET_LIMIT]]
            for attempt in range(UNPROCESSED_ROUNDS):
                answer = self.client.batch_get_item(
                    RequestItems={self.name: {"Keys": asked, "ConsistentRead": consistent}}
                )
                for raw in answer["Responses"].get(self.name, ()):
                    item = unpack(raw)
                    found[item["pk"], item["sk"]] = item
                unread = answer.get("UnprocessedKeys", {})
                asked = list(unread[self.name]["Keys"]) if self.name in unread else []
                if not asked:
                    break
                _wait(attempt)
            else:
                raise Unavailable("DynamoDB left keys unread")
        return found

    def query(
        self,
        pk: str,
        *,
        prefix: str | None = None,
        after: str | None = None,
        before: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
        consistent: bool = True,
        names: Sequence[str] | None = None,
    ) -> Iterator[Item]:
        """The items of a partition in the order of their sort keys, read page by page as they are used.

        `prefix`, `after` and `before` bound the sort key (`after` and `before` themselves excluded);
        `limit` bounds how many are read.
        """
        condition, values = "pk = :pk", {":pk": pk}
        if prefix is not None and (after is not None or before is not None):
            # begins_with can't be joined with a comparison: bound the prefix by hand
            values[":low"] = max(prefix, after + "\x00") if after is not None else prefix
            values[":high"] = prefix + "\U0010ffff" if before is None else before
            condition += " AND sk BETWEEN :low AND :high"
        elif prefix is not None:
            values[":prefix"] = prefix
            condition += " AND begins_with(sk, :prefix)"
        elif after is not None:
            values[":after"] = after
            condition += " AND sk > :after"
        elif before is not None:
            values[":before"] = before
            condition += " AND sk < :before"
        request: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": pack(values),
            "ScanIndexForward": not newest_first,
            "ConsistentRead": consistent,
        }
        if names is not None:
            request["ProjectionExpression"] = ", ".join(f"#{name}" for name in names)
            request["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
        read = 0
        while True:
            if limit is not None:
                request["Limit"] = limit - read
            answer = self.client.query(**request)
            for raw in answer["Items"]:
                item = unpack(raw)
                if item.get("sk") != before:  # BETWEEN includes its upper end
                    yield item
            read += len(answer["Items"])
            if "LastEvaluatedKey" not in answer or (limit is not None and read >= limit):
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def count(self, pk: str, *, most: int) -> int:
        """How many items a partition has, counted in pages of 1 MB until there are `most`; eventually consistent."""
        request: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": pack({":pk": pk}),
            "Select": "COUNT",
        }
        counted = 0
        while True:
            answer = self.client.query(**request)
            counted += answer["Count"]
            if "LastEvaluatedKey" not in answer or counted >= most:
                return counted
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def query_index(
        self,
        index: str,
        hash_key: tuple[str, str],
        range_key: tuple[str, str, str],
        *,
        limit: int,
        newest_first: bool = False,
    ) -> list[Item]:
        """Up to `limit` items of an index: `hash_key` is (name, value), `range_key` (name, comparison, value)."""
        request = self._of_index(index, hash_key, range_key)
        answer = self.client.query(**request, ScanIndexForward=not newest_first, Limit=limit)
        return [unpack(raw) for raw in answer["Items"]]

    def overdue(self, at: str, *, shards: int, page: int) -> Iterator[Item]:
        """The rows of the index `due` whose time has come, the longest overdue first, `page` of a shard a call."""
        walks = [
            self._walk("due", ("due_shard", f"due#{shard}"), ("due_at", "<=", at), page) for shard in range(shards)
        ]
        return heapq.merge(*walks, key=itemgetter("due_at"))

    def _walk(
        self, index: str, hash_key: tuple[str, str], range_key: tuple[str, str, str], page: int
    ) -> Iterator[Item]:
        """All of those items, in the index's order, read `page` at a time as they are used."""
        request = self._of_index(index, hash_key, range_key)
        while True:
            answer = self.client.query(**request, Limit=page)
            yield from map(unpack, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _of_index(self, index: str, hash_key: tuple[str, str], range_key: tuple[str, str, str]) -> dict[str, Any]:
        return {
            "TableName": self.name,
            "IndexName": index,
            "KeyConditionExpression": f"#hash = :hash AND #range {range_key[1]} :range",
            "ExpressionAttributeNames": {"#hash": hash_key[0], "#range": range_key[0]},
            "ExpressionAttributeValues": pack({":hash": hash_key[1], ":range": range_key[2]}),
        }

    def put(
        self, item: Mapping[str, Any], *, condition: str | None = None, values: Mapping[str, Any] | None = None
    ) -> None:
        """Store the item: under a condition, or whatever stood there."""
        request: dict[str, Any] = {"TableName": self.name, "Item": pack(item)}
        if condition is not None:
            request |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        if values:
            request["ExpressionAttributeValues"] = pack(values)
        try:
            self.client.put_item(**request)
        except ClientError as error:
            raise _translated(error) from error

    def update(
        self,
        pk: str,
        sk: str,
        update: str,
        *,
        condition: str | None = None,
        values: Mapping[str, Any] | None = None,
        names: Mapping[str, str] | None = None,
        old: bool = False,
    ) -> Item:
        """Change an item under a condition and return it: as it is now, or (`old`) as it was."""
        request = _update(self.name, pk, sk, update, condition, values, names)
        if condition is not None:
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        try:
            answer = self.client.update_item(ReturnValues="ALL_OLD" if old else "ALL_NEW", **request)
        except ClientError as error:
            raise _translated(error) from error
        return unpack(answer.get("Attributes", {}))

    def delete(self, pk: str, sk: str) -> None:
        """Remove the item, if it is there."""
        self.client.delete_item(TableName=self.name, Key=pack({"pk": pk, "sk": sk}))

    def write_many(self, items: Sequence[Mapping[str, Any]], *, deletes: Sequence[tuple[str, str]] = ()) -> None:
        """Put and delete items without conditions, 25 a call."""
        requests: list[Any] = [{"PutRequest": {"Item": pack(item)}} for item in items]
        requests += [{"DeleteRequest": {"Key": pack({"pk": pk, "sk": sk})}} for pk, sk in deletes]
        for start in range(0, len(requests), WRITE_LIMIT):
            left = requests[start : start + WRITE_LIMIT]
            for attempt in range(UNPROCESSED_ROUNDS):
                answer = self.client.batch_write_item(RequestItems={self.name: left})
                left = list(answer.get("UnprocessedItems", {}).get(self.name, ()))
                if not left:
                    break
                _wait(attempt)
            else:
                raise Unavailable("DynamoDB left items unwritten")

    # The parts of a transaction

    def putting(self, item: Mapping[str, Any], *, condition: str | None = None) -> dict[str, Any]:
        """A put, as part of a transaction."""
        put: dict[str, Any] = {"TableName": self.name, "Item": pack(item)}
        if condition is not None:
            put |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        return {"Put": put}

    def updating(
        self,
        pk: str,
        sk: str,
        update: str,
        *,
        condition: str | None = None,
        values: Mapping[str, Any] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """An update, as part of a transaction."""
        return {"Update": _update(self.name, pk, sk, update, condition, values, names)}

    def deleting(
        self,
        pk: str,
        sk: str,
        *,
        condition: str | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """A delete, as part of a transaction."""
        delete: dict[str, Any] = {"TableName": self.name, "Key": pack({"pk": pk, "sk": sk})}
        if condition is not None:
            delete["ConditionExpression"] = condition
        if values:
            delete["ExpressionAttributeValues"] = pack(values)
        return {"Delete": delete}

    def checking(
        self,
        pk: str,
        sk: str,
        condition: str,
        *,
        values: Mapping[str, Any] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """A condition on an item that is not changed, as part of a transaction."""
        check: dict[str, Any] = {
            "TableName": self.name,
            "Key": pack({"pk": pk, "sk": sk}),
            "ConditionExpression": condition,
        }
        if values:
            check["ExpressionAttributeValues"] = pack(values)
        if names:
            check["ExpressionAttributeNames"] = dict(names)
        return {"ConditionCheck": check}


def transact(client: DynamoDBClient, parts: Sequence[dict[str, Any]]) -> None:
    """All of `parts` or nothing.

    Raises ConditionFailed when a condition does not hold or another transaction is in the way: read
    again, decide again. Raises Unavailable when DynamoDB throttled it all the while. Retries, the SDK's
    own too, carry the same token, so they never apply twice.
    """
    if len(parts) > TRANSACTION_LIMIT:
        raise ValueError(f"{len(parts)} items in one transaction; DynamoDB takes {TRANSACTION_LIMIT}")
    token = str(uuid4())
    for attempt in range(UNPROCESSED_ROUNDS):
        try:
            client.transact_write_items(TransactItems=parts, ClientRequestToken=token)  # type: ignore[arg-type]
        except ClientError as error:
            if not _throttled(error):
                raise _translated(error) from error
            _wait(attempt)
        else:
            return
    raise Unavailable("DynamoDB throttled a transaction")


def _update(
    table: str,
    pk: str,
    sk: str,
    update: str,
    condition: str | None,
    values: Mapping[str, Any] | None,
    names: Mapping[str, str] | None,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "TableName": table,
        "Key": pack({"pk": pk, "sk": sk}),
        "UpdateExpression": update,
    }
    if condition is not None:
        request["ConditionExpression"] = condition
    if values:
        request["ExpressionAttributeValues"] = pack(values)
    if names:
        request["ExpressionAttributeNames"] = dict(names)
    return request


_CONTENDED = {"ConditionalCheckFailed", "TransactionConflict"}
# A throttled transaction comes as a cancelled one, which the SDK takes for final.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#API_TransactWriteItems_Errors
_THROTTLES = {"ThrottlingError", "ProvisionedThroughputExceeded"}


def _reasons(error: ClientError) -> list[dict[str, Any]]:
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    return reasons


def _codes(error: ClientError) -> list[str]:
    return [reason.get("Code") or "None" for reason in _reasons(error)]


def passing(error: ClientError) -> bool:
    """Whether nothing cancelled a transaction but what may be over the next time; an item too large, say, is not."""
    return set(_codes(error)) - {"None"} <= _CONTENDED | _THROTTLES


def _throttled(error: ClientError) -> bool:
    """Whether nothing but throttles cancelled a transaction: nothing of it was applied."""
    return bool(found := set(_codes(error)) - {"None"}) and found <= _THROTTLES


def _translated(error: ClientError) -> Exception:
    """The failed condition behind the SDK's error, or the error itself."""
    code = error.response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        found: Any = error.response.get("Item")
        return ConditionFailed(unpack(found) if found else None, reasons=["ConditionalCheckFailed"])
    if code in ("TransactionConflictException", "TransactionInProgressException"):
        return ConditionFailed(None, reasons=["TransactionConflict"])
    if code == "TransactionCanceledException":
        codes = _codes(error)
        if passing(error):
            found = [unpack(reason["Item"]) if reason.get("Item") else None for reason in _reasons(error)]
            return ConditionFailed(*found, reasons=codes)
    return error


def _wait(attempt: int) -> None:
    """Full jitter: up to 50 ms, doubling."""
    time.sleep(uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter, not a secret
