"""A message's recipients, page by page, while batches come and go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, cast

import pytest
from fanfare.aws.codec import KeyRange
from fanfare.domain.outcomes import Outcome
from fanfare.store.batches.items import BatchItems
from fanfare.store.recipients import RecipientEntry, RecipientList

Key = tuple[str, str]


class FakeTable:
    """A table in memory: what a query and a batch of reads would find."""

    def __init__(self, items: dict[Key, dict[str, Any]]) -> None:
        self.items = items

    def query(self, pk: str, keys: KeyRange, *, limit: int) -> Iterator[dict[str, Any]]:
        prefix, after = keys.prefix or "", keys.after or ""
        found = sorted(sk for at, sk in self.items if at == pk and sk.startswith(prefix) and sk > after)
        return (self.items[pk, sk] | {"pk": pk, "sk": sk} for sk in found[:limit])

    def get_many(self, keys: Iterable[Key]) -> dict[Key, dict[str, Any]]:
        return {(pk, sk): self.items[pk, sk] | {"pk": pk, "sk": sk} for pk, sk in keys if (pk, sk) in self.items}


def batch(table: FakeTable, shard: int, number: int, codes: str, *, state: str = "done", **also: Any) -> None:
    """A batch with a recipient for each code."""
    name = f"{shard:04d}-{number:06d}-00"
    people = [f"{shard}-{number}-{place}" for place in range(len(codes))]
    table.items["m#" + str(shard), f"batch#{name}"] = {"channel": "email", "recipients": people}
    table.items["m#" + str(shard), f"{state}#{name}"] = {"codes": codes} | also


@pytest.fixture
def table() -> FakeTable:
    table = FakeTable({("m#1", "skips#000001"): {"skips": [["x", "email", "no_address"], ["y", "email", "opted_out"]]}})
    for shard in (0, 1):
        for number in (1, 2, 3):
            batch(table, shard, number, "SSF")
    return table


def entries(table: FakeTable, after: Any = None, *, size: int = 2) -> Iterator[RecipientEntry]:
    return RecipientList(cast(BatchItems, table)).entries("m", 2, after=after, size=size)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 19, 20, 21])
def test_pages_of_any_size_list_everyone_once_in_one_order(table: FakeTable, limit: int) -> None:
    whole = [entry.user_id for entry in entries(table)]
    paged: list[str] = []
    after = None
    while page := list(islice(entries(table, after), limit)):
        paged += [entry.user_id for entry in page]
        after = page[-1].position
    assert paged == whole
    assert len(set(whole)) == 20


def test_a_batch_that_settles_between_pages_is_not_missed(table: FakeTable) -> None:
    batch(table, 0, 4, "..", state="open")
    page = list(islice(entries(table), 2))
    del table.items["m#0", "open#0000-000004-00"]
    batch(table, 0, 4, "SS")
    rest = [entry.user_id for entry in entries(table, page[-1].position)]
    assert {"0-4-0", "0-4-1"} <= set(rest)


def test_a_recipient_in_doubt_says_so(table: FakeTable) -> None:
    batch(table, 0, 0, ".?", state="open", attempts=2, reason="provider_unavailable")
    first, second = islice(entries(table), 2)
    assert (first.outcome, first.reason, first.attempts) == (Outcome.OUTSTANDING, "provider_unavailable", 2)
    assert (second.outcome, second.reason) == (Outcome.IN_DOUBT, "outcome_unknown")


def test_who_was_passed_over_has_the_reason(table: FakeTable) -> None:
    skipped = [entry for entry in entries(table) if entry.outcome is Outcome.SKIPPED]
    assert [(entry.user_id, entry.reason) for entry in skipped] == [("x", "no_address"), ("y", "opted_out")]


def test_the_first_page_of_100_000_recipients_reads_as_much_as_that_of_a_small_message() -> None:
    def read(batches: int) -> list[int]:
        table, found = FakeTable({}), []
        for number in range(batches):
            batch(table, 0, number, "S" * 50)
        query = table.query

        def counted(pk: str, keys: KeyRange, *, limit: int) -> Iterator[dict[str, Any]]:
            items = [*query(pk, keys, limit=limit)]
            found.append(len(items))
            return iter(items)

        table.query = counted  # type: ignore[method-assign]
        assert len([*islice(entries(table, size=8), 25)]) == 25
        return found

    assert read(2_000) == read(8) == [8]
