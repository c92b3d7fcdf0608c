"""What is played under faults, and how it is judged: from the tables and the provider's outbox alone."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from unittest.mock import patch
from uuid import UUID

from fanfare.channels import CHANNELS
from fanfare.domain.lifecycle import AT_REST, State
from fanfare.domain.outcomes import Outcome
from fanfare.pipeline.fan_out import job, page, short_way

from tests.faults.adversary import Change, all_of, is_counted, renames, toggles
from tests.faults.modes import Fault
from tests.faults.providers import OWN, Sent
from tests.faults.times import START
from tests.faults.world import Act, World

SEVEN = tuple(f"user-{number}" for number in range(7))
THREE = SEVEN[:3]


@dataclass(frozen=True)
class Verdict:
    """What a schedule did. `lost` and `wrong` must be empty; `unexplained` are copies that no fault accounts for.

    `held`: who failed, and whom the provider never got.
    """

    lost: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    unexplained: tuple[str, ...] = ()
    held: tuple[str, ...] = ()

    def __add__(self, other: Verdict) -> Verdict:
        return Verdict(
            self.lost + other.lost,
            self.wrong + other.wrong,
            self.duplicates + other.duplicates,
            self.unexplained + other.unexplained,
            self.held + other.held,
        )

    @property
    def bad(self) -> bool:
        return bool(self.lost or self.wrong or self.unexplained)


@dataclass(frozen=True)
class Scenario:
    """`acts` are what services do, and time passing; each is repeated until it says that it is over."""

    name: str
    users: tuple[str, ...]
    acts: tuple[Act, ...]
    channels: tuple[str, ...] = ("email",)
    shards: int = 1
    limit: int | None = None
    receipts: bool = True
    hold: bool = False
    scheduled: timedelta = timedelta(0)  # after the begin: before that nobody may be reached
    night: bool = False  # some are asleep by the time at which the provider can take mails again
    seconds: Mapping[str, float] = field(default_factory=dict)  # that functions have, if fewer than in the stack
    call_seconds: float = 0.0  # that each call takes
    adversary: Change | None = None  # what changes between any two calls
    contended: tuple[str, ...] = ()  # further users, whom it changes: they may be in the audience or not
    may_end: frozenset[State] = frozenset({State.SENT})
    faults: int = 1  # how many at once `make faults` plays
    third_from: int = 1  # a third fault strikes after each of this many moments after two, unless all are asked for

    def world(self) -> World:
        """The world before the first act."""
        world = World()
        world.provider.receipts = self.receipts
        limit = {"count": self.limit, "per_seconds": 3600, "overflow": "drop"} if self.limit else None
        world.prepare((*self.users, *self.contended), channels=self.channels, shards=self.shards, limit=limit)
        world.functions.limits |= self.seconds
        world.call_time = timedelta(seconds=self.call_seconds)
        world.adversary = self.adversary
        if self.scheduled:
            world.provider.asleep, world.provider.night = frozenset(self.users), (START, START + self.scheduled)
        if self.night:
            _night(world, self.users[::2])
        return world

    def step(self, world: World, fault: Fault | None = None) -> None:
        """The next step, with a fault at one of its calls."""
        try:
            world.act += world.once(self.acts[world.act], fault)
        except Exception as error:  # noqa: BLE001 - whatever it is, the schedule that made it has to be named
            world.wrong.append(repr(error))
            world.act = len(self.acts)

    def over(self, world: World) -> bool:
        return world.act == len(self.acts)

    def judge(self, world: World) -> Verdict:
        """What became of everybody."""
        if not world.posted:
            return Verdict(wrong=(*world.wrong, "it was never accepted"))
        verdicts = [self._of_message(world, message) for message in world.posted]
        wrong = [*world.wrong]
        wrong += [f"another message reached {s.user}" for s in world.provider.accepted if s.message not in world.posted]
        return sum(verdicts, Verdict(wrong=tuple(wrong)))

    def _of_message(self, world: World, message: str) -> Verdict:
        outcomes, copies, state = world.outcomes(message), world.provider.reached(message), world.state(message)
        expected = {(user, channel) for user in self.users for channel in self.channels}
        wrong = [] if state in self.may_end else [f"the message ended {state}"]
        if state not in AT_REST:
            wrong.append("it never came to rest")
        chosen = {who for who in outcomes if who[0] not in self.contended}
        if state is not State.DELETED and chosen != expected:
            wrong.append(f"the tables know {len(chosen)} of {len(expected)} recipients")
        for who, outcome in outcomes.items():
            if outcome.label == "pending":
                wrong.append(f"{who} is still {outcome}")
            if outcome is Outcome.SENT and not copies[who]:
                wrong.append(f"{who} is sent, but was not")
            if outcome in (Outcome.SKIPPED, Outcome.DELETED) and copies[who]:
                wrong.append(f"{who} was sent, but is {outcome.label}")
        wrong += world.records_that_differ(message, outcomes)
        wrong += world.counts_that_differ(message, [*outcomes.values()])
        lost = [who for who in sorted(expected) if not copies[who] and outcomes.get(who) in (None, Outcome.SENT)]
        if state is State.DELETED:
            lost = []
        duplicates = [who for who, count in copies.items() if count > 1]
        accepted = [sent for sent in world.provider.accepted if sent.message == message]
        unexplained = [who for who in duplicates if self.hold or not explained(accepted, who)]
        held = [who for who, outcome in outcomes.items() if outcome is Outcome.FAILED and not copies[who]]
        named = [tuple(map("/".join, each)) for each in (lost, duplicates, unexplained, held)]
        return Verdict(named[0], tuple(wrong), *named[1:])


def explained(accepted: Sequence[Sent], who: tuple[str, str]) -> bool:
    """Whether each further copy followed one whose answer or record fell to a fault."""
    return all(sent.excused for sent in [each for each in accepted if (each.user, each.channel) == who][:-1])


def _night(world: World, asleep: Sequence[str]) -> None:
    """From 08:05 to 09:00 some users are asleep; the provider's quota is used up until 08:06."""
    world.provider.quota_until = START + timedelta(minutes=6)
    world.provider.asleep = frozenset(asleep)
    world.provider.night = START + timedelta(minutes=5), START + timedelta(minutes=60)
    hours = {"start": "08:05", "end": "09:00"}
    world.audience.users.put_many(
        {user: {"email": f"{user}@example.com", "name": user, "quiet_hours": hours} for user in asleep}
    )


def _posting(**fields: Any) -> Act:
    def post(world: World) -> bool:
        def request() -> None:
            world.posted += (world.post(**fields),)

        return world.answered(request)

    return post


def _second(world: World) -> bool:
    """Passes: the ids of messages are made of the time."""
    world.sleep(1)
    return True


def _rest(world: World) -> bool:
    return world.tick(world.posted)


def _refuse_one(world: World) -> bool:
    world.provider.rejects = frozenset({THREE[1]})
    return True


def _refuse_nobody(world: World) -> bool:
    world.provider.rejects = frozenset()
    return True


def _redrive(world: World) -> bool:
    return world.answered(lambda: world.redrive(world.posted[0]))


def _fan_out(world: World) -> bool:
    world.step("fan_out")
    return True


def _deliver_one_batch(world: World) -> bool:
    world.step("email", limit=1)
    return True


def _delete(world: World) -> bool:
    """Once it is answered, no more may leave than the answer says is in flight."""

    def request() -> None:
        world.delete(world.posted[0])

    return world.answered(request)


# Calls are slow: a page, or a batch, is begun with little more time than what the functions keep in reserve
SHORT = {"fan_out": 21.0, "deliver": 38.0, "reconcile": 25.0}
POST_AND_REST = (_posting(), _rest)
POST_TO_HOLD = (_posting(on_doubt="hold"), _rest)


def _several(**fields: Any) -> tuple[Act, ...]:
    """Three messages, whose batches are in one event of the worker."""
    posts = (_posting(key=key, **fields) for key in ("one", "two", "three"))
    return (*chain.from_iterable((post, _second) for post in posts), _rest)


SEVERAL, SEVERAL_TO_HOLD = _several(), _several(on_doubt="hold")
ANY_END = frozenset({State.SENT, State.FAILED})

CONTENDED = ("user-0-toggles", "user-1-renames", "user-2-is-counted")
ADVERSARY = all_of(toggles(CONTENDED[0]), renames(CONTENDED[1]), is_counted(CONTENDED[2]))


def own_data(users: Sequence[str]) -> Mapping[str, Any]:
    """A message with data of each of these users."""
    return {
        "recipients": [{"user": user, "data": {"own": f"{OWN}{user}."}} for user in users],
        "template": None,
        "content": {"subject": "Hello", "text": "{{ data.own }}"},
    }


FOUR, TWO, ONE = SEVEN[:4], SEVEN[:2], SEVEN[:1]
SCENARIOS = (
    Scenario("post", SEVEN, POST_AND_REST, shards=2),
    Scenario("limited", SEVEN, POST_AND_REST, shards=2, limit=3),
    Scenario("night", THREE, POST_AND_REST, limit=3, night=True),
    Scenario("no receipts", SEVEN, POST_AND_REST, shards=2, receipts=False),
    Scenario("sms", SEVEN, POST_AND_REST, channels=("sms",), shards=2),
    Scenario("push", SEVEN, POST_AND_REST, channels=("push",), shards=2),
    Scenario("webhook", SEVEN, POST_AND_REST, channels=("webhook",), shards=2),
    Scenario("four channels", THREE, POST_AND_REST, channels=("email", "sms", "push", "webhook")),
    Scenario("near the end", SEVEN, POST_AND_REST, seconds=SHORT, call_seconds=1.2),
    Scenario("hold", SEVEN, POST_TO_HOLD, receipts=False, hold=True, may_end=ANY_END),
    Scenario("hold several", THREE, SEVERAL_TO_HOLD, receipts=False, hold=True, may_end=ANY_END),
    Scenario("one event", ("a",), SEVERAL, receipts=False, faults=2),
    Scenario("hold push", THREE, POST_TO_HOLD, channels=("push",), hold=True, may_end=ANY_END),
    Scenario(
        "redrive",
        THREE,
        (_refuse_one, _posting(), _rest, _refuse_nobody, _redrive, _rest),
        may_end=ANY_END,
        faults=2,
    ),
    Scenario(
        "cancel",
        SEVEN,
        (_posting(), _fan_out, _deliver_one_batch, _delete, _rest),
        may_end=frozenset({State.SENT, State.DELETED}),
        faults=2,
    ),
    Scenario("own data", FOUR, (_posting(**own_data(FOUR)), _rest), faults=2),
    Scenario("adversary", THREE, POST_AND_REST, adversary=toggles(CONTENDED[0]), contended=CONTENDED[:1]),
    Scenario(
        "adversary, limited",
        THREE,
        POST_AND_REST,
        limit=3,
        adversary=all_of(toggles(CONTENDED[0]), renames(CONTENDED[1])),
        contended=CONTENDED[:2],
    ),
)
# Named recipients that fit one transaction: no fan-out
TO_FEW = (
    Scenario("to one", ONE, (_posting(recipients=ONE), _rest), faults=3),
    Scenario(
        "to one, three channels",
        ONE,
        (_posting(recipients=ONE), _rest),
        channels=("email", "sms", "push"),
        faults=3,
        third_from=8,
    ),
    Scenario(
        "to two, limited, deleted",
        TWO,
        (_posting(recipients=TWO, on_doubt="hold"), _delete, _rest),
        limit=3,
        receipts=False,
        hold=True,
        may_end=ANY_END | {State.DELETED},
        faults=3,
    ),
    Scenario(
        "to one, limited, deleted on the way",
        ONE,
        (_posting(recipients=ONE, on_doubt="hold"), _deliver_one_batch, _delete, _rest),
        channels=("email", "sms"),
        limit=3,
        receipts=False,
        hold=True,
        may_end=ANY_END | {State.DELETED},
        faults=3,
        third_from=4,
    ),
    Scenario("to two, own data", TWO, (_posting(**own_data(TWO)), _rest), faults=3),
    Scenario(
        "to two, redriven",
        TWO,
        (_refuse_one, _posting(recipients=TWO), _rest, _refuse_nobody, _redrive, _rest),
        may_end=ANY_END,
        faults=2,
    ),
)
# Chosen before their time: the fan-out is ahead by half an hour
AT_HALF_PAST = (_posting(send_at="2027-01-01T08:30:00Z"), _rest)
STEPS = ({"channels": ["push"]}, {"after": "PT2M", "channels": ["email"], "unless": "sent"})
HALF_AN_HOUR = timedelta(minutes=30)
LATER = (
    Scenario("scheduled", THREE, AT_HALF_PAST, limit=3, scheduled=HALF_AN_HOUR, faults=2),
    Scenario("steps", ONE, (_posting(recipients=ONE, steps=STEPS), _rest), channels=("push", "email"), faults=2),
    Scenario("steps, to a topic", THREE, (_posting(steps=STEPS), _rest), channels=("push", "email")),
    Scenario("scheduled, shards", SEVEN, AT_HALF_PAST, shards=2, scheduled=HALF_AN_HOUR),
)
SMALL = (
    Scenario("post", THREE, POST_AND_REST, faults=3, third_from=4),
    Scenario("no receipts", THREE, POST_AND_REST, receipts=False, faults=3, third_from=4),
    Scenario("hold", THREE, POST_TO_HOLD, receipts=False, hold=True, may_end=ANY_END, faults=2),
    Scenario("hold, one event", ("a",), SEVERAL_TO_HOLD, receipts=False, hold=True, may_end=ANY_END, faults=2),
    Scenario("sms", THREE, POST_AND_REST, channels=("sms",), faults=2),
)
# Only `make faults` plays these: one of them is contended until the last attempt
LONG = (
    Scenario("contended", THREE, POST_AND_REST, limit=3, adversary=ADVERSARY, contended=CONTENDED, may_end=ANY_END),
)


def _id_of(now: datetime) -> str:
    """As `new_message_id` makes them, but the same ones on every run."""
    return str(UUID(int=int(now.timestamp() * 1000) << 80 | 0x7 << 76 | 0x2 << 62 | random.getrandbits(62)))


@contextmanager
def small_pages() -> Iterator[None]:
    """Batches of two, pages of three and small transactions, so that a few users make several of each."""
    sizes = {channel: channel.batch_size for channel in CHANNELS.values()}
    before = page.PAGE, job.ROWS, page.ITEMS, short_way.PAIRS
    page.PAGE, job.ROWS, page.ITEMS, short_way.PAIRS = 3, 5, 10, 3
    for channel in sizes:
        channel.batch_size = 2
    logging.disable(logging.CRITICAL)
    try:
        with ExitStack() as stack:
            for module in ("build_message", "fan_out.page", "reconcile.due_windows"):
                stack.enter_context(patch(f"fanfare.pipeline.{module}.new_message_id", _id_of))
            yield
    finally:
        page.PAGE, job.ROWS, page.ITEMS, short_way.PAIRS = before
        for channel, size in sizes.items():
            channel.batch_size = size
        logging.disable(logging.NOTSET)
