"""Of more messages than a limit allows, as many as it allows go alone, and the rest goes into one digest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fanfare.domain.jobs import read_fan_out_body
from fanfare.domain.outcomes import Outcome
from fanfare.store.audience.users import claim_preferences

from tests.faults.digests import DIGEST, REST_ONLY, DigestScenario
from tests.faults.exploration import Exploration
from tests.faults.interleavings import Stage, drawn_orders
from tests.faults.scenarios import SEVEN, _posting, _rest, _second, small_pages
from tests.faults.world import Act, World

ADA = "ada"
ONE = SEVEN[:1]
NAMED = (_posting(key="one", recipients=ONE), _second, _posting(key="two", recipients=ONE), _rest)
TO_A_TOPIC = (_posting(key="one"), _second, _posting(key="two"), _rest)


@pytest.fixture(autouse=True)
def pages() -> Iterator[None]:
    with small_pages():
        yield


def world_of(count: int, **topic: Any) -> World:
    world = World()
    limit = {"count": count, "per_seconds": 3600, "overflow": "digest"}
    world.prepare([ADA], **DIGEST | REST_ONLY | {"limit": limit} | topic)
    return world


def outcomes(world: World, messages: list[str]) -> Counter[Outcome]:
    return Counter(world.codes(each)[ADA] for each in messages)


def in_digests(world: World) -> list[str]:
    return sorted(item for sent in world.provider.accepted for item in sent.items)


@pytest.mark.parametrize(
    "acts", [pytest.param(NAMED, id="short way"), pytest.param(TO_A_TOPIC, id="long way", marks=pytest.mark.long)]
)
def test_no_single_fault_loses_doubles_or_lets_through_too_many(acts: tuple[Act, ...]) -> None:
    exploration = Exploration(DigestScenario("the rest into a digest", ONE, acts, limit=1))
    tally = exploration.tally([exploration.start, *exploration.faults([exploration.start])])
    assert not tally.bad, tally.examples
    assert tally.schedules > 2 * len(exploration.calls())


@pytest.mark.parametrize("fields", [{}, {"recipients": [ADA]}], ids=["long way", "short way"])
def test_the_rest_is_in_one_digest_that_is_charged_once(fields: dict[str, Any]) -> None:
    world = world_of(2)
    messages = []
    for number in range(5):
        messages.append(world.post(key=f"key-{number}", **fields))
        world.sleep(1)
        while world.step("fan_out"):
            pass
    world.rest(*messages)
    assert [world.codes(each)[ADA].label for each in messages] == ["sent", "sent", "digested", "digested", "digested"]
    assert [sent.items for sent in world.provider.accepted] == [(), (), tuple(messages[2:])]
    first, _, digest = (at for at, _, _ in world.provider.taken_at)
    assert (digest - first).total_seconds() >= 3600


def test_of_messages_at_once_as_many_as_the_limit_allows_go_alone_and_the_rest_together() -> None:
    for choose in drawn_orders(8, seed=13):
        world = world_of(2)
        messages = [world.post(key=f"key-{number}") for number in range(4)]
        jobs = [each.body for each in world.memory.sqs.visible("fan_out")]
        stage, before = Stage(), world.memory.interpose
        world.memory.interpose = stage.call
        try:
            stage.play([_fanning_out(world, body) for body in jobs], choose)
        finally:
            world.memory.interpose = before
        world.rest(*messages)
        assert outcomes(world, messages) == {Outcome.SENT: 2, Outcome.DIGESTED: 2}
        gathered = sorted(each for each in messages if world.codes(each)[ADA] is Outcome.DIGESTED)
        assert in_digests(world) == gathered


def test_what_can_not_go_into_a_digest_waits_for_its_turn() -> None:
    world = world_of(1)
    first = world.post(key="one")
    world.sleep(1)
    while world.step("fan_out"):
        pass
    second = world.post(key="two", sensitive=True)
    world.rest(first, second)
    assert outcomes(world, [first, second]) == {Outcome.SENT: 2}
    at = [at for at, _, _ in world.provider.taken_at]
    assert (at[1] - at[0]).total_seconds() >= 3600


def _fanning_out(world: World, body: str) -> Callable[[], None]:
    fan_out = world.fan_out()

    def run() -> None:
        fan_out.run(read_fan_out_body(body), time_left=lambda: 100.0)

    return run


# A reader's own ceiling


def with_a_ceiling(count: int, **topic: Any) -> World:
    """Ada wants at most so many mails a day, and the rest at half past seven."""
    world = World()
    world.prepare([ADA], **topic)
    with world.unwatched():
        claim_preferences(world.audience.table, ADA, {}, at_most={"email": count}, digest_at="07:30")
    return world


@pytest.mark.parametrize("fields", [{}, {"recipients": [ADA]}], ids=["long way", "short way"])
def test_what_is_over_a_ceiling_comes_in_a_digest_at_the_hour_of_the_reader(fields: dict[str, Any]) -> None:
    world = with_a_ceiling(2, **DIGEST | REST_ONLY)
    messages = []
    for number in range(4):
        messages.append(world.post(key=f"key-{number}", **fields))
        world.sleep(1)
        while world.step("fan_out"):
            pass
    world.rest(*messages)
    assert [world.codes(each)[ADA].label for each in messages] == ["sent", "sent", "digested", "digested"]
    assert [sent.items for sent in world.provider.accepted] == [(), (), tuple(messages[2:])]
    *_, digest = (at for at, _, _ in world.provider.taken_at)
    # less than a day after the first two: it does not count itself
    assert datetime(2027, 1, 2, 7, 30, tzinfo=UTC) <= digest < datetime(2027, 1, 2, 7, 33, tzinfo=UTC)


def test_what_is_over_a_ceiling_waits_if_the_topic_has_no_digest() -> None:
    world = with_a_ceiling(1)
    messages = [world.post(key="one"), world.post(key="two")]
    world.rest(*messages)
    assert outcomes(world, messages) == {Outcome.SENT: 2}
    first, second = (at for at, _, _ in world.provider.taken_at)
    assert second - first >= timedelta(days=1)


def test_a_ceiling_is_not_for_topics_that_can_not_be_left() -> None:
    world = with_a_ceiling(1, required=True, **DIGEST | REST_ONLY)
    messages = [world.post(key="one"), world.post(key="two")]
    world.rest(*messages)
    assert outcomes(world, messages) == {Outcome.SENT: 2}


class CeilingScenario(DigestScenario):
    """The limit is the reader's own."""

    def world(self) -> World:
        world = World()
        world.provider.receipts = self.receipts
        world.prepare(self.users, **DIGEST | REST_ONLY)
        with world.unwatched():
            claim_preferences(world.audience.table, self.users[0], {}, at_most={"email": self.limit})
        return world


def test_no_single_fault_lets_more_through_than_a_ceiling() -> None:
    exploration = Exploration(CeilingScenario("a ceiling", ONE, NAMED, limit=1))
    tally = exploration.tally([exploration.start, *exploration.faults([exploration.start])])
    assert not tally.bad, tally.examples
