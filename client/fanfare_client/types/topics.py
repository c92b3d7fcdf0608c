"""Topics, subscriptions to them, and rate limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired, TypedDict

from .common import Answer, By, Channel, Frequency, ItemError
from .digests import Digest


class Limit(TypedDict):
    """Rate limit per user: messages of the topic in a sliding window."""

    count: int
    per_seconds: int
    overflow: Literal["drop", "defer", "digest"]


class Sender(TypedDict):
    """The sender of mails; what is left out is that of the deployment."""

    name: NotRequired[str | None]
    address: NotRequired[str | None]
    reply_to: NotRequired[Sequence[str] | None]


class TopicBody(TypedDict):
    """A topic."""

    title: str
    description: NotRequired[str | None]
    titles: NotRequired[Mapping[str, str] | None]
    descriptions: NotRequired[Mapping[str, str] | None]
    channels: Sequence[Channel]
    required: NotRequired[bool | None]
    category: NotRequired[str | None]
    limit: NotRequired[Limit | None]
    public: NotRequired[bool | None]
    sms_smart: NotRequired[bool | None]
    footer: NotRequired[bool | None]
    sender: NotRequired[Sender | None]
    digest: NotRequired[Digest | None]
    frequencies: NotRequired[Sequence[Frequency] | None]
    frequency: NotRequired[Frequency | None]
    shards: NotRequired[int | None]
    id: NotRequired[str | None]
    created_at: NotRequired[str | None]
    updated_at: NotRequired[str | None]


class Topic(TypedDict):
    """A topic."""

    id: str
    title: str
    description: str
    titles: Mapping[str, str]
    descriptions: Mapping[str, str]
    channels: Sequence[str]
    required: bool
    category: str
    limit: Limit | None
    public: bool
    sms_smart: bool
    footer: bool
    sender: Sender | None
    digest: Digest | None
    frequencies: Sequence[Frequency]
    frequency: Frequency | None
    shards: int
    created_at: str
    updated_at: str


class SubscriptionItem(TypedDict):
    """A user's subscription on a channel or its refusal, and what is known of the consent."""

    user_id: str
    channel: Channel
    state: NotRequired[Answer | None]
    at: NotRequired[str | None]
    by: NotRequired[By | None]
    evidence: NotRequired[str | None]
    frequency: NotRequired[Frequency | None]


class SubscriptionBody(TypedDict):
    """What is known of a subscription; it takes a `Subscription`."""

    user_id: NotRequired[str | None]
    topic: NotRequired[str | None]
    channel: NotRequired[str | None]
    created_at: NotRequired[str | None]
    state: NotRequired[Answer | None]
    at: NotRequired[str | None]
    by: NotRequired[By | None]
    evidence: NotRequired[str | None]
    frequency: NotRequired[Frequency | None]


class Subscription(TypedDict):
    """A user's subscription to a topic on a channel. `at`: since when it holds; `by`: the way it came, if known."""

    user_id: str
    topic: str
    channel: str
    created_at: str
    state: Answer
    at: str
    by: By | None
    frequency: Frequency | None


class Consent(TypedDict):
    """A change of a subscription."""

    topic: str
    channel: str
    state: Answer
    at: str
    by: By
    message_id: str | None
    evidence: str | None


class Subscriber(TypedDict):
    """A subscriber of a topic on a channel, or who unsubscribed; with `evidence` and `frequency` if they were given."""

    user_id: str
    channel: str
    state: Answer
    at: str
    by: By | None
    evidence: NotRequired[str]
    frequency: NotRequired[Frequency]


class Count(TypedDict):
    """The subscribers on a channel. Above 100,000 it is not exact."""

    subscribed: int
    exact: bool


class SubscriptionResult(TypedDict):
    """The result of one item: 201 stored, 200 nothing to change, 404 unknown user, 409 the user unsubscribed,
    422 rejected."""

    user_id: str | None
    channel: str | None
    status: int
    error: ItemError | None
