"""Identifiers are what RFC 9562 says of their version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from fanfare.ids import first_id_at, new_message_id, random_uuid

NOW = datetime(2026, 11, 29, 4, 30, 0, 123_000, tzinfo=UTC)


def test_a_random_id_is_a_uuid_4() -> None:
    made = [random_uuid() for _ in range(1_000)]
    assert len(set(made)) == len(made)
    assert {(UUID(each).version, UUID(each).variant) for each in made} == {(4, RFC_4122)}
    assert [str(UUID(each)) for each in made] == made
    for place in range(36):  # every other digit has every value
        fixed = {8: "-", 13: "-", 14: "4", 18: "-", 19: "89ab", 23: "-"}.get(place, "0123456789abcdef")
        assert {each[place] for each in made} == set(fixed)


def test_a_message_id_is_a_uuid_7_and_sorts_by_its_time() -> None:
    made = [new_message_id(NOW + timedelta(milliseconds=number)) for number in range(100)]
    assert made == sorted(made)
    assert {(UUID(each).version, UUID(each).variant) for each in made} == {(7, RFC_4122)}
    assert UUID(made[0]).int >> 80 == int(NOW.timestamp() * 1_000)
    assert first_id_at(NOW) < made[0] < first_id_at(NOW + timedelta(milliseconds=1)) < made[1]
