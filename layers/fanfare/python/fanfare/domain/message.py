"""A message as stored, its payload, and the progress of its fan-out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypedDict

from fanfare.clock import from_text
from fanfare.domain.lifecycle import AT_REST, State


@dataclass(frozen=True, kw_only=True)
class Payload:
    """What a message says (`data` for a template, or `content`, itself a template) and to whom."""

    data: Mapping[str, Any] = field(default_factory=dict)
    content: Mapping[str, Any] | None = None
    recipients: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message as stored. `shards` is the number of fan-out jobs that it takes."""

    id: str
    state: State
    caller: str
    topic: str | None
    template: Mapping[str, Any] | None  # {"id", "version"}: pinned when it was accepted
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
    round: int = 0  # how often it was re-driven
    redriving: bool = False  # batches are being opened again
    lost: int = 0  # how often the reconciler found it overdue
    due_at: str | None = None

    @property
    def at_rest(self) -> bool:
        return self.state in AT_REST

    @property
    def keep_until(self) -> datetime:
        """How long it may wait: after that is a tenth of the retention, in which all that is left of it comes to an
        end before it is forgotten."""
        forgotten = datetime.fromtimestamp(self.retain_until, UTC)
        return forgotten - (forgotten - from_text(self.send_at or self.created_at)) / 10

    @property
    def ends_at(self) -> datetime:
        """From then on nothing of it is sent: it has expired, or is about to be forgotten."""
        return min(from_text(self.expires_at), self.keep_until) if self.expires_at is not None else self.keep_until

    def expired(self, now: datetime) -> bool:
        """Whether nothing more is to be sent."""
        return self.ends_at <= now


class Changes(TypedDict, total=False):
    """What a move through the life cycle may set in addition to the state."""

    round: int
    redriving: bool
    lost: int
    counts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Transition:
    """A move through the life cycle, for the reason that the timeline shows.

    `origins` narrows where it may come from; with `read_round` it is refused if the message was re-driven since.
    """

    to: State
    reason: str | None = None
    origins: Sequence[State] | None = None
    read_round: int | None = None
    sets: Changes = field(default_factory=Changes)
    removes: Sequence[Literal["redriving", "counts"]] = ()


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far the fan-out of one shard is: `page` pages with `recipients` in all are committed, up to `cursor`."""

    shard: int
    page: int = 0
    recipients: int = 0
    cursor: str | None = None
    sealed: bool = False
    stopped: bool = False  # sealed by a deletion, wherever it was
    updated_at: str | None = None


@dataclass(frozen=True)
class Accepted:
    """The answer to a post: `replayed` where the same key had made the message before."""

    message_id: str
    created_at: str
    replayed: bool


class KeyReused(Exception):
    """This caller used this idempotency key for another body."""


def every_shard_sealed(message: Message, progress: Sequence[Progress]) -> bool:
    """Whether no shard of the message can open another batch."""
    return sum(each.sealed for each in progress) == message.shards


def unsealed_shards(message: Message, progress: Sequence[Progress]) -> Iterator[Progress]:
    """The shards whose fan-out has not ended, those that never began included."""
    by_shard = {each.shard: each for each in progress}
    for shard in range(message.shards):
        each = by_shard.get(shard, Progress(shard=shard))
        if not each.sealed:
            yield each
