"""What a channel is: one file with one class, and its line in `CHANNELS`.

The class says all that the rest of the code asks of a channel: how it is opened, what it may call, how its provider's
events are read, and how it is called in pages and docs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Final, Protocol

from fanfare.channels.reasons import Reason
from fanfare.channels.receipts import ReceiptEvent
from fanfare.clock import Clock
from fanfare.signing.keyed_hash import Keys

Grants = Mapping[str, tuple[str, ...]]  # what a worker reaches (a name of infra's) → the IAM actions it may call there
Profile = Mapping[str, Any]  # a user as stored: name, locale and addresses by channel
InTime = Callable[[], bool]  # whether another call of the provider's would still end in time


class Kind(StrEnum):
    """What a provider's answer means to us: the whole vocabulary between a channel and `deliver`."""

    SENT = "sent"
    TEMPORARY = "temporary"  # try again later; spends an attempt
    PERMANENT = "permanent"  # never try again
    THROTTLED = "throttled"  # try again soon; spends no attempt
    UNKNOWN = "unknown"  # the answer was lost: it may have been accepted


@dataclass(frozen=True)
class SendResult:
    """What the provider said of one recipient. `reason` is a stable code, None when sent."""

    kind: Kind
    reason: Reason | None = None
    provider_id: str | None = None
    gone: tuple[tuple[str, str], ...] = ()  # devices of the recipient that the provider knows no more


NOT_ASKED: Final = SendResult(Kind.THROTTLED, Reason.NO_TIME_LEFT)


def always() -> bool:
    """There is no time limit."""
    return True


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """One recipient's rendered content and where it goes."""

    message_id: str
    user_id: str
    address: Any
    content: Mapping[str, str]
    unsubscribe: str | None = None  # a link that takes the topic off this channel with one click
    data: Mapping[str, Any] = field(default_factory=dict)  # what the service posted
    address_no: int = 0  # how many the user had before this one: a receipt says it, and so which one it is about


class AddressRefused(Exception):
    """The user can't be reached on this channel: `no_address` or `invalid_address`."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Notes(Protocol):
    """The inbox table: (user id, message id, title, body) each; storing a note again changes nothing."""

    def put(self, notes: Sequence[tuple[str, str, str, str]]) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What a worker has for the channel that it opens. `client` opens a client of the SDK that repeats no call."""

    environment: Mapping[str, str]
    clock: Clock
    keys: Keys
    client: Callable[[str], Any]
    notes: Callable[[], Notes]


class Channel(ABC):
    """A way to reach a user.

    `batch_size` is how many recipients share a batch, a lease and, where the provider can, a call.
    `parts` are the parts of a template for the channel, each with whether it is HTML; `needs` are
    groups of them, of each of which there has to be one; `inline` says which part is filled by which
    of a message's own content (`subject`, `text`, `html`). `one_by_one` has progress
    recorded after each piece, so that a crash repeats at most one. `suppressible` is whether addresses
    can be suppressed, one by one; `derived` says which part is made of which where it is not given.
    `field` is the field of a profile that has the address, where that is a text and dear to check.

    `grants` are the permissions of its worker; an empty tuple gives the environment variables alone. `receipt_source`
    is the source of its provider's events on the bus. `title`, `by` and `no_address` are its words on pages ("E-mail",
    "by e-mail", "no e-mail address known"), `summary` its line in the docs.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    by: ClassVar[str]
    no_address: ClassVar[str] = ""
    summary: ClassVar[str]
    grants: ClassVar[Grants] = {}
    receipt_source: ClassVar[str | None] = None
    batch_size: ClassVar[int]
    parts: ClassVar[Mapping[str, bool]]
    needs: ClassVar[tuple[tuple[str, ...], ...]]
    inline: ClassVar[Mapping[str, str]]
    one_by_one: ClassVar[bool] = False
    suppressible: ClassVar[bool] = False
    derived: ClassVar[Mapping[str, str]] = {}
    field: ClassVar[str | None] = None

    @classmethod
    @abstractmethod
    def open(cls, opening: Opening) -> Channel:
        """The channel in a worker."""

    @staticmethod
    def read_receipt(event: Mapping[str, Any]) -> ReceiptEvent | None:  # noqa: ARG004 - most providers report nothing
        """What an event of its provider's reports; None if it is about something else."""
        return None

    @staticmethod
    @abstractmethod
    def address(profile: Profile) -> Any:
        """The user's checked address on this channel. Raises AddressRefused."""

    @classmethod
    def identity(cls, profile: Profile) -> str | None:  # noqa: ARG003 - most channels have none
        """The address as suppressions know it; None where an address can't be suppressed, or there is none."""
        return None

    @classmethod
    def normalised(cls, address: str) -> str | None:  # noqa: ARG003 - most channels have none
        """An address as suppressions know it; None where it is none, or none of this channel can be suppressed."""
        return None

    @staticmethod
    def segments(content: Mapping[str, str]) -> int | None:  # noqa: ARG004 - most providers count a recipient as one
        """How many pieces the provider bills for a recipient, where that depends on the content."""
        return None

    @abstractmethod
    def send(self, envelopes: Sequence[Envelope], *, in_time: InTime = always) -> list[SendResult]:
        """Hand envelopes to the provider, once; one result for each, in order. Never raises for a provider's answer.

        Asked before each call, `in_time` says whether it may still be made; of whom it may not, `NOT_ASKED`.
        """
