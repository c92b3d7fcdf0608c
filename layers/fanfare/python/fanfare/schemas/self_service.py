"""Data that users send and get about themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import (
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    WithJsonSchema,
)

from fanfare.schemas.operations import UserDeliveryView
from fanfare.schemas.scalars import At, ChannelName, Email, Hour, Id, Locale, Name, Request, View, pattern
from fanfare.schemas.subscriptions import ConsentView, Frequency, SubscriptionView
from fanfare.schemas.users import ProfileFields, QuietHours, QuietHoursView, UserView

CEILING_LIMIT: Final = 1_000
OPTED_OUT: Final = "True: only messages on required topics, and messages without a topic that name me by my user id."


class PatchMeRequest(ProfileFields):
    """Fields to change. Other fields stay unchanged; null removes a field."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "ada@example.com", "locale": "de-AT", "quiet_hours": None}]}
    )

    opted_out: StrictBool | None = Field(None, description=OPTED_OUT)

    def changes(self) -> dict[str, Any]:
        """Field → new value; None removes it."""
        return self.model_dump(mode="json", include=set(self.model_fields_set))


class ChoiceView(View):
    """A topic on a channel. `frequency`: how often it comes, or would; null if the topic offers no choice."""

    on: bool
    frequency: Frequency | None


class CeilingView(View):
    """The reader's own ceiling on a channel: at most `count` messages in 24 hours. The rest goes into a digest."""

    count: int
    per: Literal["P1D"] = "P1D"
    rest: Literal["digest"] = "digest"


class PreferencesView(View):
    """All that the caller chooses: public topics and their own, by topic and channel."""

    topics: Mapping[str, Mapping[str, ChoiceView]]
    quiet_hours: QuietHoursView | None
    at_most: Mapping[str, CeilingView]
    digest_at: str | None
    opted_out: bool


class ChosenTopic(Request):
    """A topic on a channel."""

    on: StrictBool = Field(description="True: subscribed.")
    frequency: Frequency | None = Field(None, description="How often it comes. Default: as the topic says.")


class Ceiling(Request):
    """My own ceiling on a channel."""

    count: Annotated[StrictInt, Field(ge=1, le=CEILING_LIMIT)] = Field(
        description="Maximum number of messages in 24 hours."
    )
    per: Literal["P1D"] | None = Field(None, description="24 hours.")
    rest: Literal["digest"] | None = Field(None, description="What is over it goes into a digest.")


class PutPreferencesRequest(Request):
    """All that I choose. What is left out is off."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"topics": {"news.weekly": {"email": {"on": True, "frequency": "daily"}}}, "opted_out": False}]
        }
    )

    topics: Mapping[Name, Mapping[ChannelName, ChosenTopic]] = Field(
        description="By topic and channel. A topic or channel that is left out is unsubscribed, except `required` ones."
    )
    quiet_hours: QuietHours | None = Field(None, description="Hours in which only critical messages are sent.")
    at_most: Mapping[ChannelName, Ceiling] | None = Field(
        None,
        description="By channel: my own ceiling, for topics that can be left. Messages over it are in a digest, or if "
        "the topic has none, come later. Digests do not count.",
    )
    digest_at: Hour | None = Field(
        None,
        description="When digests of what is over a ceiling come, by my clock. Default: the topic's `at`, or 18:00.",
    )
    opted_out: StrictBool | None = Field(None, description=OPTED_OUT)


class PendingView(View):
    """New addresses that are not used until confirmed by a link or a code."""

    email: str | None
    phone: str | None


class MeView(UserView):
    """The caller's profile."""

    opted_out: bool
    pending: PendingView
    suppressed: Mapping[str, str] = Field(
        default_factory=dict, description="Channels whose address is not used, and why, e.g. `bounce`."
    )


class MyWebhookView(View):
    """The caller's own server, and the secret by which it verifies calls (Standard Webhooks).

    `state` is `off` after five days without a success; storing the URL again switches it on.
    """

    url: str
    secret: str
    state: Literal["on", "failing", "off"]
    reason: str | None
    failing_since: At | None
    off_since: At | None


class ConfirmCodeRequest(Request):
    """The code that was sent to a phone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"channel": "sms", "code": "123456"}]})

    channel: Literal["sms"] = Field(description="The channel of the address.")
    code: Annotated[
        str,
        pattern(r"[0-9]{6}", "invalid_code", "Must be 6 digits."),
        WithJsonSchema({"type": "string", "pattern": "^[0-9]{6}$"}),
    ] = Field(description="The code of 6 digits.")


class PublicTopicView(View):
    """A public topic."""

    id: str
    title: str
    description: str
    channels: Sequence[str]
    required: bool
    category: str


class NoteView(View):
    """One entry of the inbox."""

    message_id: Id
    title: str
    body: str
    at: At
    read_at: At | None


class SignUpRequest(Request):
    """A subscription for a person without an account."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email": "ada@example.com", "topic": "news"}]})

    email: Email = Field(description="The confirmation link is sent here.")
    topic: Name = Field(description="The topic.")
    lang: Locale | None = Field(None, description="Language of the mail, and the locale of a new user.")
    website: str | None = Field(
        None, max_length=2_048, description="A field that forms hide from people. If it is filled in, nothing is sent."
    )


class SignUpView(View):
    """The response, the same for known and unknown addresses."""

    status: Literal["confirmation_requested"]


class HealthView(View):
    """The API is available."""

    status: Literal["ok"]


class PublicTopicsView(View):
    """Public topics, by id."""

    items: Sequence[PublicTopicView]
    next_cursor: str | None


class InboxView(View):
    """The inbox, newest first, and the number of all unread entries."""

    items: Sequence[NoteView]
    next_cursor: str | None
    unread: int


class ExportView(View):
    """All that is kept on a user. Further pages have only more `deliveries` and `inbox`.

    `pending`: addresses that are not confirmed yet, by channel; `suppressed`: causes by channel; `limits`: times of
    messages that count against rate limits; `preferences`: own ceilings by channel, and the hour of digests.
    """

    user: UserView | None
    opted_out: bool | None
    pending: Mapping[str, str] | None
    suppressed: Mapping[str, str] | None
    limits: Mapping[str, Any] | None
    preferences: Mapping[str, Any] | None
    subscriptions: Sequence[SubscriptionView] | None
    consents: Sequence[ConsentView] | None
    deliveries: Sequence[UserDeliveryView]
    inbox: Sequence[NoteView]
    next_cursor: str | None
