"""DynamoDB and SQS in memory, behind the methods of their clients, with every call counted and interposable."""

from __future__ import annotations

import itertools
import marshal
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from botocore.exceptions import ClientError
from fanfare.aws.tables import TABLES, Index, TableSpec

from testing.memory_aws.expressions import Item, Scope, Unapplicable, condition, update

T = TypeVar("T")
Interpose = Callable[[str, Callable[[], Any]], Any]
PAGE_BYTES = 1_048_576


@dataclass
class Usage:
    """What was asked of AWS: calls by operation, and DynamoDB's capacity units."""

    calls: Counter[str] = field(default_factory=Counter)
    write_units: Counter[str] = field(default_factory=Counter)
    read_units: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Part:
    """A partial answer: of the entries of a call, every `nth` is left undone, the first of them included.

    `sender_fault` says that SQS refuses those entries because of what is in them.
    """

    nth: int = 2
    sender_fault: bool = False

    def split(self, entries: Sequence[T]) -> tuple[list[T], list[T]]:
        """What is done, and what is left."""
        left = [*entries[:: self.nth]]
        return [entry for place, entry in enumerate(entries) if place % self.nth], left


class Memory:
    """A whole AWS: `dynamodb` and `sqs` are used like clients. `interpose` may stand before any call.

    It may also set `part` for the one call that it lets through: `BatchGetItem`, `BatchWriteItem` and
    `SendMessageBatch` (`PARTIAL`) then do a part of what they are asked. `throttled` is the error of a call for which
    AWS has no capacity.
    """

    def __init__(
        self, clock: Callable[[], datetime], *, tables: Iterable[TableSpec] = TABLES, metered: bool = True
    ) -> None:
        self.clock = clock
        self.metered = metered  # whether capacity units are counted
        self.usage = Usage()
        self.interpose: Interpose | None = None
        self.part: Part | None = None
        self.dynamodb = DynamoDB(self, tables)
        self.sqs = Sqs(self)

    def call(self, name: str, work: Callable[[], T]) -> T:
        """Every call passes here: counted, and interposed where somebody asked to."""
        self.usage.calls[name] += 1
        if self.interpose is None:
            return work()
        try:
            answer: T = self.interpose(name, work)
        finally:
            self.part = None
        return answer

    def split(self, entries: Sequence[T]) -> tuple[list[T], list[T]]:
        """The entries of a call that are done, and those that are left."""
        return self.part.split(entries) if self.part else ([*entries], [])


PARTIAL = frozenset({"dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "sqs:SendMessageBatch"})


def throttled(name: str) -> ClientError:
    """What a call named `service:Operation` raises if there is no capacity for it; nothing of it happened.

    A transaction is cancelled, which the SDK does not repeat:
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#API_TransactWriteItems_Errors
    """
    operation = name.partition(":")[2]
    if operation == "TransactWriteItems":
        why = {"CancellationReasons": [{"Code": "ThrottlingError"}]}
        return refused("TransactionCanceledException", "Transaction cancelled", operation, **why)
    return refused("ThrottlingException", "Rate exceeded", operation)


def refused(code: str, message: str, operation: str, **more: Any) -> ClientError:
    """An error as the SDK raises it."""
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}, **more}
    return ClientError(answer, operation)


@dataclass
class _Partition:
    """Items in the order of their sort keys. `owner` may change them in place; others copy them first."""

    owner: object
    keys: list[str] = field(default_factory=list)
    items: dict[str, Item] = field(default_factory=dict)
    said: bytes | None = None  # its items as bytes, once somebody asked

    def bytes(self) -> bytes:
        if self.said is None:
            # the second version knows no references: what is equal is written alike
            self.said = marshal.dumps([self.items[key] for key in self.keys], 2)
        return self.said


class Store:
    """One table: its partitions, and its indexes as sorted lists."""

    def __init__(self, table: TableSpec) -> None:
        self.table = table
        self.partitions: dict[str, _Partition] = {}
        self.indexes: dict[str, dict[str, list[tuple[str, str, str]]]] = {index.name: {} for index in table.indexes}
        self._owner = object()

    def copy(self) -> Store:
        """The same items, in a table of their own: a partition is copied once either of them changes it."""
        copy = Store(self.table)
        self._owner = object()
        copy.partitions = {**self.partitions}
        copy.indexes = {name: {key: [*rows] for key, rows in each.items()} for name, each in self.indexes.items()}
        return copy

    def bytes(self) -> list[tuple[str, bytes]]:
        """All that it holds: the same for the same items."""
        return [(pk, self.partitions[pk].bytes()) for pk in sorted(self.partitions)]

    def _own(self, pk: str) -> _Partition:
        partition = self.partitions.get(pk)
        if partition is None:
            partition = _Partition(self._owner)
        elif partition.owner is not self._owner:
            partition = _Partition(self._owner, [*partition.keys], {**partition.items})
        partition.said = None
        self.partitions[pk] = partition
        return partition

    def get(self, key: Mapping[str, Any]) -> Item | None:
        partition = self.partitions.get(key["pk"]["S"])
        return partition.items.get(key["sk"]["S"]) if partition else None

    def put(self, item: Item) -> None:
        self.delete(item)
        partition = self._own(item["pk"]["S"])
        insort(partition.keys, item["sk"]["S"])
        partition.items[item["sk"]["S"]] = item
        for index in self.table.indexes:
            if index.hash in item and index.range in item:
                rows = self.indexes[index.name].setdefault(item[index.hash]["S"], [])
                insort(rows, _row(index, item))

    def delete(self, key: Mapping[str, Any]) -> None:
        before = self.get(key)
        if before is None:
            return
        partition = self._own(key["pk"]["S"])
        del partition.items[key["sk"]["S"]]
        partition.keys.pop(bisect_left(partition.keys, key["sk"]["S"]))
        for index in self.table.indexes:
            if index.hash in before and index.range in before:
                rows = self.indexes[index.name][before[index.hash]["S"]]
                rows.pop(bisect_left(rows, _row(index, before)))

    def index_writes(self, before: Item | None, after: Item | None) -> int:
        """How many writes of its indexes a change takes."""
        writes = 0
        for index in self.table.indexes:
            old = _row(index, before) if before and index.hash in before and index.range in before else None
            new = _row(index, after) if after and index.hash in after and index.range in after else None
            if old == new:
                writes += _projected(index, before) != _projected(index, after)
            else:
                writes += (old is not None) + (new is not None)
        return writes


def _page(rows: Iterator[Item], limit: int | None) -> tuple[list[Item], bool]:
    """As many as make a megabyte, and whether there may be more. An item has 400 KB at most, so two always fit."""
    page: list[Item] = []
    size = 0
    for row in rows:
        if len(page) == 2:
            size = sum(map(_size, page))
        if len(page) >= 2:
            size += _size(row)
        if len(page) == limit or size >= PAGE_BYTES:
            return page, True
        page.append(row)
    return page, len(page) == limit


def _stretch(
    keys: Sequence[Any], request: Mapping[str, Any], *, start: Any = None, low: Any = None, high: Any = None
) -> Iterable[int]:
    """The places to look at, in the order asked for: between the bounds, behind `start`, which need not be there."""
    forward = request.get("ScanIndexForward", True)
    first = bisect_left(keys, low) if low else 0
    end = bisect_right(keys, high) if high else len(keys)
    if start is not None and forward:
        first = max(first, bisect_right(keys, start))
    elif start is not None:
        end = min(end, bisect_left(keys, start))
    return range(first, end) if forward else range(end - 1, first - 1, -1)


def _key_names(table: TableSpec, index_name: str | None) -> tuple[str, ...]:
    """By which a query goes; the partition's own key first, which is the same for all."""
    found = [index for index in table.indexes if index.name == index_name]
    return (found[0].hash, found[0].range, "pk", "sk") if found else ("pk", "sk")


def _row(index: Index, item: Item) -> tuple[str, str, str]:
    return item[index.range]["S"], item["pk"]["S"], item["sk"]["S"]


def _projected(index: Index, item: Item | None) -> Any:
    return {name: item.get(name) for name in index.include} if item else None


class DynamoDB:
    """As much of the client as Fanfare calls."""

    def __init__(self, memory: Memory, tables: Iterable[TableSpec]) -> None:
        self.memory = memory
        self.stores = {table.name: Store(table) for table in tables}
        self._shared: set[str] = set()  # tables that somebody has saved: to be copied before they change

    def save(self) -> Mapping[str, Store]:
        """All tables as they are, for `load`."""
        self._shared = set(self.stores)
        return {**self.stores}

    def load(self, stores: Mapping[str, Store]) -> None:
        """Go on with what `save` gave."""
        self.stores = {**stores}
        self._shared = set(stores)

    def _own(self, table: str) -> Store:
        if table in self._shared:
            self.stores[table] = self.stores[table].copy()
            self._shared.remove(table)
        return self.stores[table]

    # Single items

    def get_item(self, *, TableName: str, Key: Any, ConsistentRead: bool = False) -> Any:
        return self.memory.call("dynamodb:GetItem", lambda: self._get(TableName, Key, ConsistentRead))

    def _get(self, table: str, key: Any, consistent: bool) -> Any:
        item = self.stores[table].get(key)
        self._read(table, [item] if item else [], consistent=consistent, each=True)
        return {"Item": item} if item else {}

    def put_item(self, **request: Any) -> Any:
        return self.memory.call("dynamodb:PutItem", lambda: self._put_if(request))

    def _put_if(self, request: dict[str, Any]) -> Any:
        before = self.stores[request["TableName"]].get(request["Item"])
        self._require(request, before, "PutItem")
        return self._put(request["TableName"], request["Item"])

    def _put(self, table: str, item: Any, factor: int = 1) -> Any:
        store = self._own(table)
        before = store.get(item)
        self._wrote(table, before, item, factor)
        store.put(item)
        return {}

    def delete_item(self, *, TableName: str, Key: Any) -> Any:
        return self.memory.call("dynamodb:DeleteItem", lambda: self._delete(TableName, Key))

    def _delete(self, table: str, key: Any, factor: int = 1) -> Any:
        store = self._own(table)
        self._wrote(table, store.get(key), None, factor)
        store.delete(key)
        return {}

    def update_item(self, **request: Any) -> Any:
        return self.memory.call("dynamodb:UpdateItem", lambda: self._update(request))

    def _update(self, request: dict[str, Any]) -> Any:
        before = self.stores[request["TableName"]].get(request["Key"])
        self._require(request, before, "UpdateItem")
        after = self._apply(request, before)
        wanted = before if request.get("ReturnValues") == "ALL_OLD" else after
        return {"Attributes": wanted} if wanted else {}

    def _apply(self, request: Mapping[str, Any], before: Item | None, factor: int = 1) -> Item:
        scope = Scope(before or dict(request["Key"]), *_names_and_values(request))
        try:
            after = update(request["UpdateExpression"])(scope)
        except Unapplicable as error:
            raise refused("ValidationException", str(error), "UpdateItem") from error
        self._wrote(request["TableName"], before, after, factor)
        self._own(request["TableName"]).put(after)
        return after

    def _require(self, request: Mapping[str, Any], before: Item | None, operation: str) -> None:
        if not self._holds(request, before):
            self._wrote(request["TableName"], before, before, 1)  # a failed condition is billed too
            more = {"Item": before} if before and "ReturnValuesOnConditionCheckFailure" in request else {}
            raise refused("ConditionalCheckFailedException", "The conditional request failed", operation, **more)

    def _holds(self, request: Mapping[str, Any], item: Item | None) -> bool:
        text = request.get("ConditionExpression")
        return text is None or condition(text)(Scope(item, *_names_and_values(request)))

    # Many items

    def batch_get_item(self, *, RequestItems: Any) -> Any:
        return self.memory.call("dynamodb:BatchGetItem", lambda: self._batch_get(RequestItems))

    def _batch_get(self, requests: Any) -> Any:
        answer, unread = {}, {}
        for table, request in requests.items():
            keys = request["Keys"]
            if len(keys) > 100 or len({(key["pk"]["S"], key["sk"]["S"]) for key in keys}) != len(keys):
                raise refused("ValidationException", "too many keys, or one twice", "BatchGetItem")
            read, left = self.memory.split(keys)
            if left:
                unread[table] = {**request, "Keys": left}
            items = [item for key in read if (item := self.stores[table].get(key)) is not None]
            self._read(table, items, consistent=request.get("ConsistentRead", False), each=True)
            answer[table] = items
        return {"Responses": answer, "UnprocessedKeys": unread}

    def batch_write_item(self, *, RequestItems: Any) -> Any:
        return self.memory.call("dynamodb:BatchWriteItem", lambda: self._batch_write(RequestItems))

    def _batch_write(self, requests: Any) -> Any:
        unwritten = {}
        for table, writes in requests.items():
            keys = [_written(write) for write in writes]
            if len(writes) > 25 or len({(key["pk"]["S"], key["sk"]["S"]) for key in keys}) != len(keys):
                raise refused("ValidationException", "too many items, or one twice", "BatchWriteItem")
            done, left = self.memory.split(writes)
            if left:
                unwritten[table] = left
            for write in done:
                if "PutRequest" in write:
                    self._put(table, write["PutRequest"]["Item"])
                else:
                    self._delete(table, write["DeleteRequest"]["Key"])
        return {"UnprocessedItems": unwritten}

    def transact_write_items(self, *, TransactItems: Any, **_token: str) -> Any:
        return self.memory.call("dynamodb:TransactWriteItems", lambda: self._transact(TransactItems))

    def _transact(self, parts: Any) -> Any:
        flat = [(kind, request) for part in parts for kind, request in part.items()]
        keys = [(request["TableName"], *_key_of(request)) for _, request in flat]
        if len(flat) > 100 or len(set(keys)) != len(keys):
            raise refused("ValidationException", "too many items, or one twice", "TransactWriteItems")
        reasons: list[dict[str, Any]] = []
        for _, request in flat:
            found = self.stores[request["TableName"]].get(request.get("Key") or request["Item"])
            if self._holds(request, found):
                reasons.append({"Code": "None"})
            else:
                shown = found and "ReturnValuesOnConditionCheckFailure" in request
                reasons.append({"Code": "ConditionalCheckFailed"} | ({"Item": found} if shown else {}))
        if any(reason["Code"] != "None" for reason in reasons):
            why = {"CancellationReasons": reasons}
            raise refused("TransactionCanceledException", "Transaction cancelled", "TransactWriteItems", **why)
        for kind, request in flat:
            table = request["TableName"]
            if kind == "Put":
                self._put(table, request["Item"], factor=2)
            elif kind == "Delete":
                self._delete(table, request["Key"], factor=2)
            elif kind == "Update":
                self._apply(request, self.stores[table].get(request["Key"]), factor=2)
            else:
                item = self.stores[table].get(request["Key"])
                self._wrote(table, item, item, 2)
        return {}

    # Queries

    def query(self, **request: Any) -> Any:
        return self.memory.call("dynamodb:Query", lambda: self._query(request))

    def _query(self, request: dict[str, Any]) -> Any:
        store = self.stores[request["TableName"]]
        names, values = _names_and_values(request)
        page, more = _page(self._rows(store, request, names, values), request.get("Limit"))
        self._read(request["TableName"], page, consistent=request.get("ConsistentRead", False), each=False)
        wanted = request.get("ProjectionExpression")
        if wanted:
            kept = {Scope(None, names, values).name(name.strip()) for name in wanted.split(",")}
            shown = [{name: value for name, value in row.items() if name in kept} for row in page]
        else:
            shown = page
        answer: dict[str, Any] = {"Count": len(page)}
        if request.get("Select") != "COUNT":
            answer["Items"] = shown
        if more and page:
            keys = _key_names(store.table, request.get("IndexName"))
            answer["LastEvaluatedKey"] = {name: page[-1][name] for name in keys}
        return answer

    def _rows(self, store: Store, request: Mapping[str, Any], names: Any, values: Any) -> Iterator[Item]:
        """Those that hold, in the order asked for, as they are wanted: a page may be a few of many."""
        found = self._indexed if "IndexName" in request else self._in_partition
        holds = condition(request["KeyConditionExpression"])
        return (row for row in found(store, request, values) if holds(Scope(row, names, values)))

    def _indexed(self, store: Store, request: Mapping[str, Any], values: Any) -> Iterator[Item]:
        (index,) = (each for each in store.table.indexes if each.name == request["IndexName"])
        rows = store.indexes[index.name].get(values[":hash"]["S"], [])
        start = request.get("ExclusiveStartKey")
        kept = {"pk", "sk", index.hash, index.range, *index.include}
        for place in _stretch(rows, request, start=start and _row(index, start)):
            _, pk, sk = rows[place]
            yield {name: value for name, value in store.partitions[pk].items[sk].items() if name in kept}

    def _in_partition(self, store: Store, request: Mapping[str, Any], values: Any) -> Iterator[Item]:
        partition = store.partitions.get(values[":pk"]["S"], _Partition(None))
        named = {name: value.get("S") for name, value in values.items()}
        prefix = named.get(":prefix")
        low = named.get(":low") or prefix or named.get(":after")
        high = named.get(":high") or (prefix + "\U0010ffff" if prefix else named.get(":before"))
        start = request.get("ExclusiveStartKey")
        for place in _stretch(partition.keys, request, start=start and start["sk"]["S"], low=low, high=high):
            yield partition.items[partition.keys[place]]

    # What it costs. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html

    def _wrote(self, table: str, before: Item | None, after: Item | None, factor: int) -> None:
        if not self.memory.metered:
            return
        size = max(_size(before), _size(after))
        self.memory.usage.write_units[table] += factor * max(1, -(-size // 1024))
        self.memory.usage.write_units[f"{table}.indexes"] += self.stores[table].index_writes(before, after)

    def _read(self, table: str, items: list[Item], *, consistent: bool, each: bool) -> None:
        if not self.memory.metered:
            return
        sizes = [_size(item) for item in items] if each else [sum(map(_size, items))]
        units = sum(max(1, -(-size // 4096)) for size in sizes) or 1
        self.memory.usage.read_units[table] += units if consistent else units / 2  # type: ignore[assignment]


def _written(write: Mapping[str, Any]) -> Any:
    return write["PutRequest"]["Item"] if "PutRequest" in write else write["DeleteRequest"]["Key"]


def _key_of(request: Mapping[str, Any]) -> tuple[str, str]:
    key = request.get("Key") or request["Item"]
    return key["pk"]["S"], key["sk"]["S"]


def _names_and_values(request: Mapping[str, Any]) -> tuple[Mapping[str, str], Mapping[str, Any]]:
    return request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})


def _size(item: Any) -> int:
    """Bytes, by DynamoDB's rules. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items()) if item else 0


def _value_size(value: Any) -> int:
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return len(content.lstrip("-").replace(".", "").strip("0")) // 2 + 2
    if kind == "L":
        return 3 + sum(1 + _value_size(each) for each in content)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _value_size(each) for name, each in content.items())
    return 1


@dataclass
class _Waiting:
    id: str
    body: str
    visible_at: datetime
    group: str | None = None
    received: int = 0
    handle: str = ""


class Sqs:
    """As much of the client as Fanfare calls, and what the event source mapping does with a queue."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.queues: dict[str, list[_Waiting]] = {}
        self.sent = 0

    def save(self) -> tuple[dict[str, list[_Waiting]], int]:
        """What waits in the queues, for `load`."""
        return {url: [replace(each) for each in waiting] for url, waiting in self.queues.items() if waiting}, self.sent

    def load(self, saved: tuple[dict[str, list[_Waiting]], int]) -> None:
        """Go on with what `save` gave."""
        queues, self.sent = saved
        self.queues = {url: [replace(each) for each in waiting] for url, waiting in queues.items()}

    def send_message_batch(self, *, QueueUrl: str, Entries: Any) -> Any:
        if len(Entries) > 10:
            raise refused("TooManyEntriesInBatchRequest", "more than 10", "SendMessageBatch")
        return self.memory.call("sqs:SendMessageBatch", lambda: self._send(QueueUrl, Entries))

    def _send(self, url: str, entries: Any) -> Any:
        taken, left = self.memory.split(entries)
        for entry in taken:
            self.put(url, entry["MessageBody"], delay=entry.get("DelaySeconds", 0), group=entry.get("MessageGroupId"))
        answer: dict[str, Any] = {"Successful": [{"Id": entry["Id"]} for entry in taken]}
        if self.memory.part and left:
            fault = self.memory.part.sender_fault
            code = "InvalidParameterValue" if fault else "InternalError"
            answer["Failed"] = [{"Id": entry["Id"], "Code": code, "SenderFault": fault} for entry in left]
        return answer

    def put(self, url: str, body: str, *, delay: float = 0, group: str | None = None) -> None:
        """Leave a message, as if AWS itself had."""
        visible_at = self.memory.clock() + timedelta(seconds=delay)
        self.sent += 1
        self.queues.setdefault(url, []).append(_Waiting(f"m{self.sent}", body, visible_at, group))

    def receive_message(self, *, QueueUrl: str, MaxNumberOfMessages: int, VisibilityTimeout: int) -> Any:
        return self.memory.call(
            "sqs:ReceiveMessage", lambda: self._receive(QueueUrl, MaxNumberOfMessages, VisibilityTimeout)
        )

    def _receive(self, url: str, limit: int, visibility: int) -> Any:
        found = [self._hide(each, visibility) for each in itertools.islice(self.visible(url), limit)]
        return {"Messages": [{"MessageId": e.id, "ReceiptHandle": e.handle, "Body": e.body} for e in found]}

    def _hide(self, message: _Waiting, seconds: float) -> _Waiting:
        message.received += 1
        message.handle = f"{message.id}/{message.received}"
        message.visible_at = self.memory.clock() + timedelta(seconds=seconds)
        return message

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> Any:
        return self.memory.call("sqs:DeleteMessage", lambda: self.remove(QueueUrl, ReceiptHandle))

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> Any:
        return self.memory.call(
            "sqs:ChangeMessageVisibility", lambda: self._change(QueueUrl, ReceiptHandle, VisibilityTimeout)
        )

    def _change(self, url: str, handle: str, seconds: int) -> Any:
        for message in self.queues.get(url, []):
            if message.handle == handle:
                message.visible_at = self.memory.clock() + timedelta(seconds=seconds)
        return {}

    # What AWS does with a queue, uncounted

    def visible(self, url: str) -> Iterator[_Waiting]:
        """The messages that can be received now."""
        now = self.memory.clock()
        return (message for message in list(self.queues.get(url, [])) if message.visible_at <= now)

    def take(self, url: str, limit: int, *, visibility: float) -> list[_Waiting]:
        """What the event source mapping hands to a function."""
        return [self._hide(each, visibility) for each in itertools.islice(self.visible(url), limit)]

    def remove(self, url: str, handle: str) -> Any:
        self.queues[url] = [message for message in self.queues.get(url, []) if message.handle != handle]
        return {}

    def next_visible(self) -> datetime | None:
        """When the next hidden message shows."""
        return min((message.visible_at for queue in self.queues.values() for message in queue), default=None)
