"""Request and response types of the API. Responses are plain dicts; later versions may add keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, Literal, NotRequired, TypedDict, TypeVar

T = TypeVar("T")

Channel = Literal["email", "sms", "push", "webhook", "inbox"]
State = Literal["pending", "active", "stale", "failed", "sent", "deleted"]
DeliveryStatus = Literal["pending", "sent", "failed", "skipped", "deleted"]
Cause = Literal["manual", "bounce", "complaint", "opt_out"]


class Page(TypedDict, Generic[T]):
    """A page of a list, with the cursor of the next page."""

    items: Sequence[T]
    next_cursor: str | None


class Accepted(TypedDict):
    """The accepted message: it is stored and will be sent."""

    id: str
    state: Literal["pending"]
    created_at: str


class Cancellation(TypedDict):
    """The result of a deletion. `in_flight` recipients were being sent at that moment."""

    state: Literal["deleted"]
    already_sent: int
    in_flight: int
    withheld: int


class ChannelExplanation(TypedDict):
    """One channel of the message: what is recorded and, separately, what the rules would decide now."""

    channel: str
    recorded: Recorded
    rules_now: RulesNow


class Content(TypedDict):
    """Inline content instead of a stored template. Each part is a template over `data` and `user`."""

    subject: NotRequired[str | None]
    text: NotRequired[str | None]
    html: NotRequired[str | None]


class CostLine(TypedDict):
    """`quantity` units at `price` per `per` units. `what` is a channel or `infrastructure`."""

    what: str
    quantity: int
    unit: str
    price: float
    per: int
    amount: float
    source: str


class Cost(TypedDict):
    """An estimate from the list prices of `as_of`, without free tier, discounts and tax."""

    currency: str
    total: float
    as_of: str
    lines: Sequence[CostLine]


class Counts(TypedDict):
    """Recipients by outcome. `recipients` is always the sum of the others."""

    recipients: int
    sent: int
    failed: int
    skipped: int
    deleted: int
    outstanding: int


class Delivery(TypedDict):
    """The delivery to one recipient. `pending` has no outcome yet; `receipt` is the provider's later report."""

    user_id: str
    channel: str
    status: DeliveryStatus
    reason: str | None
    attempts: int
    provider_id: str | None
    receipt: str | None
    updated_at: str | None


class DryRun(TypedDict):
    """What would happen if the message were fanned out at `at`. Nothing is stored."""

    at: str
    sampled: bool
    looked_at: int
    audience: Mapping[str, int]
    deliver: Mapping[str, int]
    deferred: Mapping[str, Mapping[str, int]]
    skipped: Mapping[str, Mapping[str, int]]
    segments: Mapping[str, int]
    samples: Sequence[Sample]
    samples_left_out: int
    estimated_cost: Cost


class Explanation(TypedDict):
    """Why a user did or did not receive a message."""

    message_id: str
    user_id: str
    state: State
    at: str
    channels: Sequence[ChannelExplanation]


class ItemFault(TypedDict):
    """A validation error: where, what, and what to do."""

    pointer: str
    code: str
    detail: str


class ItemError(TypedDict):
    """Why an item was rejected."""

    code: str
    detail: str
    errors: Sequence[ItemFault]


class Limit(TypedDict):
    """Rate limit per user: messages of the topic in a sliding window."""

    count: int
    per_seconds: int
    overflow: Literal["drop", "defer"]


class Message(TypedDict):
    """A message with its state and timeline."""

    id: str
    state: State
    topic: str | None
    template: TemplateVersionRef | None
    channels: Sequence[str]
    priority: str
    on_doubt: str
    created_at: str
    send_at: str | None
    expires_at: str | None
    timeline: Sequence[Moment]


class MessageWithCounts(Message):
    """A message with the counts of its recipients so far."""

    counts: Counts


class Moment(TypedDict):
    """One transition in the life cycle."""

    state: State
    at: str
    reason: str | None


class PushAddress(TypedDict):
    """A device or browser."""

    platform: str
    token: str


class TemplateBody(TypedDict):
    """A template: the parts per channel, in Jinja2, over `data` and `user` (`id`, `name`, `locale`)."""

    channels: Mapping[str, Mapping[str, str]]
    locales: NotRequired[Mapping[str, Mapping[str, Mapping[str, str]]] | None]
    schema: NotRequired[Mapping[str, Any] | None]
    example: NotRequired[Mapping[str, Any] | None]
    layout: NotRequired[str | None]
    partials: NotRequired[Mapping[str, str] | None]


class StoredVersion(TypedDict):
    """The version that was stored."""

    id: str
    version: int


class TopicBody(TypedDict):
    """A topic."""

    title: str
    description: NotRequired[str | None]
    channels: Sequence[Channel]
    required: NotRequired[bool | None]
    category: NotRequired[str | None]
    limit: NotRequired[Limit | None]
    public: NotRequired[bool | None]
    shards: NotRequired[int | None]


class Queue(TypedDict):
    """Approximate numbers of a queue: waiting, in flight, delayed, and dead letters."""

    queue: str
    waiting: int
    in_flight: int
    delayed: int
    dead_letters: int


class QuietHours(TypedDict):
    """The hours in which only critical messages are sent, in the user's time zone. They can span midnight."""

    start: str
    end: str


class Recorded(TypedDict):
    """What is recorded. `not_reached`: not fanned out yet; `not_chosen`: the fan-out did not select the user."""

    status: Literal["pending", "sent", "failed", "skipped", "deleted", "not_reached", "not_chosen"]
    reason: str | None
    receipt: str | None
    steps: Sequence[Step]


class Rule(TypedDict):
    """The result of a rule: `passed` or the reason why not."""

    rule: str
    result: str


class RulesNow(TypedDict):
    """What the rules would decide now. The user, the topic or the time may have changed since the fan-out."""

    action: Literal["deliver", "defer", "skip"]
    reason: str | None
    until: str | None
    steps: Sequence[Rule]


class Sample(TypedDict):
    """The content for one user. `segments` if the provider bills by segment; `error` if it does not render."""

    channel: str
    locale: str | None
    recipients: int
    user_id: str | None
    content: Mapping[str, str] | None
    segments: int | None
    error: str | None


class Step(TypedDict):
    """One recorded step."""

    step: str
    result: str
    at: str | None
    detail: str | None


class SubmitRequest(TypedDict):
    """A message to a topic's subscribers, to named users, or to those named users who are subscribed."""

    topic: NotRequired[str | None]
    template: NotRequired[TemplateRef | None]
    content: NotRequired[Content | None]
    data: NotRequired[Mapping[str, Any] | None]
    channels: NotRequired[Sequence[Channel] | None]
    recipients: NotRequired[Sequence[str] | None]
    send_at: NotRequired[str | None]
    expires_at: NotRequired[str | None]
    priority: NotRequired[Literal["normal", "critical"]]
    on_doubt: NotRequired[Literal["resend", "hold"]]


class SubscriptionItem(TypedDict):
    """A user's subscription on a channel."""

    user_id: str
    channel: Channel


class SubscriptionResult(TypedDict):
    """The result of one item: 201 subscribed, 200 was already subscribed, 404 unknown user, 422 rejected."""

    user_id: str | None
    channel: str | None
    status: int
    error: ItemError | None


class Subscription(TypedDict):
    """A user's subscription to a topic on a channel."""

    user_id: str
    topic: str
    channel: str
    created_at: str


class Suppression(TypedDict):
    """An address that nothing is sent to, with the cause."""

    channel: str
    address: str
    cause: str
    created_at: str


class TemplateRef(TypedDict):
    """A template, by id."""

    id: str
    version: NotRequired[int | None]


class TemplateVersion(TypedDict):
    """A version of a template."""

    id: str
    version: int
    created_at: str


class TemplateVersionRef(TypedDict):
    """The version that is pinned into the message."""

    id: str
    version: int


class Template(TemplateVersion):
    """A version of a template with its content."""

    channels: Mapping[str, Mapping[str, str]]
    locales: Mapping[str, Mapping[str, Mapping[str, str]]]
    schema: Mapping[str, Any] | None
    example: Mapping[str, Any]
    layout: TemplateVersionRef | None
    partials: Mapping[str, str]


class Topic(TypedDict):
    """A topic."""

    id: str
    title: str
    description: str
    channels: Sequence[str]
    required: bool
    category: str
    limit: Limit | None
    public: bool
    shards: int
    created_at: str
    updated_at: str


class UserDelivery(TypedDict):
    """The delivery of one message to a user on one channel."""

    message_id: str
    channel: str
    status: DeliveryStatus
    reason: str | None
    attempts: int
    provider_id: str | None
    receipt: str | None
    updated_at: str


class UserBody(TypedDict):
    """A complete user. Fields that are left out are removed."""

    name: NotRequired[str | None]
    email: NotRequired[str | None]
    phone: NotRequired[str | None]
    push: NotRequired[Sequence[PushAddress] | None]
    webhook: NotRequired[WebhookAddress | None]
    locale: NotRequired[str | None]
    time_zone: NotRequired[str | None]
    quiet_hours: NotRequired[QuietHours | None]


class UserItem(UserBody):
    """A complete user with the id."""

    id: str


class UserResult(TypedDict):
    """The result of one item: 201 created, 200 replaced, 422 rejected."""

    id: str | None
    status: int
    error: ItemError | None


class User(TypedDict):
    """A user."""

    id: str
    name: str | None
    email: str | None
    phone: str | None
    push: Sequence[PushAddress]
    webhook: WebhookAddress | None
    locale: str | None
    time_zone: str | None
    quiet_hours: QuietHours | None


class WebhookAddress(TypedDict):
    """The URL of a user's own server."""

    url: str
