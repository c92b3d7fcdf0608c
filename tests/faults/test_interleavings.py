"""Two functions on the same thing at once, in every order of their AWS calls: still once for everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from fanfare.domain.batch import Totals
from fanfare.domain.jobs import FanOutJob, Job
from fanfare.domain.lifecycle import State
from fanfare.domain.outcomes import Outcome
from fanfare.errors import ConditionFailed, Conflict
from fanfare.pipeline.cancel import Cancel
from fanfare.pipeline.fan_out.job import CONFLICTS

from testing.memory_aws.errors import refused
from tests.faults.interleavings import Actor, Chooser, Stage, drawn_orders, every_order
from tests.faults.modes import Died
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

    def counting(self, seen: list[Totals]) -> Actor:
        """Looks at the counts, as long as somebody else is at work."""

        def count() -> None:
            for _ in range(3):
                seen.append(self.world.batches.totals.tally(self.message, 1))

        return count

    def jobs(self) -> list[Job]:
        states = self.world.batches.open_batches(self.message, 1)
        return [Job(message_id=self.message, batch_id=each.id, generation=each.generation) for each in states]

    def once_each(self) -> None:
        self.world.rest(self.message)
        assert self.world.provider.copies(self.message) == dict.fromkeys(self.users, 1)
        assert self.world.codes(self.message) == dict.fromkeys(self.users, Outcome.SENT)
        assert self.world.state(self.message) is State.SENT


def canceller(world: World) -> Cancel:
    return world.functions.cancel()


def test_two_workers_with_the_same_batches_send_once() -> None:
    played = 0
    for choose in every_order():
        play = Play()
        play.world.step("fan_out")
        jobs = play.jobs()[:1]
        play.act(choose, play.worker("one", *jobs), play.worker("two", *jobs))
        assert jobs[0] not in play.jobs()  # it is settled: neither was kept from it by the other
        play.once_each()
        played += 1
    assert played > 10


def test_two_copies_of_a_batch_whose_answer_is_lost_wait_for_its_event() -> None:
    played = 0
    for choose in every_order():
        play = Play()
        play.world.step("fan_out")
        jobs = play.jobs()[:1]
        lose_one_answer(play.world)
        play.act(choose, play.worker("one", *jobs), play.worker("two", *jobs))
        play.once_each()
        played += 1
    assert played > 10


def lose_one_answer(world: World) -> None:
    send = world.provider.send_bulk_email

    def once(**request: Any) -> Any:
        vars(world.provider)["send_bulk_email"] = send
        send(**request)
        raise ReadTimeoutError(endpoint_url="https://email.test")

    vars(world.provider)["send_bulk_email"] = once


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


@pytest.mark.parametrize("calls", range(1, 16))
def test_what_a_worker_gave_back_meanwhile_is_not_overwritten_by_the_reconciler(calls: int) -> None:
    play = Play()
    play.world.step("fan_out")
    jobs = play.jobs()
    play.world.provider.puts_off.update([THREE[0]])  # its neighbour in the batch is sent to
    play.world.sleep(200)

    def overtaken(step: int, able: list[int]) -> int:
        return able[0] if step < calls else able[-1]

    play.act(overtaken, play.reconciler(), play.worker("late", *jobs))
    play.once_each()


def test_a_deletion_at_any_moment_stops_all_but_what_it_says_is_in_flight() -> None:
    played = 0
    for choose in drawn_orders(DRAWN, seed=14):  # a deletion looks into digests, too: too many for all of them
        play = Play()
        play.world.step("fan_out")
        answers: list[dict[str, Any]] = []
        sent_before: list[int] = []

        def delete(play: Play = play, answers: Any = answers, sent_before: Any = sent_before) -> None:
            try:
                answer = canceller(play.world).run(play.message)
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


def test_a_deletion_tells_of_everybody_whose_page_was_committed() -> None:
    played = 0
    for choose in every_order():
        play = Play()
        answers: list[dict[str, Any]] = []

        def delete(play: Play = play, answers: Any = answers) -> None:
            answers.append(canceller(play.world).run(play.message))

        play.act(choose, play.fan_out(play.message), delete)
        counts = play.world.batches.totals.tally(play.message, 1).counts(deleted=True)
        assert (answers[0]["withheld"], answers[0]["in_flight"]) == (counts["deleted"], counts["outstanding"])
        play.world.rest(play.message)
        assert not play.world.provider.accepted
        played += 1
        if played >= DRAWN:
            break
    assert played > 50


def test_an_unsubscribe_holds_for_every_page_committed_after_it() -> None:
    played = 0
    for choose in every_order():
        play = Play()
        committed_first: list[bool] = []

        def unsubscribe(play: Play = play, committed_first: list[bool] = committed_first) -> None:
            play.world.audience.subscriptions.remove(THREE[0], "news", "email")
            committed_first.append(bool(play.jobs()))

        play.act(choose, play.fan_out(play.message), unsubscribe)
        play.world.rest(play.message)
        if committed_first == [False]:
            assert THREE[0] not in play.world.provider.copies(play.message)
        played += 1
        if played >= DRAWN:
            break
    assert played > 50


@pytest.fixture
def short_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A query answers a few items at a time, as it does a megabyte."""
    monkeypatch.setattr("testing.memory_aws.queries.PAGE_BYTES", 500)


@pytest.mark.usefixtures("short_answers")
def test_counts_that_are_read_while_batches_settle_leave_nobody_out() -> None:
    for choose in drawn_orders(DRAWN, seed=6):
        play = Play(SEVEN)
        play.world.step("fan_out")
        seen: list[Totals] = []
        play.act(choose, play.counting(seen), *(play.worker(job.batch_id, job) for job in play.jobs()))
        assert [tally.counts()["recipients"] for tally in seen] == [len(SEVEN)] * len(seen)
        play.once_each()


@pytest.mark.usefixtures("short_answers")
def test_counts_that_are_read_while_batches_are_opened_again_leave_nobody_out() -> None:
    for choose in drawn_orders(DRAWN, seed=7):
        play = Play(SEVEN)
        play.world.provider.rejects = frozenset(SEVEN)
        play.world.rest(play.message)
        play.world.provider.rejects = frozenset()
        play.world.redrive(play.message)
        seen: list[Totals] = []
        play.act(choose, play.counting(seen), play.fan_out(play.message))
        assert [tally.counts()["recipients"] for tally in seen] == [len(SEVEN)] * len(seen)
        play.once_each()


@pytest.mark.usefixtures("short_answers")
def test_a_message_comes_to_rest_with_everybody_counted() -> None:
    """While a worker asks whether its batches were the last, more are fanned out, and settled by some that die then."""
    play = Play(SEVEN)
    play.world.fan_out().run(FanOutJob(play.message, 0), time_left=lambda: -1.0)  # one page
    queries = 0

    def meanwhile(name: str, work: Callable[[], Any]) -> Any:
        nonlocal queries
        if name == "dynamodb:Query":
            queries += 1
            with play.world.unwatched():
                if queries == 2:  # it saw that nothing is open, and will see that all is fanned out
                    play.fan_out(play.message)()
                    send_and_die(play.jobs()[-1:])
                if queries == 4:  # it saw what is done, and will see what is open
                    send_and_die(play.jobs())
        return work()

    def send_and_die(jobs: list[Job]) -> None:
        play.world.memory.interpose = dead_when_it_asks
        with suppress(Died):
            play.worker("another", *jobs)()

    def dead_when_it_asks(name: str, work: Callable[[], Any]) -> Any:
        if name == "dynamodb:Query":
            raise Died
        return work()

    jobs = play.jobs()
    play.world.memory.interpose = meanwhile
    play.worker("first", *jobs)()
    play.world.memory.interpose = None
    assert queries >= 4
    play.once_each()
    assert play.world.counts_that_differ(play.message, [*play.world.codes(play.message).values()]) == []
