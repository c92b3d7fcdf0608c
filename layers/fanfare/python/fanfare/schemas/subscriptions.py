"""Subscriptions in the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import (
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
)

from fanfare.domain.audience import Answer, By
from fanfare.errors import Invalid
from fanfare.schemas.errors import ItemErrorView
from fanfare.schemas.scalars import At, ChannelName, Moment, NoControls, Request, View, WrittenUserId

SUBSCRIPTIONS_LIMIT: Final = 500
IF_STORED: Final = ("evidence", "frequency")  # fields of a subscriber


Frequency = Literal["immediate", "digest", "daily", "weekly"]
Evidence = Annotated[str, Field(min_length=1, max_length=200), NoControls]


class SubscriptionItem(Request):
    """A user and a channel to subscribe or to unsubscribe, and what is known of the consent."""

    user_id: WrittenUserId = Field(description="The user's id.")
    channel: ChannelName = Field(description="The channel.")
    state: Answer | None = Field(None, description="Default: `subscribed`.")
    at: Moment | None = Field(None, description="Since when it holds. Default: now.")
    by: By | None = Field(
        None,
        description="How the answer came, e.g. to another system. A refusal by the person binds services; a yes never "
        "ends one, whatever its `by`. Default: `service`.",
    )
    evidence: Evidence | None = Field(None, description="Where the consent can be found.")
    frequency: Frequency | None = Field(None, description="How often messages come. Default: the topic's.")


class PutMySubscriptionRequest(Request):
    """How I get a topic. All fields are optional; it takes what a GET answers.

    `user_id`, `topic` and `channel` must be those of the path; `created_at`, `at` and `by` are not stored.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"frequency": "daily"}]})

    user_id: str | None = Field(None, description="The user's id.")
    topic: str | None = Field(None, description="The topic's id.")
    channel: str | None = Field(None, description="The channel.")
    created_at: Moment | None = Field(None, description="When it was stored; not changed.")
    state: Answer | None = Field(None, description="Default: `subscribed`. `unsubscribed` is the same as DELETE.")
    at: Moment | None = Field(None, description="Since when it holds.")
    by: By | None = Field(None, description="The way it came.")
    frequency: Frequency | None = Field(None, description="How often messages come. Default: the topic's.")

    def check_path(self, **path: str) -> None:
        """Raises Invalid if a field differs from the path."""
        for name, value in path.items():
            if getattr(self, name) not in (None, value):
                raise Invalid.field(f"/{name}", "differs_from_path", f"Must be {value}, as in the path, or left out.")


class PutSubscriptionRequest(PutMySubscriptionRequest):
    """What is known of a subscription. All fields are optional; it takes what a GET answers.

    `user_id`, `topic` and `channel` must be those of the path; `created_at` and a `by` of the person are not stored.
    """

    at: Moment | None = Field(None, description="Since when the user consents. Default: now.")
    by: By | None = Field(None, description="`import`, or `service` for any other value.")
    evidence: Evidence | None = Field(None, description="Where the consent can be found.")


class ResubscriptionRequest(Request):
    """New evidence that a user who unsubscribed consents again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"evidence": "Asked for it by phone, ticket 4711."}]})

    evidence: Evidence = Field(description="Where the consent can be found.")


class SubscribeRequest(Request):
    """Many subscriptions to one topic, or refusals of it. Each is stored or rejected separately."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [{"user_id": "user-1", "channel": "email"}]}]})

    items: Annotated[
        tuple[Any, ...],
        Field(min_length=1, max_length=SUBSCRIPTIONS_LIMIT),
        WithJsonSchema(
            {
                "type": "array",
                "minItems": 1,
                "maxItems": SUBSCRIPTIONS_LIMIT,
                "items": {"$ref": "#/components/schemas/SubscriptionItem"},
            }
        ),
    ] = Field(description="The subscriptions.")


class SubscriptionView(View):
    """A user's subscription to a topic on a channel. `at`: since when it holds; `by`: the way it came, if known."""

    user_id: str
    topic: str
    channel: str
    created_at: At
    state: Answer
    at: At
    by: By | None
    frequency: Frequency | None


class SubscriptionResultView(View):
    """The result of one item: 201 stored, 200 nothing to change, 404 unknown user, 409 the user unsubscribed,
    422 invalid."""

    user_id: str | None
    channel: str | None
    status: int
    error: ItemErrorView | None


class SubscriptionResultsView(View):
    """A result per item, in the order of the items."""

    items: Sequence[SubscriptionResultView]


class SubscriptionsView(View):
    """A user's subscriptions, by topic and channel."""

    items: Sequence[SubscriptionView]
    next_cursor: str | None


class ConsentView(View):
    """A change of a subscription. `by` is the way it came, `evidence` what the service reported."""

    topic: str
    channel: str
    state: Answer
    at: At
    by: By
    message_id: str | None
    evidence: str | None


class ConsentsView(View):
    """All changes of a user's subscriptions, newest first."""

    items: Sequence[ConsentView]
    next_cursor: str | None


class SubscriberView(View):
    """A subscriber of a topic on a channel, or who unsubscribed; with `evidence` and `frequency` if they were given."""

    user_id: str
    channel: str
    state: Answer
    at: At
    by: By | None
    evidence: str | None = None
    frequency: Frequency | None = None

    @model_serializer(mode="wrap")
    def _if_stored(self, whole: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def] # else OpenAPI takes it
        return {name: value for name, value in whole(self).items() if name not in IF_STORED or value is not None}


class SubscribersView(View):
    """The subscribers of a topic, then those who unsubscribed."""

    items: Sequence[SubscriberView]
    next_cursor: str | None


class CountView(View):
    """The subscribers on a channel, reachable or not. Above 100,000 it is not exact."""

    subscribed: int
    exact: bool
