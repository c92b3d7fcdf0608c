"""Readers who change something between any two calls, for ever, hold up nobody but themselves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fanfare.channels.reasons import Reason
from fanfare.domain.jobs import FanOutJob
from fanfare.domain.lifecycle import State
from fanfare.domain.outcomes import Outcome

from testing.memory_aws.errors import refused
from tests.faults.adversary import Change, is_counted, renames, toggles
from tests.faults.digests import DIGEST, REST_ONLY
from tests.faults.scenarios import ADVERSARY, CONTENDED, SEVEN, THREE, small_pages
from tests.faults.test_interleavings import lose_one_answer
from tests.faults.world import World

LIMIT = {"count": 3, "per_seconds": 3600, "overflow": "drop"}
TRIES = 4  # of a page


@pytest.fixture
def small() -> Iterator[None]:
    with small_pages():
        yield


def world_of(*users: str, **topic: Any) -> World:
    world = World()
    world.prepare(users, **topic)
    return world


def fan_out(world: World) -> int:
    """One invocation. Returns the number of its transactions."""
    world.once(lambda each: each.step("fan_out"))
    return world.called.count("dynamodb:TransactWriteItems")


def pages(world: World, message: str) -> int:
    with world.unwatched():
        (progress,) = world.messages.progress.of(world.known(message))
    assert progress.sealed
    return progress.page


def reasons(world: World, message: str, *users: str) -> list[str | None]:
    with world.unwatched():
        records = world.deliveries.get_many((user, message, "email") for user in users)
    return [records[user, message, "email"].reason for user in users]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("limit", [None, LIMIT], ids=["no limit", "limit"])
def test_a_page_is_committed_in_few_tries_whatever_changes_between_two_calls(limit: Any) -> None:
    world = world_of(*SEVEN, *CONTENDED, limit=limit)
    message = world.post()
    world.adversary = ADVERSARY
    transactions = fan_out(world)
    assert pages(world, message) < transactions <= TRIES * pages(world, message)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("change", [toggles, renames, is_counted])
@pytest.mark.parametrize("limit", [None, LIMIT], ids=["no limit", "limit"])
def test_everybody_else_gets_the_message_once(limit: Any, change: Any) -> None:
    world = world_of(*SEVEN, CONTENDED[0], limit=limit)
    message = world.post()
    world.adversary = change(CONTENDED[0])
    world.rest(message)
    copies = world.provider.copies(message)
    assert {user: copies[user] for user in SEVEN} == dict.fromkeys(SEVEN, 1)
    assert copies[CONTENDED[0]] <= 1


@pytest.mark.usefixtures("small")
def test_who_is_counted_at_every_try_holds_up_no_digest_of_the_rest() -> None:
    limit = {"count": 3, "per_seconds": 3600, "overflow": "digest"}
    world = world_of(*SEVEN, CONTENDED[2], limit=limit, **DIGEST | REST_ONLY)
    message = world.post()
    world.adversary = is_counted(CONTENDED[2])
    assert fan_out(world) <= 3 * TRIES * pages(world, message)
    world.rest(message)
    copies = world.provider.copies(message)
    assert {user: copies[user] for user in SEVEN} == dict.fromkeys(SEVEN, 1)


@pytest.mark.usefixtures("small")
def test_writing_a_profile_again_and_again_keeps_nobody_from_being_charged() -> None:
    """Not even its owner: only the counters are compared."""
    world = world_of(*SEVEN, limit=LIMIT)
    message = world.post()
    world.adversary = renames(SEVEN[0])
    assert fan_out(world) == pages(world, message)
    world.rest(message)
    assert world.provider.copies(message) == dict.fromkeys(SEVEN, 1)


@pytest.mark.usefixtures("small")
def test_who_is_counted_at_every_try_fails_alone_after_the_last_attempt() -> None:
    world = world_of(*SEVEN, CONTENDED[2], limit=LIMIT)
    message = world.post()
    world.adversary = is_counted(CONTENDED[2])
    world.rest(message)
    assert world.codes(message) == dict.fromkeys(SEVEN, Outcome.SENT) | {CONTENDED[2]: Outcome.FAILED}
    assert reasons(world, message, CONTENDED[2]) == [Reason.USER_CONTENDED]
    assert world.state(message) is State.FAILED


@pytest.mark.usefixtures("small")
def test_who_may_have_it_already_and_is_contended_stays_in_doubt() -> None:
    world = world_of(SEVEN[0], limit=LIMIT)
    world.provider.receipts = False
    message = world.post()
    fan_out(world)
    lose_one_answer(world)
    world.step("email")
    world.adversary = is_counted(SEVEN[0])
    world.rest(message)
    assert world.provider.copies(message) == {SEVEN[0]: 1}
    assert reasons(world, message, SEVEN[0]) == [Reason.OUTCOME_UNKNOWN]


class Conflicting:
    """DynamoDB, where other transactions on some items never end."""

    def __init__(self, client: Any, *hot: str) -> None:
        self.client = client
        self.hot = hot

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def transact_write_items(self, *, TransactItems: list[Any], **request: Any) -> Any:
        parts = [next(iter(part.values())) for part in TransactItems]
        busy = [(part.get("Key") or part["Item"])["pk"]["S"].startswith(self.hot) for part in parts]
        if any(busy):
            reasons = [{"Code": "TransactionConflict" if each else "None"} for each in busy]
            raise refused("TransactionCanceledException", "", "TransactWriteItems", CancellationReasons=reasons)
        return self.client.transact_write_items(TransactItems=TransactItems, **request)


@pytest.mark.usefixtures("small")
def test_items_on_which_other_transactions_never_end_hold_up_nobody_else() -> None:
    world = world_of(*SEVEN, limit=LIMIT)
    message = world.post()
    world.dynamodb = Conflicting(world.dynamodb, "removals#", f"user#{SEVEN[3]}")
    world.rest(message)
    others = [user for user in SEVEN if user != SEVEN[3]]
    assert world.codes(message) == dict.fromkeys(others, Outcome.SENT) | {SEVEN[3]: Outcome.FAILED}
    assert world.provider.copies(message) == dict.fromkeys(others, 1)


@pytest.mark.usefixtures("small")
def test_all_on_a_page_contended_at_once_end_each_by_themselves() -> None:
    world = world_of(*SEVEN, limit=LIMIT)
    message = world.post()
    world.dynamodb = Conflicting(world.dynamodb, "removals#", "user#")
    fan_out(world)
    assert pages(world, message) > 0
    world.rest(message)
    assert world.codes(message) == dict.fromkeys(SEVEN, Outcome.FAILED)


@pytest.mark.usefixtures("small")
def test_who_was_contended_only_at_the_fan_out_is_charged_by_the_worker() -> None:
    """One of them still is: the other one of the batch does not wait for it."""
    world = world_of(*SEVEN, limit={**LIMIT, "count": 1})
    message = world.post()
    world.dynamodb = Conflicting(world.dynamodb, "removals#", "user#")
    fan_out(world)
    world.dynamodb = Conflicting(world.dynamodb.client, f"user#{SEVEN[0]}")
    world.step("email")
    assert world.provider.copies(message) == dict.fromkeys(SEVEN[1:], 1)
    second = world.post(key="key-2")
    world.rest(message, second)
    assert world.codes(message) == dict.fromkeys(SEVEN[1:], Outcome.SENT) | {SEVEN[0]: Outcome.FAILED}
    assert world.codes(second) == dict.fromkeys(SEVEN, Outcome.SKIPPED) | {SEVEN[0]: Outcome.FAILED}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("before", "limit"),  # without a limit, the fourth transaction settles what was sent
    [*((number, None) for number in range(1, 4)), *((number, LIMIT) for number in range(1, 5))],
)
def test_an_unsubscribe_holds_for_a_page_that_is_left_to_the_workers(before: int, limit: Any) -> None:
    """It comes before one of the tries at the first page, while another reader is in the way of each."""
    world = world_of(*THREE, CONTENDED[0], limit=limit)
    message = world.post()
    transactions = 0

    def adversary(world: World) -> None:
        nonlocal transactions
        toggles(CONTENDED[0])(world)
        transactions += world.called[-1] == "dynamodb:TransactWriteItems"
        if transactions == before:
            world.audience.subscriptions.remove(THREE[0], "news", "email")

    world.adversary = adversary
    world.once(lambda each: each.fan_out().run(FanOutJob(message, 0), time_left=lambda: 100.0) > 0)
    committed = THREE[0] in world.codes(message)
    world.rest(message)
    assert THREE[0] not in world.provider.copies(message)
    assert not committed or reasons(world, message, THREE[0]) == [Reason.NOT_SUBSCRIBED]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("change", [toggles, renames])
def test_nobody_gets_more_than_the_limit_of_pages_that_are_left_to_the_workers(change: Any) -> None:
    world = world_of(*THREE, CONTENDED[0], limit={"count": 2, "per_seconds": 86_400, "overflow": "drop"})
    world.adversary = change(CONTENDED[0])
    messages = [world.post(key=f"key-{number}") for number in range(4)]
    world.rest(*messages)
    got = sum((world.provider.copies(message) for message in messages), start=world.provider.copies("none"))
    assert {user: got[user] for user in THREE} == dict.fromkeys(THREE, 2)
    assert got[CONTENDED[0]] <= 2


def steadily(change: Change, per_second: int) -> Change:
    """The change so often in a second of the world's time."""
    made_until = None

    def adversary(world: World) -> None:
        nonlocal made_until
        made_until = made_until or world.now
        while made_until + timedelta(seconds=1 / per_second) <= world.now:
            made_until += timedelta(seconds=1 / per_second)
            change(world)

    return adversary


def seconds_to_seal(adversary: Change | None, limit: Any) -> float:
    """For a topic of 1,001, where a call takes 20 ms: a page of it is read and decided in 300 ms."""
    world = world_of(*(f"user-{number:04}" for number in range(1_000)), "user-0500-toggles", limit=limit)
    message = world.post()
    world.call_time, world.adversary, began = timedelta(milliseconds=20), adversary, world.now
    while not sealed(world, message):
        assert world.now - began < timedelta(minutes=5), "it is not sealed"
        world.once(lambda each: each.tick([message]))
    return (world.now - began).total_seconds()


def sealed(world: World, message: str) -> bool:
    with world.unwatched():
        return any(each.sealed for each in world.messages.progress.of(world.known(message)))


@pytest.mark.parametrize("limit", [None, LIMIT], ids=["no limit", "limit"])
def test_a_topic_is_sealed_in_time_while_a_reader_changes_fifty_times_a_second(limit: Any) -> None:
    undisturbed = seconds_to_seal(None, limit)
    disturbed = seconds_to_seal(steadily(toggles("user-0500-toggles"), 50), limit)
    assert disturbed <= 2 * undisturbed + 5
