"""A batch and its state, and the totals that are summed from batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from fanfare.clock import to_text
from fanfare.domain.outcomes import UNSETTLED, Outcome


class WaitReason(StrEnum):
    """What an open batch waits for: says what it means when its time has passed."""

    QUEUED = "queued"  # a copy is in the channel's queue; overdue, it was lost
    RETRY = "retry"  # the provider was down or throttled; a copy comes back by itself
    DEFERRED = "deferred"  # not before `due_at`: quiet hours or a limit
    DOUBT = "doubt"  # for the provider's own event about an unknown outcome


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Up to N recipients of one message on one channel: the unit of the backup, queue, lease and retry."""

    message_id: str
    shard: int
    id: str
    channel: str
    recipients: tuple[str, ...]


@dataclass(frozen=True)
class Charge:
    """When recipients of a batch were counted against limits: those at `places`, or all of them if it is empty."""

    at: int  # in epoch seconds
    places: tuple[int, ...] = ()


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
    at: int | None = None  # the place that a worker was at, on a channel that goes one by one
    reason: str | None = None  # of the last attempt that failed
    round: int = 0  # of the message's redrives, the one that opened it
    retain_until: int = 0
    charges: tuple[Charge, ...] = ()

    @property
    def unsettled(self) -> list[int]:
        """The places of the recipients that are not settled yet."""
        return [place for place, code in enumerate(self.codes) if code in UNSETTLED]

    @property
    def next_unsettled(self) -> list[int]:
        """The same, beginning after the one that a worker was at last: who is slow makes nobody wait for ever."""
        at = -1 if self.at is None else self.at
        return sorted(self.unsettled, key=lambda place: (place <= at, place))

    def places(self, outcome: Outcome) -> list[int]:
        """The places of the recipients with this outcome."""
        return [place for place, code in enumerate(self.codes) if code == outcome.value]

    def charged(self, place: int) -> tuple[int, ...]:
        """When the recipient at a place was counted against the limits, for this delivery."""
        return tuple(charge.at for charge in self.charges if not charge.places or place in charge.places)

    @property
    def handed_over(self) -> list[int]:
        """The places of those who may be at the provider: all of a worker's, even a lost one's, and who is in doubt."""
        return self.unsettled if self.lease_owner is not None else self.places(Outcome.IN_DOUBT)

    def leased(self, now: datetime) -> bool:
        """Whether a worker may be sending it at this moment."""
        return self.lease_until is not None and self.lease_until > to_text(now)

    def awaits_event(self, now: datetime) -> bool:
        """Whether the provider's own word about a lost answer may still come."""
        return self.waiting is WaitReason.DOUBT and self.due_at is not None and self.due_at > to_text(now)

    def with_outcomes(self, outcomes: Mapping[int, Outcome]) -> BatchState:
        """The same batch with the outcomes of some places filled in."""
        codes = list(self.codes)
        for place, outcome in outcomes.items():
            codes[place] = outcome.value
        return replace(self, codes="".join(codes))


@dataclass(frozen=True, kw_only=True)
class Skip:
    """A recipient that the fan-out passed over."""

    user_id: str
    channel: str
    reason: str


class Leased(NamedTuple):
    """A batch that a worker took: its state as it was before, and who is in it."""

    state: BatchState
    batch: Batch


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Outcomes of a message's recipients so far, summed from its batches.

    `in_flight` are handed to a provider, or may have been; what else is outstanding is `withheld` by a deletion.
    """

    codes: Mapping[Outcome, int] = field(default_factory=dict)
    in_flight: int = 0

    def __getitem__(self, outcome: Outcome) -> int:
        return self.codes.get(outcome, 0)

    def __add__(self, other: Totals) -> Totals:
        codes = {outcome: self[outcome] + other[outcome] for outcome in {**self.codes, **other.codes}}
        return Totals(codes=codes, in_flight=self.in_flight + other.in_flight)

    @property
    def recipients(self) -> int:
        return sum(self.codes.values())

    @property
    def withheld(self) -> int:
        return self[Outcome.OUTSTANDING] + self[Outcome.IN_DOUBT] - self.in_flight

    def counts(self, *, deleted: bool = False) -> dict[str, int]:
        """As the API shows them: recipients = sent + failed + skipped + deleted + outstanding, always.

        Who waits in a message that is `deleted` is so, too: nothing of it can leave any more.
        """
        withheld = self.withheld if deleted else 0
        return {
            "recipients": self.recipients,
            "sent": self[Outcome.SENT],
            "failed": self[Outcome.FAILED],
            "skipped": self[Outcome.SKIPPED],
            "deleted": self[Outcome.DELETED] + withheld,
            "outstanding": self.in_flight + self.withheld - withheld,
        }


def batch_id(shard: int, page: int, number: int) -> str:
    """The same for the same page, however often it is tried; sorts in the order of the fan-out."""
    return f"{shard:04d}-{page:06d}-{number:02d}"
