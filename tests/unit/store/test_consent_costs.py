"""What a change of a subscription takes of DynamoDB, beside what it took before there were consents."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from fanfare.aws.dynamodb import DynamoTable
from fanfare.domain.audience import By, Subscription
from fanfare.store.audience import Audience

from testing.memory_aws.aws import Memory

NOW = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)
BEFORE = {"yes": 4, "no": 6}  # write units of two rows; of two rows and the count of removals
MORE = 3


class House:
    def __init__(self) -> None:
        self.memory = Memory(lambda: NOW)
        client: Any = self.memory.dynamodb
        self.audience = Audience(DynamoTable(client, "audience"), clock=lambda: NOW)
        self.audience.users.put("ada", {"email": "ada@example.com"})

    def indexed(self) -> int:
        """Rows of the index."""
        return sum(map(len, self.memory.tables.stores["audience"].indexes["listed"].values()))

    def units(self, what: str, by: By = By.SERVICE) -> int:
        self.memory.usage.write_units.clear()
        before = self.indexed()
        if what == "yes":
            yes = Subscription(
                user_id="ada", topic="orders.shipped", channel="email", created_at="2027-01-01T08:00:00.000Z", by=by
            )
            given = self.audience.subscriptions.add(yes, shards=1)
            assert given is not None
            assert given.new
        else:
            assert self.audience.subscriptions.remove("ada", "orders.shipped", "email", by=by)
        return self.memory.usage.write_units["audience"] + abs(self.indexed() - before)


@pytest.fixture
def house() -> House:
    return House()


def test_a_change_takes_at_most_three_write_units_more_than_before(house: House) -> None:
    for what in ("yes", "no", "yes", "no", "yes"):
        assert house.units(what) <= BEFORE[what] + MORE
    assert house.units("no", By.ONE_CLICK) <= BEFORE["no"] + MORE
    assert house.units("yes", By.PERSON) <= BEFORE["yes"] + MORE


def test_a_long_history_takes_no_more_except_when_a_row_is_full(house: House) -> None:
    units = [house.units(what) for _ in range(40) for what in ("yes", "no")]
    assert max(units) <= BEFORE["no"] + MORE + 1
    assert sum(units) <= 40 * (BEFORE["yes"] + BEFORE["no"] + MORE + 2)


def test_the_fan_out_reads_rows_of_nothing_but_keys(house: House) -> None:
    house.units("yes")
    rows = house.memory.tables.stores["audience"].partitions["topic#orders.shipped#0"].items
    assert [set(item) for item in rows.values()] == [{"pk", "sk"}]
    house.units("no")
    assert not house.memory.tables.stores["audience"].partitions["topic#orders.shipped#0"].items
