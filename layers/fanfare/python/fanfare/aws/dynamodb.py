"""DynamoDB with plain dicts as input and output, and failed conditions with the item that was found.

One class wraps the client. It retries unprocessed items and translates a failed condition into `ConditionFailed` with
the existing item, so repositories contain only keys and conditions.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from fanfare.aws.codec import EVERY_KEY, Item, KeyRange, expressions, pack, unpack
from fanfare.aws.retries import Sleep, pause
from fanfare.errors import CONFLICT, REFUSED, ConditionFailed, PartResult, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")
Key = tuple[str, str]
Asked = tuple[str, dict[str, Any]]  # name of a table, and a key in DynamoDB's format

GET_LIMIT = 100  # keys per BatchGetItem
WRITE_LIMIT = 25  # items per BatchWriteItem
UNPROCESSED_ROUNDS = 8


class DynamoTable:
    """One table. `sleep` is called between retries."""

    def __init__(self, client: DynamoDBClient, name: str, *, sleep: Sleep = time.sleep) -> None:
        self.client = client
        self.name = name
        self.sleep = sleep

    def get(self, pk: str, sk: str, *, consistent: bool = True) -> Item | None:
        """The item, or None."""
        answer = self.client.get_item(TableName=self.name, Key=pack({"pk": pk, "sk": sk}), ConsistentRead=consistent)
        return unpack(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Iterable[tuple[str, str]], *, consistent: bool = True) -> dict[tuple[str, str], Item]:
        """The items that exist, by key: one call per 100 distinct keys."""
        return get_together([(self, keys)], consistent=consistent)[0]

    def query(
        self,
        pk: str,
        keys: KeyRange = EVERY_KEY,
        *,
        limit: int | None = None,
        newest_first: bool = False,
        consistent: bool = True,
        names: Sequence[str] | None = None,
    ) -> Iterator[Item]:
        """The items of a partition in order of their sort keys, read lazily page by page.

        `keys`: range of sort keys. `limit`: maximum number of items read.
        """
        condition, values = keys.condition()
        request: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": "pk = :pk" + condition,
            "ExpressionAttributeValues": pack({":pk": pk} | values),
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
            yield from filter(keys.has, map(unpack, answer["Items"]))
            read += len(answer["Items"])
            if "LastEvaluatedKey" not in answer or (limit is not None and read >= limit):
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def count(self, pk: str, *, most: int) -> int:
        """The number of items in a partition, counted in pages of 1 MB until at least `most`; eventually consistent."""
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

    def overdue(self, at: str, *, shards: int, page: int, prefix: str = "due") -> Iterator[Item]:
        """Rows of the index `due` up to `at`, longest overdue first, read lazily, `page` rows per shard and call."""
        walks = [
            self._walk("due", ("due_shard", f"{prefix}#{shard}"), ("due_at", "<=", at), page) for shard in range(shards)
        ]
        return heapq.merge(*walks, key=itemgetter("due_at"))

    def walk(self, index: str, key: str, *, after: str | None, page: int) -> Iterator[Item]:
        """The keys of an index named by its hash key, after a place, in order, read lazily, `page` per call."""
        return self._walk(index, (index, key), ("place", ">", after or " "), page)

    def _walk(
        self, index: str, hash_key: tuple[str, str], range_key: tuple[str, str, str], page: int
    ) -> Iterator[Item]:
        """All items of the index range in order, read lazily, `page` per call."""
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
        """Store the item, with a condition or unconditionally."""
        request = {"TableName": self.name, "Item": pack(item), **expressions(condition, values)}
        if condition is not None:
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
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
        """Change an item. Returns it after the change or, with `old`, before."""
        request = {
            "TableName": self.name,
            "Key": pack({"pk": pk, "sk": sk}),
            "UpdateExpression": update,
            **expressions(condition, values, names),
        }
        if condition is not None:
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        try:
            answer = self.client.update_item(ReturnValues="ALL_OLD" if old else "ALL_NEW", **request)
        except ClientError as error:
            raise _translated(error) from error
        return unpack(answer.get("Attributes", {}))

    def delete(self, pk: str, sk: str) -> None:
        """Delete the item if it exists."""
        self.client.delete_item(TableName=self.name, Key=pack({"pk": pk, "sk": sk}))

    def write_many(self, items: Sequence[Mapping[str, Any]], *, deletes: Sequence[tuple[str, str]] = ()) -> None:
        """Put and delete items without conditions, 25 per call."""
        requests: list[Any] = [{"PutRequest": {"Item": pack(item)}} for item in items]
        requests += [{"DeleteRequest": {"Key": pack({"pk": pk, "sk": sk})}} for pk, sk in deletes]

        def ask(writes: Sequence[Any]) -> Sequence[Any]:
            answer = self.client.batch_write_item(RequestItems={self.name: writes})
            return answer.get("UnprocessedItems", {}).get(self.name, ())

        for start in range(0, len(requests), WRITE_LIMIT):
            _until_processed(ask, requests[start : start + WRITE_LIMIT], "items unwritten", sleep=self.sleep)


def get_together(
    wanted: Sequence[tuple[DynamoTable, Iterable[Key]]], *, consistent: bool = True
) -> list[dict[Key, Item]]:
    """The items that exist, by key, for each of the tables: one call per 100 distinct keys of all of them."""
    keys = [(table.name, key) for table, each in wanted for key in dict.fromkeys(each)]
    found: dict[str, dict[Key, Item]] = {table.name: {} for table, _ in wanted}
    first = wanted[0][0]

    def ask(left: Sequence[Asked]) -> Sequence[Asked]:
        request: dict[str, Any] = {}
        for name, key in left:
            request.setdefault(name, {"Keys": [], "ConsistentRead": consistent})["Keys"].append(key)
        answer: Any = first.client.batch_get_item(RequestItems=request)
        for name, items in answer["Responses"].items():
            for item in map(unpack, items):
                found[name][item["pk"], item["sk"]] = item
        return [(name, key) for name, unread in answer.get("UnprocessedKeys", {}).items() for key in unread["Keys"]]

    for start in range(0, len(keys), GET_LIMIT):
        asked = [(name, pack({"pk": pk, "sk": sk})) for name, (pk, sk) in keys[start : start + GET_LIMIT]]
        _until_processed(ask, asked, "keys unread", sleep=first.sleep)
    return [found[table.name] for table, _ in wanted]


def _until_processed(ask: Callable[[Sequence[T]], Sequence[T]], left: Sequence[T], what: str, *, sleep: Sleep) -> None:
    """Call `ask` with all, then with those that the last call left unprocessed."""
    for attempt in range(UNPROCESSED_ROUNDS):
        left = list(ask(left))
        if not left:
            return
        pause(attempt, sleep=sleep)
    raise Unavailable(f"DynamoDB left {len(left)} {what} after {UNPROCESSED_ROUNDS} calls. Try again.")


def _translated(error: ClientError) -> Exception:
    """The failed condition behind the SDK's error, or the error itself."""
    code = error.response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        found: Any = error.response.get("Item")
        return ConditionFailed(PartResult(REFUSED, unpack(found) if found else None))
    if code == "TransactionConflictException":
        return ConditionFailed(PartResult(CONFLICT))
    return error
