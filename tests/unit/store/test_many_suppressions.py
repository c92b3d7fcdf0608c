"""Many addresses suppressed at once: what is stored, what users get, and what it takes of DynamoDB."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from fanfare.aws.dynamodb import DynamoTable
from fanfare.domain.audience import Suppression, SuppressionChange
from fanfare.store.audience import Audience

from testing.memory_aws.aws import Memory

NOW = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)
AT = "2027-01-01T08:00:00.000Z"


class House:
    def __init__(self) -> None:
        self.memory = Memory(lambda: NOW)
        client: Any = self.memory.dynamodb
        self.told: list[SuppressionChange] = []
        self.audience = Audience(
            DynamoTable(client, "audience"), clock=lambda: NOW, suppressions_changed=self.told.extend
        )

    def suppress(self, *addresses: str, cause: str = "opt_out") -> set[str]:
        wanted = [Suppression(channel="email", address=each, cause=cause, created_at=AT) for each in addresses]
        return {address for _, address in self.audience.suppressions.add_many(wanted)}

    def cause(self, address: str) -> str | None:
        found = self.audience.suppressions.get("email", address)
        return found.cause if found else None

    def suppressed(self, user: str) -> dict[str, str]:
        found = self.audience.users.get(user)
        return dict(found.suppressed) if found else {}


@pytest.fixture
def house() -> House:
    return House()


def meanwhile(house: House, operation: str, act: Callable[[], object]) -> None:
    """Have something happen before the first call of an operation."""
    client = house.audience.suppressions.table.client
    call = getattr(client, operation)

    def once(**request: Any) -> Any:
        setattr(client, operation, call)
        act()
        return call(**request)

    setattr(client, operation, once)


def test_a_hundred_are_stored_by_one_transaction(house: House) -> None:
    house.memory.usage.calls.clear()
    house.suppress(*(f"{number}@example.com" for number in range(100)))
    assert dict(house.memory.usage.calls) == {
        "dynamodb:BatchGetItem": 1,
        "dynamodb:TransactWriteItems": 1,
        "dynamodb:Query": 100,
    }


def test_the_first_cause_is_kept_and_only_new_ones_are_told(house: House) -> None:
    house.suppress("ada@example.com", cause="bounce")
    assert house.suppress("ada@example.com", "grace@example.com", "grace@example.com") == {"grace@example.com"}
    assert (house.cause("ada@example.com"), house.cause("grace@example.com")) == ("bounce", "opt_out")
    assert [each.cause for each in house.told] == ["bounce", "opt_out"]


def test_who_has_an_address_is_suppressed_also_by_a_repeat(house: House) -> None:
    house.suppress("grace@example.com", cause="bounce")
    house.audience.users.put("ada", {"email": "ada@example.com"})
    house.suppress("ada@example.com", "grace@example.com")
    assert house.suppressed("ada") == {"email": "opt_out"}
    assert [each.user_ids for each in house.told] == [(), ("ada",)]
    # as if a call ended before the copy
    house.audience.users.copy_suppression("ada", "email", "ada@example.com", None)
    house.suppress("ada@example.com")
    assert house.suppressed("ada") == {"email": "opt_out"}


def test_an_address_that_another_call_suppresses_meanwhile_keeps_that_cause(house: House) -> None:
    meanwhile(
        house,
        "transact_write_items",
        lambda: house.audience.suppressions.add("email", "ada@example.com", "complaint", at=AT),
    )
    assert house.suppress("ada@example.com", "grace@example.com") == {"grace@example.com"}
    assert (house.cause("ada@example.com"), house.cause("grace@example.com")) == ("complaint", "opt_out")


def test_a_suppression_that_is_removed_meanwhile_is_not_copied(house: House) -> None:
    house.audience.users.put("ada", {"email": "ada@example.com"})
    meanwhile(house, "query", lambda: house.audience.suppressions.remove("email", "ada@example.com"))
    house.suppress("ada@example.com")
    assert (house.cause("ada@example.com"), house.suppressed("ada")) == (None, {})
