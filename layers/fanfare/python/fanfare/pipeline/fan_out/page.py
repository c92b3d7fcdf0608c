"""One page of a fan-out: the content of one transaction, within its limit of items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from itertools import count, islice
from typing import Any, Final, TypeVar

from fanfare.aws.transactions import TRANSACTION_LIMIT
from fanfare.channels import CHANNELS
from fanfare.channels.reasons import Reason
from fanfare.clock import to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.audience import UNKNOWN_LIFE, User
from fanfare.domain.batch import Batch, BatchState, Charge, Skip, WaitReason, batch_id
from fanfare.domain.digests.windows import Gathered, opened
from fanfare.domain.eligibility import Action, Candidate, Verdict, decide
from fanfare.domain.message import Message, OwnData, Payload, Progress
from fanfare.domain.outcomes import Outcome
from fanfare.domain.schedule import Due
from fanfare.ids import new_message_id
from fanfare.pipeline.fan_out.candidates import Row, counted
from fanfare.store.own_data import owned_places
from fanfare.store.windows import ITEMS_TO_OPEN

T = TypeVar("T")

ITEMS = TRANSACTION_LIMIT  # items of a page's transaction
PAGE = 2_000  # recipients per page at most: their batches easily fit one transaction
# Other items than batches, charges and records of skips: cursor, removals or body, list of skips, one in reserve
SPARE = 4
STEP_PAUSE: Final = timedelta(minutes=1)
OF_A_BATCH: Final = 2  # items: recipients and state; with own data of recipients one more


@dataclass
class _Filling:
    """Recipients on one channel due at the same time, and their lives.

    `charged_at`: counted against limits, in epoch seconds.
    """

    users: list[str] = field(default_factory=list)
    lives: list[str] = field(default_factory=list)
    charged_at: int | None = None


@dataclass
class FanOutPage:
    """The content of one transaction. `add` fills it until the next candidate does not fit."""

    progress: Progress
    message_id: str = ""
    retain_until: int = 0
    cursor: str | None = None
    recipients: int = 0
    items: int = SPARE  # of the transaction, so far
    own: OwnData = field(default_factory=dict)  # of the message's recipients
    skips: list[Skip] = field(default_factory=list)
    gathered: list[Gathered] = field(default_factory=list)
    charges: dict[str, tuple[User, Mapping[str, Any]]] = field(
        default_factory=dict
    )  # by user: as read, and the new counters
    # What the workers decide: they apply all rules again to batches with such recipients
    unchecked: bool = False  # whether everybody is still subscribed
    uncharged: set[str] = field(default_factory=set)  # users to be charged by them
    overflows: bool = False  # what is over the limit goes into digests, which the workers can't do
    _filling: dict[tuple[str, str | None], _Filling] = field(default_factory=dict)

    @classmethod
    def of(cls, message: Message, payload: Payload, progress: Progress, *, unchecked: bool = False) -> FanOutPage:
        """An empty page of the message."""
        return cls(
            progress,
            message_id=message.id,
            retain_until=message.retain_until,
            cursor=progress.cursor,
            own=payload.own,
            unchecked=unchecked,
        )

    def add(self, row: Row, candidate: Candidate | None) -> bool:
        """Decide a candidate and add it to the page; False if the page is full. None: only move the cursor."""
        if candidate is None:
            self.cursor = row.position
            return True
        charged = self.charges.get(row.user_id)
        candidate = _at_first(counted(candidate, charged[1] if charged else None))
        verdict = decide(candidate)
        if candidate.gathering is not None and candidate.user is not None:
            self.overflows |= candidate.gathering.takes_rest(candidate.user, row.channel)
        # a message that has expired by now fails for all its recipients; the delivery records that
        over = verdict.reason == Reason.EXPIRED and candidate.over
        skipped = verdict.action is Action.SKIP and not over
        items = self.items + (1 if skipped else self._more(row, candidate, verdict))
        if self.recipients >= PAGE or items > ITEMS:
            return False
        self.items = items
        if verdict.action is Action.DIGEST:
            self.gathered.append(self._gathered(row, candidate, verdict))
        elif skipped:
            self.skips.append(Skip(user_id=row.user_id, channel=row.channel, reason=verdict.reason or ""))
        else:
            self._let_through(row, candidate, verdict)
        self.recipients += 1
        self.cursor = row.position
        return True

    def _more(self, row: Row, candidate: Candidate, verdict: Verdict) -> int:
        """Items that a recipient adds: a new batch if needed, and a charge of the user if needed.

        To a digest: its record, its window, and the presence of a user with own data.
        """
        if verdict.action is Action.DIGEST:
            window = 1 if candidate.current.window else ITEMS_TO_OPEN
            return 1 + window + (not self.gathered) + (self.own.get(row.user_id) is not None)
        filling = self._filling.get((row.channel, _slot(verdict)))
        begins = filling is None or len(filling.users) % CHANNELS[row.channel].batch_size == 0
        charges = verdict.limits is not None and row.user_id not in self.charges
        return (OF_A_BATCH + bool(self.own) if begins else 0) + charges

    def _let_through(self, row: Row, candidate: Candidate, verdict: Verdict) -> None:
        filling = self._filling.setdefault((row.channel, _slot(verdict)), _Filling())
        filling.users.append(row.user_id)
        filling.lives.append(candidate.user.life if candidate.user else UNKNOWN_LIFE)
        if verdict.limits is not None and candidate.user is not None:
            first = self.charges.get(row.user_id)
            self.charges[row.user_id] = (first[0] if first else candidate.user, verdict.limits)
            filling.charged_at = int((verdict.until or candidate.now).timestamp())

    def _gathered(self, row: Row, candidate: Candidate, verdict: Verdict) -> Gathered:
        """The recipient with the window, which is opened if there is none."""
        window, group = candidate.current.window, candidate.group
        if candidate.gathering is None or group is None or verdict.until is None:
            raise ValueError("a digest without a group")
        own = self.own.get(row.user_id)
        if window is None:
            window = opened(
                new_message_id(candidate.now),
                group,
                message_id=self.message_id,
                closes_at=verdict.until,
                now=candidate.now,
                template=candidate.gathering.template,
                retain_until=self.retain_until,
            )
        return Gathered(
            user_id=row.user_id,
            channel=row.channel,
            window=window,
            opens=candidate.current.window is None,
            after=candidate.current.newest,
            own=own.data if own else None,
        )

    def batches(self, message: Message, *, overdue: datetime) -> Iterator[tuple[Batch, BatchState]]:
        """The batches of the page. Batches that are due now are re-sent if still open at `overdue`."""
        shard, numbers = self.progress.shard, count()
        for (channel, slot), filling in self._filling.items():
            size = CHANNELS[channel].batch_size
            for users, lives in zip(_chunks(filling.users, size), _chunks(filling.lives, size), strict=True):
                name = batch_id(shard, self.progress.page, next(numbers))
                state = BatchState(
                    message_id=message.id,
                    shard=shard,
                    id=name,
                    channel=channel,
                    generation=1,
                    codes=Outcome.OUTSTANDING.value * len(users),
                    waiting=self._waiting(slot, users),
                    due_at=slot or to_text(overdue),
                    retain_until=message.retain_until,
                    charges=self._charges(filling, users),
                )
                batch = Batch(
                    message_id=message.id,
                    shard=shard,
                    id=name,
                    channel=channel,
                    recipients=tuple(users),
                    owned=tuple(owned_places(users, self.own)),
                    lives="".join(lives),
                )
                yield batch, state

    def _waiting(self, slot: str | None, users: Iterable[str]) -> WaitReason:
        if slot:
            return WaitReason.DEFERRED
        asked_again = self.unchecked or not self.uncharged.isdisjoint(users)
        return WaitReason.RETRY if asked_again else WaitReason.QUEUED

    def _charges(self, filling: _Filling, users: Sequence[str]) -> tuple[Charge, ...]:
        places = tuple(place for place, user in enumerate(users) if user not in self.uncharged)
        if filling.charged_at is None or not places:
            return ()
        return (Charge(filling.charged_at, () if len(places) == len(users) else places),)


def _at_first(candidate: Candidate) -> Candidate:
    """The candidate as it is chosen: an earlier step needs a moment, although a later one may be due already."""
    due = candidate.due
    if due is None or due.reason is not Reason.STEP or candidate.awaits_step:
        return candidate
    return replace(candidate, due=Due(candidate.now + STEP_PAUSE, Reason.STEP))


def _slot(verdict: Verdict) -> str | None:
    """The due time if it is later than now. Recipients with the same due time share a batch."""
    return to_text(verdict.until) if verdict.until else None


def _chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk
