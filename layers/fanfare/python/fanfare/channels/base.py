"""The base of channels. A channel is one file with one class, and an entry in `CHANNELS`.

The class contains all that the rest of the code needs: how the channel is opened, its permissions, how events of its
provider are read, and its names in pages and docs.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from typing import Any, ClassVar, Final, Protocol

from fanfare.channels.reasons import Reason
from fanfare.channels.receipts import ReceiptEvent
from fanfare.clock import Clock
from fanfare.data_classes import dataclass
from fanfare.signing.keyed_hash import Keys

log = logging.getLogger(__name__)

Grants = Mapping[str, tuple[str, ...]]  # resource (a name in infra) → IAM actions that the worker may call on it
Profile = Mapping[str, Any]  # a user as stored: name, locale and addresses by channel
InTime = Callable[[], bool]  # whether another provider call would still end in time


class Kind(StrEnum):
    """The meaning of a provider's answer; all that `deliver` knows of it."""

    SENT = "sent"
    TEMPORARY = "temporary"  # retry later; counts as an attempt
    PERMANENT = "permanent"  # never retry
    THROTTLED = "throttled"  # retry soon; does not count as an attempt
    UNKNOWN = "unknown"  # the answer was lost: it may have been accepted


@dataclass(frozen=True)
class SendResult:
    """The provider's answer for one recipient. `reason`: a stable code, None if sent."""

    kind: Kind
    reason: Reason | None = None
    provider_id: str | None = None
    gone: tuple[tuple[str, str], ...] = ()  # (platform, token) of devices that no longer exist
    wait: float = 0.0  # seconds before the next call for this recipient, at least


@dataclass(frozen=True)
class Unsendable:
    """Content that the provider refuses, whoever gets it. `reason`: `content_too_large` or `content_empty`."""

    reason: Reason
    part: str
    detail: str

    @property
    def result(self) -> SendResult:
        return SendResult(Kind.PERMANENT, self.reason)


@dataclass(frozen=True)
class Encoding:
    """The alphabet of a text. `because`: the first character that is not in a shorter one."""

    name: str
    because: str | None = None


NOT_ASKED: Final = SendResult(Kind.THROTTLED, Reason.NO_TIME_LEFT)


def always() -> bool:
    """No time limit."""
    return True


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """Rendered content and address of one recipient."""

    message_id: str
    user_id: str
    address: Any
    content: Mapping[str, str]
    unsubscribe: str | None = None  # a link to unsubscribe from the topic on this channel with one click
    links: tuple[str, ...] = ()  # of the reader alone, in the content
    data: Mapping[str, Any] = field(default_factory=dict)  # of the message
    address_no: int = 0  # number of earlier addresses: shows to which address a receipt belongs
    batch_id: str | None = None  # of the recipient; with `place` it shows to which recipient a receipt belongs
    place: int = 0
    generation: str = ""  # of the user: see `User`
    secret_no: int = 0  # of the user's own rotations of their secret, the last of them
    secret_at: str | None = None
    topic: str | None = None  # of the message
    sender: Mapping[str, Any] | None = None  # of the message: name, address, reply_to; None: the deployment's


def isolated(send: Callable[[Envelope], SendResult], envelope: Envelope) -> SendResult:
    """The result for one recipient: an error of our own code about one is a permanent result of this one alone."""
    try:
        return send(envelope)
    except Exception:
        log.exception("not sent", extra={"message_id": envelope.message_id, "user_id": envelope.user_id})
        return SendResult(Kind.PERMANENT, Reason.RECIPIENT_ERROR)


class AddressRefused(Exception):
    """The user can't be reached on this channel: `no_address` or `invalid_address`."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Notes(Protocol):
    """The inbox table. Notes are (user id, message id, title, body); storing one again changes nothing."""

    def put(self, notes: Sequence[tuple[str, str, str, str]]) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Opening:
    """Dependencies of a channel. `client` opens an SDK client that never retries; `keys` sign webhooks."""

    environment: Mapping[str, str]
    clock: Clock
    keys: Keys
    client: Callable[[str], Any]
    notes: Callable[[], Notes]


class Channel(ABC):
    """A way to reach a user.

    `batch_size`: recipients per batch and, if the provider allows it, per call. `parts`: part of a template → whether
    it is HTML. `needs`: groups of parts; a template must have at least one part of each group. `inline`: part → field
    of inline content (`subject`, `text`, `html`). `one_by_one`: progress is recorded after each recipient, so a crash
    repeats at most one. `suppressible`: addresses can be suppressed. `derived`: part → part from which it is derived
    if not given. `repeatable`: a repeated call does no harm, so no one is in doubt after a crash. `field`: field of the
    profile with the address, if it is text and expensive to validate. `side_by_side`: number of calls at the same time;
    above 1, each has one envelope, and `send` is called in threads. `faults`: reasons for which the user's own
    endpoint is switched off if they last for days.

    `finished`: rendered parts get a footer and a preheader, like mails.

    `suppresses`: refusal of the provider → cause for which the address is suppressed. `stops`: the refusals that mean
    that the person said stop; they also end their subscriptions on the channel.

    `grants`: permissions of the worker; an empty tuple gives only the environment variables. `receipt_source`: source
    of the provider's events on the bus. `title`, `by`: texts for pages ("E-mail", "by e-mail"). `summary`: its line in
    the docs.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    by: ClassVar[str]
    summary: ClassVar[str]
    grants: ClassVar[Grants] = {}
    receipt_source: ClassVar[str | None] = None
    batch_size: ClassVar[int]
    parts: ClassVar[Mapping[str, bool]]
    needs: ClassVar[tuple[tuple[str, ...], ...]]
    inline: ClassVar[Mapping[str, str]]
    one_by_one: ClassVar[bool] = False
    repeatable: ClassVar[bool] = False
    faults: ClassVar[frozenset[Reason]] = frozenset()
    suppressible: ClassVar[bool] = False
    suppresses: ClassVar[Mapping[Reason, str]] = {}
    stops: ClassVar[frozenset[Reason]] = frozenset()
    derived: ClassVar[Mapping[str, str]] = {}
    finished: ClassVar[bool] = False
    field: ClassVar[str | None] = None
    side_by_side: int = 1

    @classmethod
    @abstractmethod
    def open(cls, opening: Opening) -> Channel:
        """The channel in a worker."""

    @staticmethod
    def read_receipt(event: Mapping[str, Any]) -> ReceiptEvent | None:  # noqa: ARG004 - most providers report nothing
        """The receipt in an event of the provider; None if the event is not about one of our deliveries."""
        return None

    @staticmethod
    @abstractmethod
    def address(profile: Profile) -> Any:
        """The user's validated address on this channel. Raises AddressRefused."""

    @classmethod
    def identity(cls, profile: Profile) -> str | None:  # noqa: ARG003 - most channels have none
        """The user's canonical address for suppressions; None if invalid or if the channel has no suppressions."""
        return None

    @classmethod
    def normalised(cls, address: str) -> str | None:  # noqa: ARG003 - most channels have none
        """The canonical address for suppressions; None if invalid or if the channel has no suppressions."""
        return None

    @classmethod
    def refused(cls, address: Any, *, countries: Collection[str] | None) -> Reason | None:  # noqa: ARG003
        """Why the deployment sends nothing to this address; None if it does. `countries`: allowed ones, None for all.

        Most addresses have no country and cost the same everywhere.
        """
        return None

    @staticmethod
    def segments(content: Mapping[str, str]) -> int | None:  # noqa: ARG004 - most providers count a recipient as one
        """Billed segments per recipient; None if billing does not depend on the content."""
        return None

    def begin(self) -> None:  # noqa: B027 - most channels keep nothing of an event
        """A worker begins with the batches of an event."""

    @staticmethod
    def calls(envelopes: Sequence[Envelope]) -> Iterable[Sequence[int]]:
        """Indexes of the envelopes that are sent together; each is in one of them."""
        return ([index] for index in range(len(envelopes)))

    @classmethod
    def unsendable(cls, content: Mapping[str, str]) -> Unsendable | None:  # noqa: ARG003 - most take any content
        """What the provider refuses in rendered content; None if it takes it."""
        return None

    @staticmethod
    def encoding(content: Mapping[str, str]) -> Encoding | None:  # noqa: ARG004 - only texts depend on it
        """The alphabet in which the content is billed; None if billing does not depend on it."""
        return None

    @staticmethod
    def smart(content: dict[str, str]) -> dict[str, str]:
        """The content with typographic characters replaced, where these make it dearer."""
        return content

    @abstractmethod
    def send(self, envelopes: Sequence[Envelope], *, in_time: InTime = always) -> list[SendResult]:
        """Send envelopes once. Returns a result per envelope, in order. A provider's answer never raises.

        `in_time` is checked before each call; envelopes without a call get `NOT_ASKED`.
        """
