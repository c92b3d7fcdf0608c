"""Messages, their deliveries and counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

from .common import Channel, ContentWarning, DeliveryStatus, State
from .topics import Sender


class TemplateRef(TypedDict):
    """A template, by id."""

    id: str
    version: NotRequired[int | None]


class TemplateVersionRef(TypedDict):
    """The version that is pinned into the message."""

    id: str
    version: int


class Content(TypedDict):
    """Inline content instead of a stored template. Each part is a template over `data` and `user`."""

    subject: NotRequired[str | None]
    text: NotRequired[str | None]
    html: NotRequired[str | None]


class UserRecipient(TypedDict):
    """A stored user, with data of their own."""

    user: str
    data: NotRequired[Mapping[str, Any] | None]


class RecipientAddress(TypedDict):
    """Where somebody without a stored user is reached: `email`, `phone` or both."""

    email: NotRequired[str | None]
    phone: NotRequired[str | None]


class AddressRecipient(TypedDict):
    """Somebody without a stored user, with data of their own."""

    address: RecipientAddress
    name: NotRequired[str | None]
    locale: NotRequired[str | None]
    time_zone: NotRequired[str | None]
    data: NotRequired[Mapping[str, Any] | None]


class StepRequest(TypedDict):
    """Channels on which a message leaves together: at once or, if it is needed then, `after` some time."""

    channels: Sequence[Channel]
    after: NotRequired[str | None]
    unless: NotRequired[Literal["sent", "delivered", "read"] | None]


class MessageStep(TypedDict):
    """A step of a message, as it is shown."""

    channels: Sequence[str]
    after: str | None
    unless: str | None


class LocalSendAt(TypedDict):
    """A wall-clock time of each reader, e.g. `2027-01-01T09:00`."""

    local: str


class SubmitRequest(TypedDict):
    """A message to a topic's subscribers, to named users, or to those named users who are subscribed."""

    topic: NotRequired[str | None]
    template: NotRequired[TemplateRef | None]
    content: NotRequired[Content | None]
    data: NotRequired[Mapping[str, Any] | None]
    channels: NotRequired[Sequence[Channel] | None]
    steps: NotRequired[Sequence[StepRequest] | None]
    recipients: NotRequired[Sequence[str | UserRecipient | AddressRecipient] | None]
    send_at: NotRequired[str | LocalSendAt | None]
    expires_at: NotRequired[str | None]
    priority: NotRequired[Literal["normal", "critical"]]
    on_doubt: NotRequired[Literal["resend", "hold"]]
    sensitive: NotRequired[bool]
    sender: NotRequired[Sender | None]


class Accepted(TypedDict):
    """The accepted message: it is stored and will be sent."""

    id: str
    state: Literal["pending"]
    created_at: str
    warnings: Sequence[ContentWarning]


class Moment(TypedDict):
    """One transition in the life cycle."""

    state: State
    at: str
    reason: str | None


class DigestOf(TypedDict):
    """What a digest was made of."""

    readers: int
    items: int


class Message(TypedDict):
    """A message with its state and timeline."""

    id: str
    state: State
    topic: str | None
    template: TemplateVersionRef | None
    channels: Sequence[str]
    steps: Sequence[MessageStep] | None
    priority: str
    on_doubt: str
    created_at: str
    send_at: str | LocalSendAt | None
    expires_at: str | None
    summary: str | None
    outcome: Literal["reached", "partly", "nobody", "open"]
    digest_of: DigestOf | None
    timeline: Sequence[Moment]


class Counts(TypedDict):
    """Recipients by outcome. `recipients` is always the sum of the others."""

    recipients: int
    sent: int
    failed: int
    skipped: int
    deleted: int
    digested: int
    outstanding: int


class Receipts(TypedDict):
    """Sent recipients by what the provider reported later, each under the strongest. Their sum is `counts.sent`."""

    delivered: int
    delayed: int
    bounced: int
    bounced_soft: int
    complained: int
    rejected: int
    no_word: int


class MessageWithCounts(Message):
    """A message with the counts of its recipients so far."""

    counts: Counts
    receipts: Receipts


class Delivery(TypedDict):
    """The delivery to one recipient. `pending` has no outcome yet; `receipt` is the provider's later report."""

    user_id: str
    channel: str
    status: DeliveryStatus
    reason: str | None
    attempts: int
    provider_id: str | None
    receipt: str | None
    digest_id: str | None
    updated_at: str | None


class SentContent(TypedDict):
    """What a recipient was sent, rendered again. `exact` is false if it would be different today."""

    channel: str
    locale: str | None
    content: Mapping[str, str]
    template: TemplateVersionRef | None
    exact: bool


class Cancellation(TypedDict):
    """The result of a deletion. `in_flight` recipients were being sent at that moment."""

    state: Literal["deleted"]
    already_sent: int
    in_flight: int
    withheld: int
