"""Two functions on the same thing at once, in every order of their AWS calls: still once for everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fanfare.batches import Job
from fanfare.cancel import cancel
from fanfare.errors import ConditionFailed, Conflict
from fanfare.fan_out import CONFLICTS
from fanfare.queues import FanOutJob
from fanfare.status import Outcome, State

from local.memory.aws import refused
from tests.faults.interleavings import Actor, Chooser, Stage, drawn_orders, every_order
from tests.faults.scenarios import SEVEN, THREE, small_pages
from tests.faults.world import World

DRAWN = 400  # where there are too many orders for all of them


@pytest.fixture(autouse=True)
def pages() -> Iterator[None]:
    with small_pages():
        yield


class Play:
    """A world on a stage, with one message in it."""

    def __init__(self, users: tuple[str, ...] = THREE, **fields: Any) -> None:
        self.world = World()
        self.users = users
        self.world.prepare(users, **fields)
        self.message = self.world.post()
        self.stage = Stage()

    def act(self, choose: Chooser, *actors: Actor) -> None:
        self.world.memory.interpose = self.stage.call
        try:
            self.stage.play(actors, choose)
        finally:
            self.world.memory.interpose = None

    def worker(self, owner: str, *jobs: Job) -> Actor:
        deliver = self.world.deliver()
        return lambda: deliver.run(jobs, owner=owner, time_left=lambda: 100.0)

    def fan_out(self, message: str) -> Actor:
        job = FanOutJob(message, 0)
        return lambda: self.world.fan_out().run(job, time_left=lambda: 100.0)

    def reconciler(self) -> Actor:
        reconciler = self.world.reconciler()
        return lambda: reconciler.run(time_left=lambda: 100.0)

    def jobs(self) -> list[Job]:
        states = self.world.batches.open_batches(self.message, 1)
        return [Job(message_id=self.message, batch_id=each.id, generation=each.generation) for each in states]

    def once_each(self) -> None:
        self.world.rest(self.message)
        assert self.world.provider.copies(self.message) == dict.fromkeys(self.users, 1)
        assert self.world.codes(self.message) == dict.fromkeys(self.users, Outcome.SENT)
        assert self.world.state(self.message) is State.SENT


def test_two_workers_with_the_same_batches_send_once() -> None:
    played = 0
    for choose in every_order():
        play = Play()
        play.world.step("fan_out")
        jobs = play.jobs()[:1]
        play.act(choose, play.worker("one", *jobs), play.worker("two", *jobs))
        play.once_each()
        played += 1
    assert played > 10


def test_three_copies_of_every_batch_send_once() -> None:
    for choose in drawn_orders(DRAWN, seed=1):
        play = Play()
        play.world.step("fan_out")
        jobs = play.jobs()
        play.act(choose, *(play.worker(f"worker-{number}", *jobs) for number in range(3)))
        play.once_each()


@pytest.mark.parametrize("calls", range(1, 12))
def test_batches_that_were_given_back_since_they_were_read_are_not_sent_as_they_were_read(calls: int) -> None:
    play = Play()
    play.world.step("fan_out")
    jobs = play.jobs()
    assert len(jobs) == 2
    play.world.provider.puts_off.update([THREE[0], THREE[2]])  # one of each batch

    def overtaken(step: int, able: list[int]) -> int:
        return able[0] if step < calls else able[-1]

    play.act(overtaken, play.worker("slow", *jobs), play.worker("quick", *jobs))
    play.once_each()


def test_two_fan_outs_of_one_shard_choose_everybody_once() -> None:
    for choose in drawn_orders(DRAWN, seed=2):
        play = Play(limit={"count": 2, "per_seconds": 3600, "overflow": "drop"})
        play.act(choose, play.fan_out(play.message), play.fan_out(play.message))
        play.once_each()


def test_a_fan_out_that_is_overtaken_again_and_again_comes_to_its_end() -> None:
    """Another transaction is in the way at every page: more often in all than it would bear at one."""
    play = Play(tuple(f"user-{number:03}" for number in range(6 * (CONFLICTS + 10))))
    transactions = 0

    def overtaken(name: str, work: Callable[[], Any]) -> Any:
        nonlocal transactions
        if name == "dynamodb:TransactWriteItems":
            transactions += 1
            if transactions % 2:
                reasons = [{"Code": "TransactionConflict"}]
                raise refused("TransactionCanceledException", "", name, CancellationReasons=reasons)
        return work()

    play.world.memory.interpose = overtaken
    play.fan_out(play.message)()
    play.world.memory.interpose = None
    assert transactions > 2 * CONFLICTS
    play.once_each()


def test_a_fan_out_that_gets_no_further_leaves_its_job_to_be_repeated() -> None:
    play = Play()

    def overtaken(name: str, work: Callable[[], Any]) -> Any:
        if name == "dynamodb:TransactWriteItems":
            reasons = [{"Code": "TransactionConflict"}]
            raise refused("TransactionCanceledException", "", name, CancellationReasons=reasons)
        return work()

    play.world.memory.interpose = overtaken
    with pytest.raises(ConditionFailed):
        play.fan_out(play.message)()
    play.world.memory.interpose = None
    play.once_each()


def test_a_fan_out_that_comes_late_opens_nothing_that_was_sent() -> None:
    for choose in drawn_orders(DRAWN, seed=5):
        play = Play(SEVEN)
        early = play.fan_out(play.message)

        def fan_out_and_deliver(play: Play = play, early: Actor = early) -> None:
            early()
            play.worker("quick", *play.jobs())()

        play.act(choose, play.fan_out(play.message), fan_out_and_deliver)
        play.once_each()


def test_two_messages_at_once_never_give_anybody_more_than_the_limit() -> None:
    for choose in drawn_orders(DRAWN, seed=3):
        play = Play(limit={"count": 1, "per_seconds": 3600, "overflow": "drop"})
        other = play.world.post(key="another")
        play.act(choose, play.fan_out(play.message), play.fan_out(other))
        play.world.rest(play.message, other)
        copies = play.world.provider.copies(play.message) + play.world.provider.copies(other)
        assert copies == dict.fromkeys(THREE, 1)


def test_two_reconcilers_and_a_late_worker_send_once() -> None:
    for choose in drawn_orders(DRAWN, seed=4):
        play = Play()
        play.world.step("fan_out")
        jobs = play.jobs()
        play.world.sleep(200)
        play.act(choose, play.reconciler(), play.reconciler(), play.worker("late", *jobs))
        play.once_each()


def test_a_deletion_at_any_moment_stops_all_but_what_it_says_is_in_flight() -> None:
    played = 0
    for choose in every_order():
        play = Play()
        play.world.step("fan_out")
        answers: list[dict[str, Any]] = []
        sent_before: list[int] = []

        def delete(play: Play = play, answers: Any = answers, sent_before: Any = sent_before) -> None:
            try:
                answer = cancel(
                    play.message, messages=play.world.messages, batches=play.world.batches, clock=play.world.clock
                )
            except Conflict:  # it was sent already, which is an answer too
                return
            sent_before.append(len(play.world.provider.accepted))
            answers.append(answer)

        play.act(choose, play.worker("one", *play.jobs()[:1]), delete)
        play.world.rest(play.message)
        total = len(play.world.provider.accepted)
        if answers:
            assert total - sent_before[0] <= answers[0]["in_flight"]
            assert total <= answers[0]["already_sent"] + answers[0]["in_flight"]
            assert play.world.state(play.message) is State.DELETED
        played += 1
    assert played > 50


def test_an_unsubscribe_holds_for_every_page_committed_after_it() -> None:
    played = 0
    for choose in every_order():
        play = Play()
        committed_first: list[bool] = []

        def unsubscribe(play: Play = play, committed_first: list[bool] = committed_first) -> None:
            play.world.audience.unsubscribe(THREE[0], "news", "email")
            committed_first.append(bool(play.jobs()))

        play.act(choose, play.fan_out(play.message), unsubscribe)
        play.world.rest(play.message)
        if committed_first == [False]:
            assert THREE[0] not in play.world.provider.copies(play.message)
        played += 1
        if played >= DRAWN:
            break
    assert played > 50
