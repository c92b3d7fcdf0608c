"""All tables in memory, with their conditions and the capacity units that reads and writes use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fanfare.aws.tables import TableSpec

from testing.memory_aws.calls import Calls
from testing.memory_aws.errors import refused
from testing.memory_aws.expressions import Item, Scope, Unapplicable, condition, update
from testing.memory_aws.sizes import item_bytes
from testing.memory_aws.table import Store


class Tables:
    """The tables by name. `calls` counts the capacity units."""

    def __init__(self, calls: Calls, tables: Iterable[TableSpec]) -> None:
        self.calls = calls
        self.stores = {table.name: Store(table) for table in tables}
        self._shared: set[str] = set()  # saved tables: copied before they change

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

    def get(self, table: str, key: Any) -> Item | None:
        return self.stores[table].get(key)

    def put(self, table: str, item: Item, factor: int = 1) -> None:
        store = self._own(table)
        self.meter_write(table, store.get(item), item, factor)
        store.put(item)

    def delete(self, table: str, key: Any, factor: int = 1) -> None:
        store = self._own(table)
        self.meter_write(table, store.get(key), None, factor)
        store.delete(key)

    def update(self, request: Mapping[str, Any], before: Item | None, factor: int = 1) -> Item:
        scope = Scope(before or dict(request["Key"]), *names_and_values(request))
        try:
            after = update(request["UpdateExpression"])(scope)
        except Unapplicable as error:
            raise refused("ValidationException", str(error), "UpdateItem") from error
        self.meter_write(request["TableName"], before, after, factor)
        self._own(request["TableName"]).put(after)
        return after

    def require(self, request: Mapping[str, Any], before: Item | None, operation: str) -> None:
        """Refuse the request if its condition does not hold."""
        if not self.holds(request, before):
            self.meter_write(request["TableName"], before, before, 1)  # a failed condition is billed too
            more = {"Item": before} if before and "ReturnValuesOnConditionCheckFailure" in request else {}
            raise refused("ConditionalCheckFailedException", "The conditional request failed", operation, **more)

    def holds(self, request: Mapping[str, Any], item: Item | None) -> bool:
        text = request.get("ConditionExpression")
        return text is None or condition(text)(Scope(item, *names_and_values(request)))

    # What it costs. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html

    def meter_write(self, table: str, before: Item | None, after: Item | None, factor: int) -> None:
        if not self.calls.metered:
            return
        size = max(item_bytes(before), item_bytes(after))
        self.calls.usage.write_units[table] += factor * max(1, -(-size // 1024))
        self.calls.usage.write_units[f"{table}.indexes"] += self.stores[table].index_writes(before, after)

    def meter_read(self, table: str, items: list[Item], *, consistent: bool, each: bool) -> None:
        if not self.calls.metered:
            return
        sizes = [item_bytes(item) for item in items] if each else [sum(map(item_bytes, items))]
        units = sum(max(1, -(-size // 4096)) for size in sizes) or 1
        self.calls.usage.read_units[table] += units if consistent else units / 2  # type: ignore[assignment]


def names_and_values(request: Mapping[str, Any]) -> tuple[Mapping[str, str], Mapping[str, Any]]:
    """What `#name` and `:value` stand for in the expressions of a request."""
    return request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
