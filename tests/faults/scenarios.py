"""What is played under faults, and how it is judged: from the tables and the provider's outbox alone."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from unittest.mock import patch
from uuid import UUID

from fanfare.channels.email import Email
from fanfare.domain.lifecycle import AT_REST, State
from fanfare.domain.outcomes import Outcome
from fanfare.pipeline.fan_out import job, page

from tests.faults.world import START, Act, Fault, Sent, World

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
    """`acts` are what services do, and time passing; each is repeated until it says that it is over."""

    name: str
    users: tuple[str, ...]
    acts: tuple[Act, ...]
    shards: int = 1
    limit: int | None = None
    receipts: bool = True
    hold: bool = False
    night: bool = False  # some are asleep by the time at which the provider can take mails again
    may_end: frozenset[State] = frozenset({State.SENT})
    faults: int = 1  # how many at once `make faults` plays

    def world(self) -> World:
        """The world before the first act."""
        world = World()
        world.provider.receipts = self.receipts
        limit = {"count": self.limit, "per_seconds": 3600, "overflow": "drop"} if self.limit else None
        world.prepare(self.users, shards=self.shards, limit=limit)
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
        message = world.message
        if message is None:
            return Verdict(wrong=(*world.wrong, "it was never accepted"))
        codes, copies, state = world.codes(message), world.provider.copies(message), world.state(message)
        wrong = [*world.wrong]
        wrong += [] if state in self.may_end else [f"the message ended {state}"]
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
        wrong += [f"another message reached {s.user}" for s in world.provider.accepted if s.message != message]
        wrong += world.records_that_differ(message, codes)
        wrong += world.counts_that_differ(message, codes)
        lost = [user for user in self.users if not copies[user] and codes.get(user) in (None, Outcome.SENT)]
        if state is State.DELETED:
            lost = []
        duplicates = [user for user, count in copies.items() if count > 1]
        unexplained = [user for user in duplicates if self.hold or not explained(world.provider.accepted, user)]
        return Verdict(tuple(lost), tuple(wrong), tuple(duplicates), tuple(unexplained))


def explained(accepted: Sequence[Sent], user: str) -> bool:
    """Whether each further copy followed one whose answer or record fell to a fault."""
    return all(sent.excused for sent in [each for each in accepted if each.user == user][:-1])


def _night(world: World, asleep: Sequence[str]) -> None:
    """From 08:05 to 09:00 some users are asleep; the provider's quota is used up until 08:06."""
    world.provider.quota_until = START + timedelta(minutes=6)
    world.provider.asleep = frozenset(asleep)
    world.provider.night = START + timedelta(minutes=5), START + timedelta(minutes=60)
    hours = {"start": "08:05", "end": "09:00"}
    world.audience.users.put_many(
        {user: {"email": f"{user}@example.com", "name": user, "quiet_hours": hours} for user in asleep}
    )


def _posting(**fields: str) -> Act:
    def post(world: World) -> bool:
        def request() -> None:
            world.message = world.post(**fields)

        return world.answered(request)

    return post


def _rest(world: World) -> bool:
    return world.tick([world.message or ""])


def _refuse_one(world: World) -> bool:
    world.provider.rejects = frozenset({THREE[1]})
    return True


def _refuse_nobody(world: World) -> bool:
    world.provider.rejects = frozenset()
    return True


def _redrive(world: World) -> bool:
    return world.answered(lambda: world.redrive(world.message or ""))


def _fan_out(world: World) -> bool:
    world.step("fan_out")
    return True


def _deliver_one_batch(world: World) -> bool:
    world.step("email", limit=1)
    return True


def _delete(world: World) -> bool:
    """Once it is answered, no more may leave than the answer says is in flight."""

    def request() -> None:
        world.delete(world.message or "")

    return world.answered(request)


POST_AND_REST = (_posting(), _rest)
POST_TO_HOLD = (_posting(on_doubt="hold"), _rest)
ANY_END = frozenset({State.SENT, State.FAILED})

SCENARIOS = (
    Scenario("post", SEVEN, POST_AND_REST, shards=2),
    Scenario("limited", SEVEN, POST_AND_REST, shards=2, limit=3),
    Scenario("night", THREE, POST_AND_REST, limit=3, night=True),
    Scenario("no receipts", SEVEN, POST_AND_REST, shards=2, receipts=False),
    Scenario("hold", SEVEN, POST_TO_HOLD, receipts=False, hold=True, may_end=ANY_END),
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
)
SMALL = (
    Scenario("post", THREE, POST_AND_REST, faults=3),
    Scenario("no receipts", THREE, POST_AND_REST, receipts=False, faults=3),
    Scenario("hold", THREE, POST_TO_HOLD, receipts=False, hold=True, may_end=ANY_END, faults=3),
)


def _id_of(now: datetime) -> str:
    """As `new_message_id` makes them, but the same ones on every run."""
    return str(UUID(int=int(now.timestamp() * 1000) << 80 | 0x7 << 76 | 0x2 << 62 | random.getrandbits(62)))


@contextmanager
def small_pages() -> Iterator[None]:
    """Batches of two, pages of three and small transactions, so that a few users make several of each."""
    before = (Email.batch_size, page.PAGE, job.ROWS, page.ITEMS)
    Email.batch_size, page.PAGE, job.ROWS, page.ITEMS = 2, 3, 5, 10
    logging.disable(logging.CRITICAL)
    try:
        with patch("fanfare.pipeline.build_message.new_message_id", _id_of):
            yield
    finally:
        Email.batch_size, page.PAGE, job.ROWS, page.ITEMS = before
        logging.disable(logging.NOTSET)
