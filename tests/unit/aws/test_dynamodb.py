"""What DynamoDB leaves undone in a call that succeeds is asked for again."""

from __future__ import annotations

from typing import Any

import pytest
from fanfare.aws.codec import pack
from fanfare.aws.dynamodb import DynamoTable
from fanfare.errors import Unavailable


@pytest.fixture
def waits() -> list[float]:
    """How long somebody waited, each time."""
    return []


class Halving:
    """A client that does half of each batch, for so many calls; then all of it."""

    def __init__(self, calls: int) -> None:
        self.halves = calls
        self.calls = 0
        self.items: dict[tuple[str, str], Any] = {}

    def _parted(self, entries: list[Any]) -> tuple[list[Any], list[Any]]:
        self.calls += 1
        size = len(entries) // 2 if self.calls <= self.halves else len(entries)
        return entries[:size], entries[size:]

    def batch_get_item(self, *, RequestItems: Any) -> Any:
        ((table, asked),) = RequestItems.items()
        read, unread = self._parted(asked["Keys"])
        found = [self.items[key] for each in read if (key := (each["pk"]["S"], each["sk"]["S"])) in self.items]
        return {"Responses": {table: found}, "UnprocessedKeys": {table: {"Keys": unread}} if unread else {}}

    def batch_write_item(self, *, RequestItems: Any) -> Any:
        ((table, asked),) = RequestItems.items()
        written, unwritten = self._parted(asked)
        for each in written:
            item = each["PutRequest"]["Item"]
            self.items[item["pk"]["S"], item["sk"]["S"]] = item
        return {"UnprocessedItems": {table: unwritten} if unwritten else {}}


ROWS = [{"pk": "user", "sk": f"{number:02}", "name": f"n{number}"} for number in range(60)]
KEYS = [("user", f"{number:02}") for number in range(60)]


def test_keys_that_are_left_unread_are_asked_for_again_and_no_others(waits: list[float]) -> None:
    client: Any = Halving(3)
    client.items = {(row["pk"], row["sk"]): pack(row) for row in ROWS}
    assert DynamoTable(client, "t", sleep=waits.append).get_many(KEYS) == dict(zip(KEYS, ROWS, strict=True))
    assert client.calls == 4
    assert len(waits) == 3


def test_items_that_are_left_unwritten_are_written_again(waits: list[float]) -> None:
    client: Any = Halving(2)
    DynamoTable(client, "t", sleep=waits.append).write_many(ROWS)
    assert [*client.items] == KEYS
    assert client.calls == 5  # 25, of which 13 and 7 are left; 25; 10
    assert len(waits) == 2


@pytest.mark.parametrize("work", [lambda table: table.get_many(KEYS), lambda table: table.write_many(ROWS)])
def test_what_is_left_again_and_again_is_an_error_that_may_pass(waits: list[float], work: Any) -> None:
    client: Any = Halving(1_000)
    with pytest.raises(Unavailable):
        work(DynamoTable(client, "t", sleep=waits.append))
    assert client.calls == len(waits) == 8
