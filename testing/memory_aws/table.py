"""One table in memory."""

from __future__ import annotations

import marshal
from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fanfare.aws.tables import Index, TableSpec

from testing.memory_aws.digests import digest
from testing.memory_aws.expressions import Item


@dataclass
class Partition:
    """Items in the order of their sort keys. Only the store that is the `owner` changes them; others copy them."""

    owner: object
    keys: list[str] = field(default_factory=list)
    items: dict[str, Item] = field(default_factory=dict)
    said: bytes | None = None  # its items as bytes, computed when `bytes` is first asked

    def bytes(self) -> bytes:
        if self.said is None:
            # the second version knows no references: what is equal is written alike
            self.said = marshal.dumps([self.items[key] for key in self.keys], 2)
        return self.said


class Store:
    """One table: its partitions, and its indexes as sorted lists."""

    def __init__(self, table: TableSpec) -> None:
        self.table = table
        self.partitions: dict[str, Partition] = {}
        self.indexes: dict[str, dict[str, list[tuple[str, str, str]]]] = {index.name: {} for index in table.indexes}
        self._owner = object()
        self._said: bytes | None = None  # all that it holds, short, computed when `digest` is first asked

    def copy(self) -> Store:
        """The same items, in a table of their own: a partition is copied once either of them changes it."""
        copy = Store(self.table)
        self._owner = object()
        copy.partitions = {**self.partitions}
        copy.indexes = {name: {key: [*rows] for key, rows in each.items()} for name, each in self.indexes.items()}
        return copy

    def digest(self) -> bytes:
        """The same for the same items."""
        if self._said is None:
            self._said = digest([(pk, self.partitions[pk].bytes()) for pk in sorted(self.partitions)])
        return self._said

    def _own(self, pk: str) -> Partition:
        self._said = None
        partition = self.partitions.get(pk)
        if partition is None:
            partition = Partition(self._owner)
        elif partition.owner is not self._owner:
            partition = Partition(self._owner, [*partition.keys], {**partition.items})
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
                insort(rows, index_row(index, item))

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
                rows.pop(bisect_left(rows, index_row(index, before)))

    def index_writes(self, before: Item | None, after: Item | None) -> int:
        """How many writes of its indexes a change takes."""
        writes = 0
        for index in self.table.indexes:
            old = index_row(index, before) if before and index.hash in before and index.range in before else None
            new = index_row(index, after) if after and index.hash in after and index.range in after else None
            if old == new:
                writes += old is not None and _projected(index, before) != _projected(index, after)
            else:
                writes += (old is not None) + (new is not None)
        return writes


def index_row(index: Index, item: Item) -> tuple[str, str, str]:
    """Its place in an index: the range key, then the key of the item."""
    return item[index.range]["S"], item["pk"]["S"], item["sk"]["S"]


def _projected(index: Index, item: Item | None) -> Any:
    return {name: item.get(name) for name in index.include} if item else None
