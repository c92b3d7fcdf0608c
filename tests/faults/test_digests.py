"""Each message is in exactly one digest of each reader, whatever fails and in whatever order things happen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from fanfare.domain.audience import By, Subscription
from fanfare.domain.delivery import Delivery
from fanfare.domain.digests.windows import Window
from fanfare.domain.jobs import read_fan_out_body
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Own
from fanfare.domain.outcomes import Outcome
from fanfare.errors import Conflict
from fanfare.pipeline.digests.contents import DigestContents
from fanfare.pipeline.reconcile.run import ReconcileRun

from tests.faults.digests import DIGEST, DigestScenario
from tests.faults.exploration import Exploration
from tests.faults.interleavings import Actor, Chooser, Stage, drawn_orders, every_order, orders_with_one_in_between
from tests.faults.modes import Fault
from tests.faults.scenarios import SEVEN, _delete, _posting, _rest, _second, small_pages
from tests.faults.world import Moment, World

TWO = SEVEN[:2]
TWO_POSTS = (_posting(key="one"), _second, _posting(key="two"))
SCENARIO = DigestScenario("digests", TWO, (*TWO_POSTS, _rest))
DIGESTS = (
    SCENARIO,
    DigestScenario("digests, short way", SEVEN[:1], (_posting(recipients=SEVEN[:1]), _rest)),
    DigestScenario("digests, one deleted", TWO, (*TWO_POSTS, _delete, _rest)),
)
ADA, GRACE = "ada", "grace"


@pytest.fixture(autouse=True)
def pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FANFARE_INBOX_TABLE", "inbox")  # read by erasures
    with small_pages():
        yield


def world_of(*users: str, **topic: Any) -> World:
    world = World()
    world.prepare(users, **DIGEST | topic)
    return world


def posted(world: World, count: int = 1) -> list[str]:
    """Messages that were fanned out, a second after one another."""
    ids = []
    for number in range(count):
        ids.append(world.post(key=f"{world.now.timestamp()}-{number}"))
        world.sleep(1)
    while world.step("fan_out"):
        pass
    return ids


def mails(world: World, user: str) -> list[tuple[str, ...]]:
    """The messages in each digest that a user got."""
    return [sent.items for sent in world.provider.accepted if sent.user == user]


def windows_of(world: World, *users: str) -> list[Window]:
    return [window for user in users for window in world.windows.of_user(user)]


def closing(world: World, windows: Iterable[Window]) -> Actor:
    """The part of a run that closes windows, which it has read already."""
    known, part = list(windows), world.reconciler().windows
    return lambda: part.close(known, ReconcileRun(time_left=lambda: 100.0))


def closing_and_sending(world: World, windows: Iterable[Window]) -> Actor:
    """The same, and the worker, in between whose calls no one else's come."""
    close = closing(world, windows)

    def act() -> None:
        close()
        with world.unwatched():
            while world.step("email"):
                pass

    return act


def play(world: World, choose: Chooser, *actors: Actor) -> None:
    stage, before = Stage(), world.memory.interpose
    world.memory.interpose = stage.call
    try:
        stage.play(actors, choose)
    finally:
        world.memory.interpose = before


# Faults


@pytest.mark.parametrize("scenario", DIGESTS, ids=lambda scenario: scenario.name)
def test_no_single_fault_loses_or_doubles_an_item(scenario: DigestScenario) -> None:
    exploration = Exploration(scenario)
    tally = exploration.tally([exploration.start, *exploration.faults([exploration.start])])
    assert not tally.bad, tally.examples
    assert tally.schedules > 2 * len(exploration.calls())


@pytest.mark.long
@pytest.mark.parametrize("scenario", DIGESTS, ids=lambda scenario: scenario.name)
def test_no_two_faults_lose_or_double_an_item(scenario: DigestScenario) -> None:
    exploration = Exploration(scenario)
    tally = exploration.tally(exploration.faults(exploration.faults([exploration.start])))
    assert not tally.bad, tally.examples
    assert tally.schedules > 2_000


# Orders


def two_items() -> tuple[World, Moment]:
    """A window with two items, which is due."""
    world = world_of(ADA)
    world.posted = tuple(posted(world, 2))
    world.sleep(60)
    return world, world.save()


def deleted_while_it_closes(world: World, moment: Moment, choose: Chooser) -> None:
    world.load(moment)
    first, second = world.posted
    cancel = world.functions.cancel()
    answers: list[int] = []

    def delete() -> None:
        try:
            answers.append(cancel.run(first)["withheld"])
        except Conflict:
            answers.append(0)

    play(world, choose, delete, closing_and_sending(world, windows_of(world, ADA)))
    world.rest(first, second)
    (items,) = mails(world, ADA)
    assert (first in items, answers) in ((True, [0]), (False, [1]))
    assert second in items
    assert world.state(first) is (State.DELETED if answers == [1] else State.SENT)


def test_a_message_deleted_while_its_window_closes_is_in_the_mail_or_withheld() -> None:
    world, moment = two_items()
    for choose in orders_with_one_in_between(1, steps=18, seed=5):
        deleted_while_it_closes(world, moment, choose)


@pytest.mark.long
def test_it_is_so_at_every_interleaving() -> None:
    world, moment = two_items()
    played = 0
    for choose in every_order():
        deleted_while_it_closes(world, moment, choose)
        played += 1
    assert played > 1_000


def test_two_runs_at_once_close_a_window_once() -> None:
    for choose in drawn_orders(30, seed=7):
        world = world_of(ADA, GRACE)
        ids = posted(world, 2)
        world.sleep(60)
        windows = windows_of(world, ADA, GRACE)
        play(world, choose, closing(world, windows), closing(world, windows))
        world.rest(*ids)
        assert mails(world, ADA) == mails(world, GRACE) == [tuple(ids)]


def test_items_that_come_while_a_window_closes_are_in_this_digest_or_the_next() -> None:
    for choose in orders_with_one_in_between(2, steps=20, seed=9):
        world = world_of(ADA)
        ids = posted(world)
        world.sleep(60)
        ids += [world.post(key="late"), world.post(key="later")]
        fan_outs = [world.fan_out() for _ in ids[1:]]
        jobs = [each.body for each in world.memory.sqs.visible("fan_out")]
        actors = [_fanning_out(each, body) for each, body in zip(fan_outs, jobs, strict=True)]
        play(world, choose, *actors, closing(world, windows_of(world, ADA)))
        world.rest(*ids)
        got = [message for items in mails(world, ADA) for message in items]
        assert sorted(got) == sorted(ids)
        assert sum((world.known(each).digest_of or {})["items"] for each in world.digests()) == len(ids)


def test_messages_that_are_posted_at_once_open_one_window() -> None:
    for choose in drawn_orders(30, seed=11):
        world = world_of(ADA)
        ids = [world.post(key=f"key-{number}") for number in range(3)]
        jobs = [each.body for each in world.memory.sqs.visible("fan_out")]
        play(world, choose, *(_fanning_out(world.fan_out(), body) for body in jobs))
        (window,) = windows_of(world, ADA)
        assert window.count == 3
        world.rest(*ids)
        assert [sorted(items) for items in mails(world, ADA)] == [sorted(ids)]


def _fanning_out(fan_out: Any, body: str) -> Callable[[], None]:
    return lambda: fan_out.run(read_fan_out_body(body), time_left=lambda: 100.0)


# What readers change meanwhile


def test_who_unsubscribes_before_the_window_closes_gets_no_digest() -> None:
    world = world_of(ADA, GRACE)
    ids = posted(world)
    world.audience.subscriptions.remove(ADA, "news", "email", by=By.PERSON)
    world.rest(*ids)
    assert (mails(world, ADA), mails(world, GRACE)) == ([], [tuple(ids)])
    (digest,) = world.digests()
    assert world.codes(digest) == {ADA: Outcome.SKIPPED, GRACE: Outcome.SENT}
    assert world.codes(ids[0]) == {ADA: Outcome.DIGESTED, GRACE: Outcome.DIGESTED}


def test_who_chooses_another_frequency_gets_what_was_gathered_at_its_time() -> None:
    world = world_of(ADA, frequencies=("immediate", "digest"))
    (first,) = posted(world)
    chosen = Subscription(user_id=ADA, topic="news", channel="email", created_at="", frequency="immediate")
    world.audience.subscriptions.add(chosen, shards=1)
    second = world.post(key="second")
    world.rest(first, second)
    assert world.codes(second) == {ADA: Outcome.SENT}
    assert mails(world, ADA) == [(), (first,)]


def test_a_frequency_that_is_chosen_in_mid_window_applies_to_the_next_window() -> None:
    world = world_of(ADA, frequencies=("digest", "daily"))
    (first,) = posted(world)
    chosen = Subscription(user_id=ADA, topic="news", channel="email", created_at="", frequency="daily")
    world.audience.subscriptions.add(chosen, shards=1)
    (second,) = posted(world)
    world.sleep(60)
    world.reconcile()
    (third,) = posted(world)
    world.rest(first, second, third)
    assert mails(world, ADA) == [(first, second), (third,)]
    closed = [window.closes_at for window in windows_of(world, ADA)]
    assert closed == ["2027-01-01T08:01:01.050Z", "2027-01-01T18:00:00.000Z"]  # a minute after it was gathered


def test_a_failed_digest_is_re_driven_with_the_same_items() -> None:
    world = world_of(ADA, GRACE)
    world.provider.rejects = frozenset({ADA})
    ids = posted(world, 2)
    world.rest(*ids)
    (digest,) = world.digests()
    assert (world.state(digest), world.codes(digest)) == (State.FAILED, {ADA: Outcome.FAILED, GRACE: Outcome.SENT})
    world.provider.rejects = frozenset()
    later = posted(world)  # in the next window
    world.redrive(digest)
    world.rest(*ids, *later)
    assert (mails(world, ADA), mails(world, GRACE)) == ([tuple(ids), tuple(later)], [tuple(ids), tuple(later)])
    assert world.state(digest) is State.SENT
    assert world.codes(ids[0]) == {ADA: Outcome.DIGESTED, GRACE: Outcome.DIGESTED}


@pytest.mark.parametrize("again", [False, True])
def test_who_is_erased_between_closing_and_sending_gets_no_digest(again: bool) -> None:
    world = world_of(ADA, GRACE)
    ids = posted(world)
    world.sleep(60)
    world.reconcile()
    assert world.functions.on_request("DELETE", f"/v1/users/{ADA}")[0] == 204
    if again:  # somebody else under the id
        assert world.functions.on_request("PUT", f"/v1/users/{ADA}", {"email": "ada@example.com"})[0] == 201
    world.rest(*ids)
    (digest,) = world.digests()
    assert (mails(world, ADA), mails(world, GRACE)) == ([], [tuple(ids)])
    assert world.codes(digest) == {ADA: Outcome.DELETED, GRACE: Outcome.SENT}


def test_an_erasure_deletes_the_items_of_an_open_window() -> None:
    world = world_of(ADA, GRACE)
    first, second = posted(world, 2)
    assert world.functions.on_request("DELETE", f"/v1/users/{ADA}")[0] == 204
    assert windows_of(world, ADA) == []
    for message in (first, second):
        counts = world.functions.on_request("GET", f"/v1/messages/{message}")[1]["counts"]
        assert (counts["deleted"], counts["digested"]) == (1, 1)
    world.rest(first, second)
    assert (mails(world, ADA), mails(world, GRACE)) == ([], [(first, second)])


# Limits of time and number


def test_a_message_that_ends_before_the_window_closes_is_skipped() -> None:
    world = world_of(ADA)
    message = world.post(expires_at="2027-01-01T08:00:30Z")
    world.rest(message)
    assert world.codes(message) == {ADA: Outcome.SKIPPED}


def test_a_message_that_is_forgotten_before_the_window_closes_is_skipped() -> None:
    """Messages are kept for 30 days here, and sent for 27 of them."""
    weekly = {"digest": DIGEST["digest"] | {"every": {"days": ["mon"], "at": "08:00"}}}
    world = world_of(ADA, **weekly)
    with patch.object(Message, "keep_until", world.now + timedelta(days=2)):  # the Monday is in three days
        message = world.post()
        world.rest(message)
        explained = world.functions.on_request("GET", f"/v1/messages/{message}/explanations/{ADA}")[1]
    assert (world.codes(message), mails(world, ADA)) == ({ADA: Outcome.SKIPPED}, [])
    assert explained["channels"][0]["recorded"]["reason"] == "expired"


def test_a_digest_is_kept_as_long_as_its_oldest_message() -> None:
    world = world_of(ADA)
    ids = posted(world, 3)
    world.rest(*ids)
    (digest,) = world.digests()
    assert world.known(digest).retain_until == world.known(ids[0]).retain_until
    assert world.known(ids[0]).retain_until < world.known(ids[2]).retain_until


def test_a_digest_is_charged_once_and_waits_if_the_limit_is_used_up() -> None:
    world = world_of(ADA, limit={"count": 1, "per_seconds": 3600, "overflow": "drop"})
    ids = posted(world, 3)
    world.rest(*ids)
    later = posted(world, 1)
    world.rest(*ids, *later)
    assert mails(world, ADA) == [tuple(ids), tuple(later)]
    first, second = (at for at, _, _ in world.provider.taken_at)
    assert (second - first).total_seconds() >= 3600


def test_a_digest_is_charged_once_and_its_items_are_not_wherever_its_worker_dies() -> None:
    # in a limit of days, the next attempt is in the same slice of time
    limit = {"count": 3, "per_seconds": 30 * 86_400, "overflow": "drop"}
    dead = 0
    for call in range(40):
        world = world_of(ADA, limit=limit)
        ids = posted(world, 2)
        world.sleep(60)
        world.reconcile()
        assert charges(world, ADA) == 0
        world.once(lambda each: each.step("email"), Fault(call, "die"))
        died, dead = world.struck is not None, dead + (world.struck is not None)
        world.rest(*ids)
        assert charges(world, ADA) == 1
        if not died:
            break
    assert dead > 5


def charges(world: World, user: str) -> int:
    """How many mails the limit has counted of a user."""
    with world.unwatched():
        counters = world.audience.users.get_many([user])[user].limits
    return sum(sum(counter[2::2]) for counter in counters.values())


def test_of_10_000_items_a_digest_shows_100_and_counts_all_within_a_second() -> None:
    world = world_of(ADA)
    ids = [f"01a2d043-4800-7000-8000-{number:012}" for number in range(10_000)]
    world.deliveries.record(
        [
            Delivery(
                message_id=each,
                user_id=ADA,
                channel="email",
                batch_id=None,
                status=Outcome.DIGESTED,
                updated_at=f"2027-01-01T08:00:00.{number // 10:03}Z",
                retain_until=2_000_000_000,
                digest_id="window",
            )
            for number, each in enumerate(ids)
        ]
    )
    contents = DigestContents(deliveries=world.deliveries, messages=world.messages)
    reference = {"digest": "window", "first": ids[0], "first_at": "", "key": None, "shown": 100}
    began = time.thread_time()
    said = contents.of({ADA: Own(data=reference)})[ADA]
    assert time.thread_time() - began < 1.0
    assert said is not None
    assert [each["message_id"] for each in said.data["items"]] == ids[:100]
    assert (said.data["count"], said.data["first_at"]) == (10_000, "2027-01-01T08:00:00.000Z")
