"""A message as stored, its payload, and the progress of its fan-out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypedDict

from fanfare.channels.reasons import Reason
from fanfare.clock import from_text
from fanfare.data_classes import dataclass
from fanfare.domain.batch import SHORT, shards_of
from fanfare.domain.catalogue import Pinned
from fanfare.domain.lifecycle import AT_REST, State
from fanfare.ids import shard_of


@dataclass(frozen=True, kw_only=True)
class Own:
    """What a message says of one recipient: `data` to lay over the message's, and who it is if no user is stored.

    `person`: the profile of somebody without a stored user, with `email`, `phone` or both.
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    person: Mapping[str, Any] | None = None


OwnData = Mapping[str, Own | None]  # user id → what the message says of that recipient; None: erased


def people_of(user_ids: Iterable[str], own: OwnData) -> dict[str, Mapping[str, Any]]:
    """User id → profile, of recipients that the message describes itself."""
    known = {user_id: own.get(user_id) for user_id in user_ids}
    return {user_id: each.person for user_id, each in known.items() if each is not None and each.person is not None}


@dataclass(frozen=True, kw_only=True)
class Payload:
    """Content of a message (`data` for a template, or inline `content`) and its named recipients.

    `own`: what the message says of single recipients, until its fan-out has copied that to the batches. `erasures`:
    how many of them were erased. `gone`: the data of a sensitive message that is at rest.
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    content: Mapping[str, Any] | None = None
    recipients: tuple[str, ...] | None = None
    summary: str | None = None  # its subject, title or text, as it reads without a reader
    own: OwnData = field(default_factory=dict)
    erasures: int = 0
    gone: bool = False
    pinned: Pinned | None = None  # None: accepted by a version that pinned the template alone

    def data_of(self, user_id: str | None) -> Mapping[str, Any]:
        """The data of one recipient, or of all."""
        own = self.own.get(user_id) if user_id is not None else None
        return {**self.data, **own.data} if own else self.data


@dataclass(frozen=True, kw_only=True)
class Step:
    """Channels of a message that leave together: at once or, `seconds` later, if they are needed then.

    `after`: the same, as the service wrote it. `unless`: what an earlier step must not have done.
    """

    channels: tuple[str, ...]
    after: str | None = None
    seconds: int = 0
    unless: Literal["sent", "delivered", "read"] | None = None


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message as stored. `shards`: number of its fan-out jobs; none if it took the short way.

    `send_local`: the wall-clock time of each reader; then `send_at` is the first moment at which it comes somewhere.
    """

    id: str
    state: State
    caller: str
    topic: str | None
    template: Mapping[str, Any] | None  # {"id", "version"}, pinned at acceptance
    channels: tuple[str, ...]
    priority: str
    on_doubt: str
    shards: int
    created_at: str
    send_at: str | None
    expires_at: str | None
    retain_until: int
    timeline: tuple[Mapping[str, Any], ...] = ()
    counts: Mapping[str, int] | None = None
    cancellation: Mapping[str, int] | None = None
    round: int = 0  # number of redrives
    redriving: bool = False  # its failed batches are being opened again
    lost: int = 0  # number of times the reconciler found it overdue
    due_at: str | None = None
    sensitive: bool = False  # its data are removed when it is at rest
    send_local: str | None = None
    digest_of: Mapping[str, int] | None = None  # of a digest: numbers of readers and items
    steps: tuple[Step, ...] = ()  # if it does not leave on all channels together

    def later_step(self, channel: str) -> Step | None:
        """The step of the channel, unless it is the first one."""
        return next((step for step in self.steps[1:] if channel in step.channels), None)

    def channels_before(self, channel: str) -> list[str]:
        """The channels of the steps before the channel's."""
        number = next((place for place, step in enumerate(self.steps) if channel in step.channels), 0)
        return [each for step in self.steps[:number] for each in step.channels]

    @property
    def at_rest(self) -> bool:
        return self.state in AT_REST

    @property
    def can_be_gathered(self) -> bool:
        """Whether it can go into a digest: its data must be kept until then, and a digest is not digested again."""
        return self.priority == "normal" and not self.sensitive and not self.steps and self.digest_of is None

    @property
    def short(self) -> bool:
        """Whether its batches lie in its own item."""
        return not self.shards

    @property
    def parts(self) -> Sequence[int]:
        """The shards under which its batches are stored."""
        return shards_of(self.shards)

    def part_of(self, user_id: str) -> int:
        """The shard of a recipient."""
        return SHORT if self.short else shard_of(user_id, self.shards)

    @property
    def counts_at_rest(self) -> Mapping[str, int] | None:
        """Counts as they are stored, or what its deletion has answered."""
        if self.state is not State.DELETED or self.cancellation is None:
            return self.counts
        done = self.cancellation
        return {"sent": done["already_sent"], "failed": 0, "deleted": done["withheld"], "outstanding": 0}

    @property
    def keep_until(self) -> datetime:
        """The latest time of a deferred delivery: the last tenth of the retention is left to finish the message before
        TTL removes it."""
        forgotten = datetime.fromtimestamp(self.retain_until, UTC)
        return forgotten - (forgotten - from_text(self.send_at or self.created_at)) / 10

    @property
    def ends_at(self) -> datetime:
        """After this time nothing is sent: the message has expired, or its retention ends soon."""
        return min(from_text(self.expires_at), self.keep_until) if self.expires_at is not None else self.keep_until

    def expired(self, now: datetime) -> bool:
        """Whether nothing more may be sent."""
        return self.ends_at <= now


Reach = Literal["reached", "partly", "nobody", "open"]


def outcome(at_rest: bool, counts: Mapping[str, int] | None) -> Reach:
    """Whether it `reached` all recipients but the skipped, `partly`, or `nobody`; `open` until all are settled."""
    if not at_rest or counts is None or counts["outstanding"]:
        return "open"
    if not counts["sent"] + counts.get("digested", 0):
        return "nobody"
    return "partly" if counts["failed"] or counts["deleted"] else "reached"


# A redriven message is pending until all its failed batches are open again
MAY_FINISH: Final = (State.ACTIVE, State.STALE)


def ending(message: Message, counts: Mapping[str, int], now: datetime) -> Transition:
    """The transition of a message without outstanding recipients."""
    state, reason = State.SENT, None
    if counts["failed"]:
        state, reason = State.FAILED, f"{counts['failed']} of {counts['recipients']} recipients failed"
    elif not counts["recipients"] and message.expired(now):
        state, reason = State.FAILED, Reason.EXPIRED
    return Transition(to=state, reason=reason, origins=MAY_FINISH, read_round=message.round, sets={"counts": counts})


class Changes(TypedDict, total=False):
    """Attributes that a transition may set in addition to the state."""

    round: int
    redriving: bool
    lost: int
    counts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Transition:
    """A change of state; `reason` is shown in the timeline.

    `origins`: allowed states before, if fewer than the life cycle allows. `read_round`: the change is rejected if the
    message was redriven since this round was read. `keeps_due`: the reconciler checks it as before.
    """

    to: State
    reason: str | None = None
    origins: Sequence[State] | None = None
    read_round: int | None = None
    sets: Changes = field(default_factory=Changes)
    removes: Sequence[Literal["redriving", "counts"]] = ()
    keeps_due: bool = False


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Progress of the fan-out of one shard: `page` pages with `recipients` recipients are committed, up to `cursor`."""

    shard: int
    page: int = 0
    recipients: int = 0
    cursor: str | None = None
    sealed: bool = False
    stopped: bool = False  # sealed early by a deletion
    updated_at: str | None = None


@dataclass(frozen=True)
class Accepted:
    """The result of a submit. `replayed`: an earlier request with the same key created the message."""

    message_id: str
    created_at: str
    replayed: bool


class KeyReused(Exception):
    """The caller used this idempotency key with a different body."""


def every_shard_sealed(message: Message, progress: Sequence[Progress]) -> bool:
    """Whether no shard of the message can open another batch."""
    return sum(each.sealed for each in progress) == message.shards


def unsealed_shards(message: Message, progress: Sequence[Progress]) -> Iterator[Progress]:
    """Shards whose fan-out has not ended or not begun."""
    by_shard = {each.shard: each for each in progress}
    for shard in range(message.shards):
        each = by_shard.get(shard, Progress(shard=shard))
        if not each.sealed:
            yield each
