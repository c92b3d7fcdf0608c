"""What is played under faults, and how it is judged: from the tables and the provider's outbox alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from fanfare import fan_out
from fanfare.channels.email import Email
from fanfare.status import AT_REST, Outcome, State

from tests.faults.world import Fault, World

SEVEN = tuple(f"user-{number}" for number in range(7))
THREE = SEVEN[:3]


@dataclass(frozen=True)
class Verdict:
    """What a schedule did. `lost` and `wrong` must be empty; `unexplained` are copies that no fault accounts for."""

    lost: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    unexplained: tuple[str, ...] = ()

    @property
    def bad(self) -> bool:
        return bool(self.lost or self.wrong or self.unexplained)


@dataclass(frozen=True)
class Scenario:
    """`play` does what services do and lets time pass; it returns the message that is judged."""

    name: str
    users: tuple[str, ...]
    play: Callable[[World], str]
    shards: int = 1
    limit: int | None = None
    receipts: bool = True
    hold: bool = False
    may_end: frozenset[State] = frozenset({State.SENT})

    def run(self, faults: Sequence[Fault]) -> tuple[World, Verdict]:
        """Play it under a schedule of faults."""
        world = World(faults)
        world.provider.receipts = self.receipts
        limit = {"count": self.limit, "per_seconds": 3600, "overflow": "drop"} if self.limit else None
        world.prepare(self.users, shards=self.shards, limit=limit)
        message = self.play(world)
        return world, self.judge(world, message)

    def judge(self, world: World, message: str) -> Verdict:
        """What became of everybody."""
        codes, copies, state = world.codes(message), world.provider.copies(message), world.state(message)
        wrong = [] if state in self.may_end else [f"the message ended {state}"]
        if state not in AT_REST:
            wrong.append("it never came to rest")
        if state is not State.DELETED and set(codes) != set(self.users):
            wrong.append(f"the tables know {len(codes)} of {len(self.users)} recipients")
        wrong += [f"{user} is still {code}" for user, code in codes.items() if code.label == "pending"]
        wrong += [f"{user} is sent, but was not" for user, c in codes.items() if c is Outcome.SENT and not copies[user]]
        wrong += [
            f"{user} was sent, but is {code.label}"
            for user, code in codes.items()
            if code in (Outcome.SKIPPED, Outcome.DELETED) and copies[user]
        ]
        lost = [user for user in self.users if not copies[user] and codes.get(user) in (None, Outcome.SENT)]
        if state is State.DELETED:
            lost = []
        duplicates = [user for user, count in copies.items() if count > 1]
        unexplained = [user for user in duplicates if self.hold or not explained(world, message, user)]
        return Verdict(tuple(lost), tuple(wrong), tuple(duplicates), tuple(unexplained))


def explained(world: World, message: str, user: str) -> bool:
    """Whether each further copy followed a provider's answer that was lost.

    The answer is lost where a fault strikes the provider's call itself, or one of the calls that
    follow it until the record of the delivery is durable.
    """
    sends = [number for about, who, number in world.provider.accepted if (about, who) == (message, user)]
    return all(
        any(number - 1 <= fault.call <= number - 1 + RECORDED_WITHIN for fault, _ in world.struck)
        for number in sends[:-1]
    )


RECORDED_WITHIN = 2  # the records are the next call after the provider's, and one more where it is repeated


def _post(world: World, **fields: str) -> str:
    message = world.post(**fields)
    world.rest(message)
    return message


def _post_and_hold(world: World) -> str:
    return _post(world, on_doubt="hold")


def _fail_and_redrive(world: World) -> str:
    world.provider.rejects = {THREE[1]}
    message = world.post()
    world.rest(message)
    world.provider.rejects = set()
    if world.state(message) is State.FAILED:
        world.redrive(message)
        world.rest(message)
    return message


def _cancel_in_mid_flight(world: World) -> str:
    message = world.post()
    world.step("fan_out")
    world.step("email", limit=1)
    answer = world.delete(message)
    before = len(world.provider.accepted)
    world.rest(message)
    if answer:
        more = len(world.provider.accepted) - before
        assert more <= int(answer["in_flight"]), "more left after the deletion than was in flight"
    return message


ANY_END = frozenset({State.SENT, State.FAILED})

SCENARIOS = (
    Scenario("post", SEVEN, _post, shards=2),
    Scenario("limited", SEVEN, _post, shards=2, limit=3),
    Scenario("no receipts", SEVEN, _post, shards=2, receipts=False),
    Scenario("hold", SEVEN, _post_and_hold, receipts=False, hold=True, may_end=ANY_END),
    Scenario("redrive", THREE, _fail_and_redrive, may_end=ANY_END),
    Scenario("cancel", SEVEN, _cancel_in_mid_flight, may_end=frozenset({State.SENT, State.DELETED})),
)
SMALL = (
    Scenario("post", THREE, _post),
    Scenario("no receipts", THREE, _post, receipts=False),
    Scenario("hold", THREE, _post_and_hold, receipts=False, hold=True, may_end=ANY_END),
)


@contextmanager
def small_pages() -> Iterator[None]:
    """Batches of two and pages of three, so that a few users make several of each."""
    before = (Email.batch_size, fan_out.PAGE, fan_out.ROWS)
    Email.batch_size, fan_out.PAGE, fan_out.ROWS = 2, 3, 5
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        Email.batch_size, fan_out.PAGE, fan_out.ROWS = before
        logging.disable(logging.NOTSET)
