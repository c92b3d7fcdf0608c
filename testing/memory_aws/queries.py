"""Queries: of a partition, or of an index."""

from __future__ import annotations

import marshal
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fanfare.aws.tables import TableSpec

from testing.memory_aws.expressions import Item, Scope, condition
from testing.memory_aws.sizes import item_bytes
from testing.memory_aws.table import Store, index_row
from testing.memory_aws.tables import Tables, names_and_values

PAGE_BYTES = 1_048_576


def query(tables: Tables, request: dict[str, Any]) -> Any:
    """One page of what a query finds."""
    store = tables.stores[request["TableName"]]
    names, values = names_and_values(request)
    places, row_at = (_indexed if "IndexName" in request else _in_partition)(store, request, values)
    page, more = _page(_held(places, row_at, request, names, values), request.get("Limit")) if places else ([], False)
    tables.meter_read(request["TableName"], page, consistent=request.get("ConsistentRead", False), each=False)
    answer: dict[str, Any] = {"Count": len(page)}
    if request.get("Select") != "COUNT":
        answer["Items"] = _shown(page, request.get("ProjectionExpression"), names)
    if more and page:
        keys = _key_names(store.table, request.get("IndexName"))
        answer["LastEvaluatedKey"] = {name: page[-1][name] for name in keys}
    return answer


def _shown(page: list[Item], wanted: str | None, names: Any) -> list[Item]:
    if not wanted or not page:
        return page
    kept = {names.get(name.strip(), name.strip()) for name in wanted.split(",")}
    return [{name: value for name, value in row.items() if name in kept} for row in page]


def _held(
    places: Sequence[int], row_at: Callable[[int], Item], request: Mapping[str, Any], names: Any, values: Any
) -> Iterator[Item]:
    """Those that hold, in the order asked for, as they are wanted: a page may be a few of many.

    A condition on keys names a range. If the first and the last row are in it, so are those between them.
    """
    condition_holds = condition(request["KeyConditionExpression"])

    def holds(row: Item) -> bool:
        return condition_holds(Scope(row, names, values))

    rows = map(row_at, places)
    return rows if holds(row_at(places[0])) and holds(row_at(places[-1])) else filter(holds, rows)


Rows = tuple[Sequence[int], Callable[[int], Item]]  # places, and the item at a place
NO_ROWS: Rows = ((), lambda _: {})


def _indexed(store: Store, request: Mapping[str, Any], values: Any) -> Rows:
    (index,) = [each for each in store.table.indexes if each.name == request["IndexName"]]
    rows = store.indexes[index.name].get(values[":hash"]["S"])
    if not rows:
        return NO_ROWS
    start = request.get("ExclusiveStartKey")
    kept = {"pk", "sk", index.hash, index.range, *index.include}

    def row_at(place: int) -> Item:
        _, pk, sk = rows[place]
        return {name: value for name, value in store.partitions[pk].items[sk].items() if name in kept}

    return _slice(rows, request, start=start and index_row(index, start)), row_at


def _in_partition(store: Store, request: Mapping[str, Any], values: Any) -> Rows:
    partition = store.partitions.get(values[":pk"]["S"])
    if partition is None:
        return NO_ROWS
    named = {name: value.get("S") for name, value in values.items()}
    prefix = named.get(":prefix")
    low = named.get(":low") or prefix or named.get(":after")
    high = named.get(":high") or (prefix + "\U0010ffff" if prefix else named.get(":before"))
    start = request.get("ExclusiveStartKey")
    places = _slice(partition.keys, request, start=start and start["sk"]["S"], low=low, high=high)
    return places, lambda place: partition.items[partition.keys[place]]


def _page(rows: Iterator[Item], limit: int | None) -> tuple[list[Item], bool]:
    """As many as make a megabyte, and whether there may be more. An item has 400 KB at most, so two always fit."""
    page: list[Item] = []
    size = 0
    at_most = 0  # marshal writes no item shorter than it is, and faster than it is measured
    for row in rows:
        at_most += len(marshal.dumps(row, 2))
        if at_most >= PAGE_BYTES:
            size = (size or sum(map(item_bytes, page))) + item_bytes(row)
        if len(page) == limit or (len(page) >= 2 and size >= PAGE_BYTES):
            return page, True
        page.append(row)
    return page, len(page) == limit


def _slice(
    keys: Sequence[Any], request: Mapping[str, Any], *, start: Any = None, low: Any = None, high: Any = None
) -> range:
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
