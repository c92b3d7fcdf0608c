"""A batch, its state, and totals summed from batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from fanfare.channels.receipts import Receipt
from fanfare.clock import to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.audience import LIFE_LENGTH, UNKNOWN_LIFE, User
from fanfare.domain.outcomes import UNSETTLED, Outcome

SHORT: Final = -1  # instead of a shard: the batches lie in the message's own item, because it took the short way
_SHORT_PREFIX: Final = "0000-short-"


class WaitReason(StrEnum):
    """What an open batch waits for."""

    QUEUED = "queued"  # a copy is in the channel's queue; if overdue, the copy was lost
    RETRY = "retry"  # the provider was down or throttled; the queue delivers a copy again
    DEFERRED = "deferred"  # until `due_at`: quiet hours or a rate limit
    DOUBT = "doubt"  # for the provider's event about an unknown outcome


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Up to N recipients of one message on one channel: the unit of the backup, queue, lease and retry."""

    message_id: str
    shard: int
    id: str
    channel: str
    recipients: tuple[str, ...]
    owned: tuple[int, ...] = ()  # places of recipients with data of their own
    lives: str = ""  # `User.life` of each recipient when it was decided; empty for batches of before

    def is_gone(self, place: int, user: User | None) -> bool:
        """Whether the recipient was erased since. `user`: the one who has the id now, maybe somebody else."""
        then = self.lives[place * LIFE_LENGTH : (place + 1) * LIFE_LENGTH] or UNKNOWN_LIFE
        return then != UNKNOWN_LIFE and (user is None or then != user.life)

    @property
    def with_own(self) -> list[str]:
        """Ids of the recipients with data of their own, or who had them before they were erased."""
        return [self.recipients[place] for place in self.owned]


@dataclass(frozen=True)
class Charge:
    """A charge against rate limits for the recipients at `places`; empty: for all recipients."""

    at: int  # epoch seconds
    places: tuple[int, ...] = ()


@dataclass(frozen=True)
class Wait:
    """Recipients at `places` must not be called before a time."""

    at: int  # epoch seconds
    places: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class BatchState:
    """The state of a batch that is not settled."""

    message_id: str
    shard: int
    id: str
    channel: str
    generation: int
    codes: str
    attempts: int = 0
    waiting: WaitReason = WaitReason.QUEUED
    due_at: str | None = None
    lease_owner: str | None = None
    lease_until: str | None = None
    lost: int = 0
    noted: bool = False  # the worker with the lease notes each hand-over; the previous version did not
    at: int | None = None  # place of the recipient that was last handed to the provider
    reason: str | None = None  # of the last failed attempt
    round: int = 0  # number of the redrive that opened it; 0 for the fan-out
    retain_until: int = 0
    charges: tuple[Charge, ...] = ()
    waits: tuple[Wait, ...] = ()

    def waiting_at(self, now: datetime) -> dict[int, datetime]:
        """Place → time before which the recipient must not be called, for times to come."""
        times = [(datetime.fromtimestamp(wait.at, UTC), wait.places) for wait in self.waits]
        return {place: at for at, places in times if at > now for place in places}

    @property
    def unsettled(self) -> list[int]:
        """Places of recipients without a final outcome."""
        return [place for place, code in enumerate(self.codes) if code in UNSETTLED]

    @property
    def next_unsettled(self) -> list[int]:
        """Unsettled places, starting after the last one attempted, so a slow endpoint can't starve the others."""
        at = -1 if self.at is None else self.at
        return sorted(self.unsettled, key=lambda place: (place <= at, place))

    def places(self, outcome: Outcome) -> list[int]:
        """Places of recipients with this outcome."""
        return [place for place, code in enumerate(self.codes) if code == outcome.value]

    def charged(self, place: int) -> tuple[int, ...]:
        """Times (epoch seconds) at which this delivery to the recipient was charged against limits."""
        return tuple(charge.at for charge in self.charges if not charge.places or place in charge.places)

    @property
    def handed_over(self) -> list[int]:
        """Places of recipients that the provider may have: all unsettled ones under a lease, else those in doubt."""
        return self.unsettled if self.lease_owner is not None else self.places(Outcome.IN_DOUBT)

    def leased(self, now: datetime) -> bool:
        """Whether a worker may be sending it now."""
        return self.lease_until is not None and self.lease_until > to_text(now)

    def awaits_event(self, now: datetime) -> bool:
        """Whether the provider's event about a lost answer may still come."""
        return self.waiting is WaitReason.DOUBT and self.due_at is not None and self.due_at > to_text(now)

    def with_outcomes(self, outcomes: Mapping[int, Outcome]) -> BatchState:
        """A copy with these outcomes by place."""
        codes = list(self.codes)
        for place, outcome in outcomes.items():
            codes[place] = outcome.value
        return replace(self, codes="".join(codes))


@dataclass(frozen=True, kw_only=True)
class Skip:
    """A recipient that the fan-out skipped."""

    user_id: str
    channel: str
    reason: str


class Leased(NamedTuple):
    """A batch that a worker leased: its state before the lease, and its recipients."""

    state: BatchState
    batch: Batch


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Outcomes of a message's recipients, summed from its batches.

    `in_flight`: sent to a provider without an answer, or possibly sent. A deletion withholds the others outstanding.
    `receipts`: of those sent, each under the strongest, if they were summed.
    """

    codes: Mapping[Outcome, int] = field(default_factory=dict)
    in_flight: int = 0
    receipts: Mapping[Receipt, int] = field(default_factory=dict)

    def __getitem__(self, outcome: Outcome) -> int:
        return self.codes.get(outcome, 0)

    def __add__(self, other: Totals) -> Totals:
        codes = {outcome: self[outcome] + other[outcome] for outcome in {**self.codes, **other.codes}}
        receipts = Counter(self.receipts) + Counter(other.receipts)
        return Totals(codes=codes, in_flight=self.in_flight + other.in_flight, receipts=receipts)

    @property
    def recipients(self) -> int:
        return sum(self.codes.values())

    @property
    def withheld(self) -> int:
        return self[Outcome.OUTSTANDING] + self[Outcome.IN_DOUBT] - self.in_flight

    def counts(self, *, deleted: bool = False) -> dict[str, int]:
        """Counts as in the API: recipients = sent + failed + skipped + deleted + digested + outstanding.

        In a `deleted` message, waiting recipients count as deleted, because nothing more is sent.
        """
        withheld = self.withheld if deleted else 0
        return {
            "recipients": self.recipients,
            "sent": self[Outcome.SENT],
            "failed": self[Outcome.FAILED],
            "skipped": self[Outcome.SKIPPED],
            "deleted": self[Outcome.DELETED] + withheld,
            "digested": self[Outcome.DIGESTED],
            "outstanding": self.in_flight + self.withheld - withheld,
        }


def shards_of(shards: int) -> Sequence[int]:
    """The shards of a message with this number of them. A message of the short way has none, but `SHORT`."""
    return range(shards) if shards else (SHORT,)


def batch_id(shard: int, page: int, number: int) -> str:
    """The id of a batch. Deterministic, so a repeated page has the same ids; sorts in the order of the fan-out."""
    if shard == SHORT:
        return f"{_SHORT_PREFIX}{number:02d}"
    return f"{shard:04d}-{page:06d}-{number:02d}"


def shard_in(batch: str) -> int:
    """The shard in the id of a batch."""
    return SHORT if batch.startswith(_SHORT_PREFIX) else int(batch.partition("-")[0])
