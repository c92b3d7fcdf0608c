"""Messages to few named people: decided when they are posted, in one transaction, without a fan-out."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from fanfare.domain.audience import By
from fanfare.domain.jobs import Job, read_job_body
from fanfare.domain.lifecycle import State
from fanfare.domain.outcomes import Outcome
from fanfare.errors import Conflict
from fanfare.pipeline.cancel import Cancel
from fanfare.pipeline.submit import Submit
from fanfare.schemas.messages import SubmitRequest

from tests.faults.adversary import is_counted
from tests.faults.exploration import Exploration
from tests.faults.interleavings import Actor, Chooser, Stage, drawn_orders, every_order
from tests.faults.scenarios import TO_FEW, Scenario, small_pages
from tests.faults.test_interleavings import canceller
from tests.faults.world import World

ADA = "ada"
DRAWN = 20


@pytest.fixture(autouse=True)
def pages() -> Iterator[None]:
    with small_pages():
        yield


def world_of(*users: str, limit: int | None = None, channels: tuple[str, ...] = ("email",), **topic: Any) -> World:
    world = World()
    drop = {"count": limit, "per_seconds": 3600, "overflow": "drop"} if limit else None
    world.prepare(users or (ADA,), channels=channels, limit=drop, **topic)
    return world


def posting(submit: Submit, ids: list[str], *, key: str, **fields: Any) -> Actor:
    body = {"topic": "news", "template": {"id": "hello"}, "recipients": [ADA], **fields}

    def post() -> None:
        request = SubmitRequest.model_validate(body)
        ids.append(submit.run(request, caller="shop", idempotency_key=key, body=body).message_id)

    return post


def play(world: World, choose: Chooser, *actors: Actor, call: Callable[..., Any] | None = None) -> None:
    stage = Stage()
    before, world.memory.interpose = world.memory.interpose, call(stage) if call else stage.call
    try:
        stage.play(actors, choose)
    finally:
        world.memory.interpose = before


def jobs_of(world: World, queue: str) -> list[Job]:
    return [read_job_body(each.body) for each in world.memory.sqs.visible(queue)]


# Faults


@pytest.mark.parametrize("scenario", TO_FEW, ids=lambda scenario: scenario.name)
def test_no_single_fault_loses_or_doubles_anything(scenario: Scenario) -> None:
    exploration = Exploration(scenario)
    tally = exploration.tally([exploration.start, *exploration.faults([exploration.start])])
    assert not tally.bad, tally.examples
    assert tally.schedules > 3 * len(exploration.calls())
    assert exploration.world.known(exploration.world.posted[0]).short


@pytest.mark.long  # `make faults` plays the triples of some
@pytest.mark.parametrize("scenario", TO_FEW, ids=lambda scenario: scenario.name)
def test_no_two_faults_lose_or_double_anything(scenario: Scenario) -> None:
    exploration = Exploration(scenario)
    tally = exploration.tally(exploration.faults(exploration.faults([exploration.start])))
    assert not tally.bad, tally.examples
    assert tally.schedules > 2_000


# Limits


def test_of_ten_messages_to_one_user_at_once_a_limit_of_three_lets_three_through() -> None:
    for choose in drawn_orders(DRAWN, seed=17):
        world = world_of(limit=3)
        ids: list[str] = []
        submits = [world.functions.submit() for _ in range(10)]
        play(world, choose, *(posting(each, ids, key=f"key-{number}") for number, each in enumerate(submits)))
        world.rest(*ids)
        assert len({*ids}) == 10
        assert sum(world.provider.copies(each)[ADA] for each in ids) == 3
        outcomes = sorted(world.codes(each)[ADA] for each in ids)
        assert outcomes == sorted([Outcome.SENT] * 3 + [Outcome.SKIPPED] * 7)


def test_of_ten_messages_by_ten_threads_that_run_freely_a_limit_of_three_lets_three_through() -> None:
    world = world_of(limit=3)
    one_by_one, ids = threading.Lock(), list[str]()

    def serial(_: str, work: Callable[[], Any]) -> Any:
        with one_by_one:
            return work()

    submits = [world.functions.submit() for _ in range(10)]
    before, world.memory.interpose = world.memory.interpose, serial
    with ThreadPoolExecutor(10) as threads:
        posts = [posting(each, ids, key=f"key-{number}") for number, each in enumerate(submits)]
        list(threads.map(lambda post: post(), posts))
    world.memory.interpose = before
    world.rest(*ids)
    assert sum(world.provider.copies(each)[ADA] for each in ids) == 3
    assert Counter(world.codes(each)[ADA] for each in ids) == {Outcome.SENT: 3, Outcome.SKIPPED: 7}


def test_a_repeated_post_is_one_message_and_charges_the_limit_once() -> None:
    world = world_of(limit=3)
    first, second = world.post(recipients=[ADA]), world.post(recipients=[ADA])
    assert first == second
    (counter,) = world.audience.users.get_many([ADA])[ADA].limits.values()
    assert sum(counter[2::2]) == 1
    world.rest(first)
    assert world.provider.copies(first)[ADA] == 1


def test_who_is_contended_again_and_again_takes_the_long_way() -> None:
    world = world_of(limit=3)
    world.adversary = is_counted(ADA)
    posted = world.post(recipients=[ADA])
    assert not world.known(posted).short
    world.adversary = None
    world.rest(posted)
    assert world.state(posted) is State.SENT


@pytest.mark.parametrize(
    ("fields", "short"),
    [
        ({"recipients": ["a", "b", "c"]}, True),
        ({"recipients": ["a", "b", "c", "d"]}, False),  # more than the pairs that the tests allow
        ({"recipients": ["a"], "send_at": "2027-01-01T08:01:00Z"}, False),
        ({}, False),
    ],
)
def test_few_named_recipients_take_the_short_way(fields: dict[str, Any], short: bool) -> None:
    world = world_of("a", "b", "c", "d")
    posted = world.post(**fields)
    assert world.known(posted).short is short
    world.now += timedelta(minutes=2)
    world.rest(posted)
    assert world.state(posted) is State.SENT
    assert world.provider.copies(posted) == dict.fromkeys(fields.get("recipients", ["a", "b", "c", "d"]), 1)


def test_shards_of_the_topic_cost_a_named_recipient_nothing() -> None:
    calls = []
    for shards in (1, 64):
        world = world_of(shards=shards)
        world.once(lambda each: bool(each.post(recipients=[ADA])))
        calls.append(len(world.called))
    assert calls[0] == calls[1]


def test_nobody_is_fanned_out_and_who_is_skipped_is_recorded_at_once() -> None:
    world = world_of()
    posted = world.post(recipients=["stranger"], topic=None, channels=["email"])
    assert not world.memory.sqs.queues.get("fan_out")
    assert world.state(posted) is State.SENT
    assert world.known(posted).counts == {
        "recipients": 1,
        "sent": 0,
        "failed": 0,
        "skipped": 1,
        "deleted": 0,
        "digested": 0,
        "outstanding": 0,
    }
    assert world.records_that_differ(posted, {("stranger", "email"): Outcome.SKIPPED}) == []


# At once


def test_an_unsubscribe_holds_for_every_message_committed_after_it() -> None:
    let_through, played = [0, 0], 0
    for choose in every_order():
        world = world_of()
        ids: list[str] = []
        at_commit: list[bool] = []

        leave = partial(world.audience.subscriptions.remove, ADA, "news", "email", by=By.PERSON)
        play(
            world,
            choose,
            posting(world.functions.submit(), ids, key="one"),
            leave,
            call=partial(_watching, world, at_commit),
        )
        world.rest(*ids)
        copies = world.provider.copies(ids[0])[ADA]
        assert copies == at_commit[0]
        let_through[copies] += 1
        played += 1
    assert min(let_through) > 1
    assert played > 10


def _watching(world: World, at_commit: list[bool], stage: Stage) -> Callable[..., Any]:
    """Note whether she was subscribed when the message was committed."""

    def call(name: str, work: Callable[[], Any]) -> Any:
        def watched() -> Any:
            before = _is_subscribed(world)
            answer = work()
            if _messages(world) and not at_commit:
                at_commit.append(before)
            return answer

        return stage.call(name, watched)

    return call


def _is_subscribed(world: World) -> bool:
    return "subscription#news#email" in world.memory.tables.stores["audience"].partitions[f"user#{ADA}"].items


def _messages(world: World) -> bool:
    return any(pk.startswith("message#") for pk in world.memory.tables.stores["messages"].partitions)


def test_a_deletion_at_any_moment_stops_all_but_what_it_says_is_in_flight() -> None:
    answers: list[dict[str, Any]] = []
    for choose in drawn_orders(3 * DRAWN, seed=4):
        world = world_of()
        posted = world.post(recipients=[ADA])
        told: list[dict[str, Any]] = []
        cancel = partial(_cancelled, canceller(world), posted, told)
        play(world, choose, working(world, "email"), cancel)
        world.rest(posted)
        copies = world.provider.copies(posted)[ADA]
        for answer in told:
            assert answer["in_flight"] + answer["already_sent"] + answer["withheld"] == 1
            assert copies <= 1 - answer["withheld"]
        assert world.settled(posted)
        answers += told
    assert {answer["withheld"] for answer in answers} == {0, 1}
    assert len(answers) > 10


def _cancelled(cancel: Cancel, message: str, told: list[dict[str, Any]]) -> None:
    with suppress(Conflict):  # it was sent already
        told.append(cancel.run(message))


def working(world: World, channel: str) -> Actor:
    """A worker with all that is in its queue."""
    worker, jobs = world.functions.deliver(channel), jobs_of(world, channel)
    return partial(worker.run, jobs, owner=channel, time_left=lambda: 60.0)


def test_workers_of_three_channels_at_once_end_the_message_once() -> None:
    channels = ("email", "sms", "push")
    for choose in drawn_orders(DRAWN, seed=3):
        world = world_of(channels=channels)
        posted = world.post(recipients=[ADA])
        play(world, choose, *(working(world, name) for name in channels))
        assert world.state(posted) is State.SENT
        assert world.provider.reached(posted) == {(ADA, name): 1 for name in channels}
        assert [entry["state"] for entry in world.known(posted).timeline] == ["pending", "active", "sent"]


def test_a_batch_that_waits_for_the_morning_is_found_though_another_was_sent() -> None:
    """Their message is due with the first of them."""
    world = world_of(channels=("email", "sms"))
    world.provider.quota_until = world.now + timedelta(minutes=6)
    posted = world.post(recipients=[ADA])
    world.step("sms")
    world.rest(posted)
    assert world.state(posted) is State.SENT
    assert world.provider.reached(posted) == {(ADA, "email"): 1, (ADA, "sms"): 1}


def test_a_deleted_message_whose_job_was_lost_is_settled_all_the_same() -> None:
    world = world_of()
    posted = world.post(recipients=[ADA])
    world.memory.sqs.queues["email"].clear()
    assert world.delete(posted)["withheld"] == 1
    world.rest(posted)
    assert world.codes(posted) == {ADA: Outcome.DELETED}
    assert world.settled(posted)


def test_a_message_is_due_with_the_first_of_its_batches() -> None:
    world = world_of(channels=("email", "sms"))
    world.provider.quota_until = world.now + timedelta(minutes=6)
    posted = world.post(recipients=[ADA])
    world.now += timedelta(seconds=30)
    world.step("email")  # it is put off, and due later than the text
    with world.unwatched():
        due = [state.due_at for state in world.batches.open_batches(posted, 0)]
    assert len({*due}) == 2
    assert world.known(posted).due_at == min(each for each in due if each)
