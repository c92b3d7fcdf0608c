"""What the API takes and gives, as Pydantic models: OpenAPI is generated from them.

Requests are strict where JSON is: no "true" for a boolean, no "3" for a number, no field that is not
named here. An optional field that is null is the same as one left out.
"""

from __future__ import annotations

import functools
import re
import zoneinfo
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Self

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from .channels import CHANNELS
from .ids import NAME_PATTERN
from .status import State

DAY: Final = 86_400
RECIPIENTS_LIMIT: Final = 1_000
USERS_LIMIT: Final = 100
SUBSCRIPTIONS_LIMIT: Final = 500


class Request(BaseModel):
    """A body, or a part of one: a field that is not named here is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class View(BaseModel):
    """What is answered."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


def wrong(code: str, detail: str, *, pointer: str = "") -> PydanticCustomError:
    """A fault of our own; `pointer` is relative to what is validated."""
    return PydanticCustomError(code, "{detail}", {"detail": detail, "pointer": pointer})


# Scalars

_RFC3339: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise wrong("invalid_time", "must be an RFC 3339 time with its offset, as 2027-01-01T08:00:00Z")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise wrong("invalid_time", "there is no such time") from error


def _email(value: str) -> str:
    try:
        # SES takes no letters beyond ASCII before the @; DNS is not asked: an answer now says nothing of later
        validate_email(value, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise wrong("invalid_email", str(error)) from error
    return value


@functools.cache
def _time_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _time_zone(value: str) -> str:
    if value not in _time_zones():
        raise wrong("invalid_time_zone", "must be a name of the IANA time zone database, as Europe/Vienna")
    return value


def _channel(value: str) -> str:
    if value not in CHANNELS:
        raise wrong("unknown_channel", f"there is no such channel; known are: {', '.join(CHANNELS)}")
    return value


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _pattern(pattern: str, code: str, detail: str) -> AfterValidator:
    matches = re.compile(pattern, re.ASCII).fullmatch

    def check(value: str) -> str:
        if not matches(value):
            raise wrong(code, detail)
        return value

    return AfterValidator(check)


Name = Annotated[
    str,
    _pattern(
        NAME_PATTERN.removeprefix("^").removesuffix("$"),
        "invalid_id",
        "must be 1 to 128 of the letters A-Z a-z 0-9 . _ : - and begin with a letter or digit",
    ),
    WithJsonSchema({"type": "string", "pattern": NAME_PATTERN, "examples": ["orders.shipped"]}),
]
ChannelName = Annotated[str, AfterValidator(_channel), WithJsonSchema({"type": "string", "enum": list(CHANNELS)})]
Channels = Annotated[tuple[ChannelName, ...], Field(min_length=1, max_length=20), AfterValidator(_distinct)]
Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
Email = Annotated[
    str,
    Field(max_length=254),
    AfterValidator(_email),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": 254}),
]
_PHONE: Final = r"\+[1-9][0-9]{6,14}"
Phone = Annotated[
    str,
    _pattern(_PHONE, "invalid_phone", "must be a number in E.164, as +436641234567"),
    WithJsonSchema({"type": "string", "pattern": f"^{_PHONE}$"}),
]
_LOCALE: Final = r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,7}"
Locale = Annotated[
    str,
    _pattern(_LOCALE, "invalid_locale", "must be a BCP 47 language tag, as de or pt-BR"),
    WithJsonSchema({"type": "string", "pattern": f"^{_LOCALE}$"}),
]
TimeZone = Annotated[str, AfterValidator(_time_zone), WithJsonSchema({"type": "string", "examples": ["Europe/Vienna"]})]


def _digits(value: object) -> object:
    if not (isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value)):
        raise wrong("wrong_type", "must be a whole number")
    return int(value)


# As they stand in a query string
PageSize = Annotated[
    int,
    BeforeValidator(_digits),
    Field(ge=1, le=100),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 100}),
]


def _flag(value: object) -> object:
    if value not in ("true", "false"):
        raise wrong("wrong_type", "must be true or false")
    return value == "true"


Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
VersionNumber = Annotated[
    int,
    BeforeValidator(_digits),
    Field(ge=1, le=99_999_999),
    WithJsonSchema({"type": "integer", "minimum": 1}),
]

_HOUR: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]"
Hour = Annotated[
    str,
    _pattern(_HOUR, "invalid_hour", "must be a time of day, 00:00 to 23:59"),
    WithJsonSchema({"type": "string", "pattern": f"^{_HOUR}$"}),
]
_URL: Final = r"https?://[^\s/?#@]+([/?][^\s]*)?"
WebUrl = Annotated[
    str,
    Field(max_length=2_048),
    _pattern(_URL, "invalid_url", "must be an http or https URL without user and password"),
    WithJsonSchema({"type": "string", "format": "uri", "maxLength": 2_048}),
]

# Messages


class TemplateRef(Request):
    """A template, by id."""

    id: Name = Field(description="The template's id.")
    version: Annotated[StrictInt, Field(ge=1, le=99_999_999)] | None = Field(
        None, description="A version; the newest one if left out. It is pinned into the message."
    )


class Content(Request):
    """What is said, without a stored template: each part is itself a template over `data` and `user`."""

    subject: str | None = Field(None, min_length=1, max_length=2_000, description="The subject line.")
    text: str | None = Field(None, min_length=1, max_length=200_000, description="Plain text.")
    html: str | None = Field(None, min_length=1, max_length=200_000, description="HTML; values are escaped.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.text or self.html):
            raise wrong("missing", "give text, html or both")
        return self


class SubmitRequest(Request):
    """A message to a topic's subscribers, to users, or to those of the users who are subscribed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "topic": "orders.shipped",
                    "template": {"id": "order-shipped"},
                    "data": {"order": "A-17"},
                    "expires_at": "2027-01-02T08:00:00Z",
                },
                {"recipients": ["user-1"], "content": {"subject": "Hello", "text": "Hello {{ user.name }}"}},
            ]
        }
    )

    topic: Name | None = Field(None, description="What it is about: everyone subscribed gets it.")
    template: TemplateRef | None = Field(None, description="What it says. Either this or `content`.")
    content: Content | None = Field(None, description="What it says, inline. Either this or `template`.")
    data: dict[str, Any] | None = Field(None, description="What templates see as `data`.")
    channels: Channels | None = Field(None, description="The ways to send it; the topic's if left out.")
    recipients: (
        Annotated[tuple[Name, ...], Field(min_length=1, max_length=RECIPIENTS_LIMIT), AfterValidator(_distinct)] | None
    ) = Field(None, description="Ids of users; with `topic`, only those of them who are subscribed.")
    send_at: Moment | None = Field(None, description="Not before this time.")
    expires_at: Moment | None = Field(None, description="Not after this time.")
    priority: Literal["normal", "critical"] = Field(
        "normal",
        description="`critical` passes limits and quiet hours, never suppressions, and never an unsubscribe "
        "from a topic that is not `required`.",
    )
    on_doubt: Literal["resend", "hold"] = Field(
        "resend",
        description="When a provider's answer is lost: send again (it may arrive twice), or hold it as failed.",
    )

    @field_validator("priority", "on_doubt", mode="before")
    @classmethod
    def _null_is_the_default(cls, value: object, info: Any) -> object:
        return cls.model_fields[info.field_name].default if value is None else value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.topic is None and self.recipients is None:
            raise wrong("missing", "give a topic, recipients or both", pointer="/topic")
        if self.template is None and self.content is None:
            raise wrong("missing", "give a template or content", pointer="/template")
        if self.template is not None and self.content is not None:
            raise wrong("too_many", "give a template or content, not both", pointer="/content")
        if self.expires_at is not None and self.send_at is not None and self.expires_at <= self.send_at:
            raise wrong("expired", "must be after send_at", pointer="/expires_at")
        return self


Id = Annotated[str, Field(description="A UUIDv7: ids sort by time.", examples=["01941f29-7c00-7abc-8def-0123456789ab"])]
At = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]


class AcceptedView(View):
    """The message is stored; it will be sent."""

    id: Id
    state: Literal["pending"]
    created_at: At


class CountsView(View):
    """What became of the recipients: `recipients` is always the sum of the others."""

    recipients: int
    sent: int
    failed: int
    skipped: int
    deleted: int
    outstanding: int


class MomentView(View):
    """One move through the life cycle."""

    state: State
    at: At
    reason: str | None


class TemplateVersionRef(View):
    """The version that is pinned into the message."""

    id: str
    version: int


class MessageView(View):
    """A message: where it is, and how it got there."""

    id: Id
    state: State
    topic: str | None
    template: TemplateVersionRef | None
    channels: Sequence[str]
    priority: str
    on_doubt: str
    created_at: At
    send_at: At | None
    expires_at: At | None
    timeline: Sequence[MomentView]


class MessageWithCountsView(MessageView):
    """A message and what became of its recipients so far."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "01941f29-7c00-7abc-8def-0123456789ab",
                    "state": "sent",
                    "topic": "orders.shipped",
                    "template": {"id": "order-shipped", "version": 3},
                    "channels": ["email"],
                    "priority": "normal",
                    "on_doubt": "resend",
                    "created_at": "2027-01-01T08:00:00.000Z",
                    "send_at": None,
                    "expires_at": None,
                    "timeline": [
                        {"state": "pending", "at": "2027-01-01T08:00:00.000Z", "reason": None},
                        {"state": "active", "at": "2027-01-01T08:00:00.412Z", "reason": None},
                        {"state": "sent", "at": "2027-01-01T08:00:03.101Z", "reason": None},
                    ],
                    "counts": {
                        "recipients": 1000,
                        "sent": 982,
                        "failed": 0,
                        "skipped": 18,
                        "deleted": 0,
                        "outstanding": 0,
                    },
                }
            ]
        }
    )

    counts: CountsView


class CancellationView(View):
    """What a deletion came in time for. `in_flight` were at the provider at that moment."""

    state: Literal["deleted"]
    already_sent: int
    in_flight: int
    withheld: int


DeliveryStatus = Literal["pending", "sent", "failed", "skipped", "deleted"]


class DeliveryView(View):
    """What became of one recipient. `pending` is not settled yet; `receipt` is what the provider reported later."""

    user_id: str
    channel: str
    status: DeliveryStatus
    reason: str | None
    attempts: int
    provider_id: str | None
    receipt: str | None
    updated_at: At | None


class UserDeliveryView(View):
    """What became of one message for a user, on one channel."""

    message_id: Id
    channel: str
    status: DeliveryStatus
    reason: str | None
    attempts: int
    provider_id: str | None
    receipt: str | None
    updated_at: At


# Dry runs


class SampleView(View):
    """What one reader would get. `segments` where the provider bills by them; `error` where it does not render."""

    channel: str
    locale: str | None
    recipients: int
    user_id: str | None
    content: Mapping[str, str] | None
    segments: int | None
    error: str | None


class CostLineView(View):
    """`quantity` units at `price` for each `per` of them. `what` is a channel, or `infrastructure`."""

    what: str
    quantity: int
    unit: str
    price: float
    per: int
    amount: float
    source: str


class CostView(View):
    """An estimate from list prices of the day `as_of`: no free tier, no discount, no tax."""

    currency: str
    total: float
    as_of: str
    lines: Sequence[CostLineView]


class DryRunView(View):
    """What would become of the message, were it fanned out at `at`. Nothing of it is stored.

    Of a large topic the first `looked_at` subscriptions are decided and the numbers extrapolated: then `sampled`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "at": "2027-01-01T08:00:00.000Z",
                    "sampled": False,
                    "looked_at": 1_020,
                    "audience": {"email": 1_000, "sms": 20},
                    "deliver": {"email": 950, "sms": 20},
                    "deferred": {"email": {"quiet_hours": 30}},
                    "skipped": {"email": {"no_address": 18, "suppressed_bounce": 2}},
                    "segments": {"sms": 40},
                    "samples": [
                        {
                            "channel": "sms",
                            "locale": "de",
                            "recipients": 20,
                            "user_id": "user-1",
                            "content": {"text": "Bestellung A-17 ist unterwegs."},
                            "segments": 2,
                            "error": None,
                        }
                    ],
                    "samples_left_out": 0,
                    "estimated_cost": {
                        "currency": "USD",
                        "total": 2.1568,
                        "as_of": "2026-11-22",
                        "lines": [
                            {
                                "what": "email",
                                "quantity": 980,
                                "unit": "e-mails",
                                "price": 0.16,
                                "per": 1_000,
                                "amount": 0.1568,
                                "source": "https://aws.amazon.com/ses/pricing/",
                            }
                        ],
                    },
                }
            ]
        }
    )

    at: At
    sampled: bool
    looked_at: int
    audience: Mapping[str, int] = Field(description="Recipients by channel.")
    deliver: Mapping[str, int] = Field(description="Let through at once, by channel.")
    deferred: Mapping[str, Mapping[str, int]] = Field(description="Let through later, by channel and reason.")
    skipped: Mapping[str, Mapping[str, int]] = Field(description="Passed over, by channel and reason.")
    segments: Mapping[str, int] = Field(description="Billed segments, on channels where they depend on the text.")
    samples: Sequence[SampleView]
    samples_left_out: int
    estimated_cost: CostView


# Explanations


class StepView(View):
    """One thing that the tables say."""

    step: str
    result: str
    at: At | None
    detail: str | None


class RecordedView(View):
    """What happened, as the tables say. `not_reached`: the fan-out has not come so far; `not_chosen`: it passed by."""

    status: Literal["pending", "sent", "failed", "skipped", "deleted", "not_reached", "not_chosen"]
    reason: str | None
    receipt: str | None
    steps: Sequence[StepView]


class RuleView(View):
    """What a rule says: `passed`, or why not."""

    rule: str
    result: str


class RulesNowView(View):
    """What the rules would say at this moment: the user, the topic or the time may have changed since."""

    action: Literal["deliver", "defer", "skip"]
    reason: str | None
    until: At | None
    steps: Sequence[RuleView]


class ChannelExplanationView(View):
    """One channel of the message: what is recorded, and apart from it what the rules say now."""

    channel: str
    recorded: RecordedView
    rules_now: RulesNowView


class ExplanationView(View):
    """Why a user did or did not get a message."""

    message_id: Id
    user_id: str
    state: State
    at: At
    channels: Sequence[ChannelExplanationView]


# Suppressions


class PutSuppressionRequest(Request):
    """An address that must not be written to again."""

    cause: Literal["manual", "bounce", "complaint", "opt_out"] | None = Field(
        None, description="Why; `manual` if left out. The first cause is kept."
    )


class SuppressionView(View):
    """An address that must not be written to again, with its cause."""

    channel: str
    address: str
    cause: str
    created_at: At


# Queues


class QueueView(View):
    """How many jobs of a queue wait, are being worked at, come later, or were given up. SQS counts approximately."""

    queue: str
    waiting: int
    in_flight: int
    delayed: int
    dead_letters: int


class QueuesView(View):
    """All queues."""

    items: Sequence[QueueView]


# Topics


class Limit(Request):
    """How many messages of the topic a user gets in a sliding time."""

    count: Annotated[StrictInt, Field(ge=1, le=1_000)] = Field(description="So many at most")
    per_seconds: Annotated[StrictInt, Field(ge=1, le=31 * DAY)] = Field(description="in so many seconds.")
    overflow: Literal["drop", "defer"] = Field(description="What becomes of more: skipped, or sent later.")


class PutTopicRequest(Request):
    """A topic."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Order shipped",
                    "channels": ["email"],
                    "category": "orders",
                    "limit": {"count": 5, "per_seconds": DAY, "overflow": "drop"},
                    "public": True,
                }
            ]
        }
    )

    title: str = Field(min_length=1, max_length=200, description="What people read.")
    description: str | None = Field(None, max_length=2_000, description="What it is about.")
    channels: Channels = Field(description="The ways in which it can be subscribed to.")
    required: StrictBool | None = Field(None, description="Users can't unsubscribe from it. False if left out.")
    category: str | None = Field(
        None, min_length=1, max_length=100, description="Topics of one category stand together. `general` if left out."
    )
    limit: Limit | None = Field(None, description="Per user; none if left out.")
    public: StrictBool | None = Field(None, description="Shown to people, who may subscribe. False if left out.")
    shards: Annotated[StrictInt, Field(ge=1, le=64)] | None = Field(
        None,
        description="Over how many partitions its subscriptions are spread: one for each 100,000 subscribers or so. "
        "Fixed once created; 1 if left out.",
    )


class LimitView(View):
    """How many messages of the topic a user gets in a sliding time."""

    count: int
    per_seconds: int
    overflow: Literal["drop", "defer"]


class TopicView(View):
    """A topic."""

    id: str
    title: str
    description: str
    channels: Sequence[str]
    required: bool
    category: str
    limit: LimitView | None
    public: bool
    shards: int
    created_at: At
    updated_at: At


# Templates

Source = Annotated[str, Field(min_length=1, max_length=200_000)]
Parts = Annotated[dict[str, Source], Field(min_length=1, max_length=20)]
ByChannel = Annotated[dict[ChannelName, Parts], Field(min_length=1, max_length=20)]


class PutTemplateRequest(Request):
    """A template: for each channel its parts, in Jinja2, over `data` and `user` (`id`, `name`, `locale`)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "channels": {
                        "email": {
                            "subject": "Order {{ data.order }} is on its way",
                            "html": "<p>Hello {{ user.name }}</p>",
                            "text": "Hello {{ user.name }}",
                        }
                    },
                    "locales": {"de": {"email": {"subject": "Bestellung {{ data.order }} ist unterwegs"}}},
                    "schema": {"type": "object", "required": ["order"], "properties": {"order": {"type": "string"}}},
                    "example": {"order": "A-17"},
                }
            ]
        }
    )

    channels: ByChannel = Field(description="Channel → part → source.")
    locales: Annotated[dict[Locale, ByChannel], Field(max_length=100)] | None = Field(
        None, description="Locale → channel → part → source: what differs in that language."
    )
    data_schema: dict[str, Any] | None = Field(
        None, alias="schema", description="JSON Schema (2020-12) that a message's `data` must satisfy."
    )
    example: dict[str, Any] | None = Field(None, description="Data with which everything must render.")
    layout: Name | None = Field(
        None,
        description="A template that is put around this one: each of its parts that says `{{ content }}` goes around "
        "the part of the same name. Its newest version is pinned.",
    )
    partials: Annotated[dict[Name, Source], Field(max_length=50)] | None = Field(
        None, description='Name → source, put in where a part or another partial says `{% include "name" %}`.'
    )

    def body(self) -> dict[str, Any]:
        """As stored: what was left out is left out."""
        return self.model_dump(by_alias=True, exclude_none=True)


class PutTemplateView(View):
    """The version that was stored."""

    id: str
    version: int


class TemplateSummaryView(View):
    """A version of a template."""

    id: str
    version: int
    created_at: At


class TemplateView(TemplateSummaryView):
    """A version of a template, whole."""

    channels: Mapping[str, Mapping[str, str]]
    locales: Mapping[str, Mapping[str, Mapping[str, str]]]
    data_schema: Mapping[str, Any] | None = Field(serialization_alias="schema")
    example: Mapping[str, Any]
    layout: TemplateVersionRef | None
    partials: Mapping[str, str]


class PreviewRequest(Request):
    """What to render a template with."""

    data: dict[str, Any] | None = Field(None, description="The template's example if left out.")
    locale: Locale | None = Field(None, description="The language.")
    channel: ChannelName = Field(description="The channel.")


# Users


class PushAddress(Request):
    """One device or browser."""

    platform: Annotated[str, _pattern(r"[a-z][a-z0-9_-]{0,31}", "invalid_platform", "as ios, android or web")] = Field(
        description="Where the token comes from, as `ios`, `android` or `web`."
    )
    token: str = Field(min_length=1, max_length=4_096, description="The platform's token.")


class WebhookAddress(Request):
    """Where a user's own server listens."""

    url: WebUrl = Field(description="The URL.")


class QuietHours(Request):
    """The hours in which only critical messages come, in the user's time zone; they may pass midnight."""

    start: Hour = Field(description="First minute, as 22:00.")
    end: Hour = Field(description="The minute after the last, as 07:00.")

    @model_validator(mode="after")
    def _last_a_while(self) -> Self:
        if self.start == self.end:
            raise wrong("empty", "must differ from start", pointer="/end")
        return self


class PutUserRequest(Request):
    """A user: all of it, as it is to be. What is left out is not known."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Ada",
                    "email": "ada@example.com",
                    "locale": "en",
                    "time_zone": "Europe/Vienna",
                    "quiet_hours": {"start": "22:00", "end": "07:00"},
                }
            ]
        }
    )

    name: str | None = Field(None, min_length=1, max_length=200, description="How the user is addressed.")
    email: Email | None = Field(None, description="The e-mail address.")
    phone: Phone | None = Field(None, description="The phone number, in E.164.")
    push: Annotated[tuple[PushAddress, ...], Field(max_length=20)] | None = Field(None, description="Devices.")
    webhook: WebhookAddress | None = Field(None, description="The user's own server.")
    locale: Locale | None = Field(None, description="The language.")
    time_zone: TimeZone | None = Field(None, description="The IANA time zone; UTC if left out.")
    quiet_hours: QuietHours | None = Field(None, description="When not to disturb.")

    def profile(self) -> dict[str, Any]:
        """As stored."""
        return self.model_dump(mode="json", exclude_none=True, exclude={"id"})


class UserItem(PutUserRequest):
    """A user, with the id."""

    id: Name = Field(description="The user's id.")


class PushView(View):
    """One device or browser."""

    platform: str
    token: str


class WebhookView(View):
    """Where a user's own server listens."""

    url: str


class QuietHoursView(View):
    """The hours in which only critical messages come."""

    start: str
    end: str


class UserView(View):
    """A user."""

    id: str
    name: str | None
    email: str | None
    phone: str | None
    push: Sequence[PushView]
    webhook: WebhookView | None
    locale: str | None
    time_zone: str | None
    quiet_hours: QuietHoursView | None


class PutUsersRequest(Request):
    """Many users at once. Each is taken or refused by itself."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [{"id": "user-1", "name": "Ada", "email": "ada@example.com"}]}]}
    )

    items: Annotated[
        tuple[Any, ...],
        Field(min_length=1, max_length=USERS_LIMIT),
        WithJsonSchema(
            {
                "type": "array",
                "minItems": 1,
                "maxItems": USERS_LIMIT,
                "items": {"$ref": "#/components/schemas/UserItem"},
            }
        ),
    ] = Field(description="The users.")


# Subscriptions


class SubscriptionItem(Request):
    """A user's yes on a channel."""

    user_id: Name = Field(description="Who.")
    channel: ChannelName = Field(description="On which channel.")


class SubscribeRequest(Request):
    """Many subscriptions to one topic. Each is taken or refused by itself."""

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
    """A user's yes to a topic on a channel."""

    user_id: str
    topic: str
    channel: str
    created_at: At


# People themselves


class PatchMeRequest(PutUserRequest):
    """What is to change. A field that is left out stays as it is; null removes it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "ada@example.com", "locale": "de-AT", "quiet_hours": None}]}
    )

    opted_out: StrictBool | None = Field(
        None, description="True: nothing at all, save what the service needs people to know."
    )

    def changes(self) -> dict[str, Any]:
        """Field → what it is to be; None removes it."""
        return self.model_dump(mode="json", include=set(self.model_fields_set))


class PendingView(View):
    """Addresses that are not used before they are confirmed: by a link, or by a code."""

    email: str | None
    phone: str | None


class MeView(UserView):
    """What is known of the caller."""

    opted_out: bool
    pending: PendingView


class MyWebhookView(View):
    """The caller's own server, and what it verifies by that a call comes from here (Standard Webhooks)."""

    url: str
    secret: str


class ConfirmCodeRequest(Request):
    """The code that was sent to a phone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"channel": "sms", "code": "123456"}]})

    channel: Literal["sms"] = Field(description="The channel of the address.")
    code: Annotated[
        str,
        _pattern(r"[0-9]{6}", "invalid_code", "must be 6 digits"),
        WithJsonSchema({"type": "string", "pattern": "^[0-9]{6}$"}),
    ] = Field(description="The code: 6 digits.")


class PublicTopicView(View):
    """A topic, as people see it."""

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
    """A subscription for somebody without an account."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email": "ada@example.com", "topic": "news"}]})

    email: Email = Field(description="Where the link to confirm goes.")
    topic: Name = Field(description="The topic.")


class SignUpView(View):
    """The same answer whoever it is."""

    status: Literal["confirmation_requested"]


class HealthView(View):
    """The API is there."""

    status: Literal["ok"]


# Results of bulk calls


class FaultView(View):
    """One thing wrong: where, what, and the cure."""

    pointer: str
    code: str
    detail: str


class ItemErrorView(View):
    """Why an item was refused."""

    code: str
    detail: str
    errors: Sequence[FaultView]


class UserResultView(View):
    """What became of one item: 201 created, 200 replaced, 422 refused."""

    id: str | None
    status: int
    error: ItemErrorView | None


class SubscriptionResultView(View):
    """What became of one item: 201 subscribed, 200 was subscribed already, 404 unknown user, 422 refused."""

    user_id: str | None
    channel: str | None
    status: int
    error: ItemErrorView | None


class UserResultsView(View):
    """A result for each item, in the order of the items."""

    items: Sequence[UserResultView]


class SubscriptionResultsView(View):
    """A result for each item, in the order of the items."""

    items: Sequence[SubscriptionResultView]


# Lists


class MessagesView(View):
    """Messages, the newest first."""

    items: Sequence[MessageView]
    next_cursor: str | None


class DeliveriesView(View):
    """Deliveries of a message."""

    items: Sequence[DeliveryView]
    next_cursor: str | None


class UserDeliveriesView(View):
    """What a user got or did not get, the newest first."""

    items: Sequence[UserDeliveryView]
    next_cursor: str | None


class TopicsView(View):
    """Topics, by id."""

    items: Sequence[TopicView]
    next_cursor: str | None


class TemplatesView(View):
    """Templates, by id, each with its newest version."""

    items: Sequence[TemplateSummaryView]
    next_cursor: str | None


class VersionsView(View):
    """Versions of a template, the newest first."""

    items: Sequence[TemplateSummaryView]
    next_cursor: str | None


class SubscriptionsView(View):
    """A user's subscriptions, by topic and channel."""

    items: Sequence[SubscriptionView]
    next_cursor: str | None


class SuppressionsView(View):
    """Suppressed addresses, by channel and address."""

    items: Sequence[SuppressionView]
    next_cursor: str | None


class PublicTopicsView(View):
    """Public topics, by id."""

    items: Sequence[PublicTopicView]
    next_cursor: str | None


class InboxView(View):
    """The inbox, the newest first, and how many of all its entries are unread."""

    items: Sequence[NoteView]
    next_cursor: str | None
    unread: int


class ProblemView(View):
    """What went wrong (RFC 9457). `code` is stable; `errors` name each field of an invalid request.

    A `pointer` is a JSON pointer (RFC 6901) into the body, as `/recipients/3`; `?limit` is a query
    parameter, `{user_id}` a part of the path, `Idempotency-Key:` a header.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:fanfare:problem:invalid_request",
                    "title": "Invalid request",
                    "status": 422,
                    "detail": "the request has fields that are wrong",
                    "instance": "/v1/messages",
                    "code": "invalid_request",
                    "errors": [
                        {"pointer": "/recipients/3", "code": "wrong_type", "detail": "should be a valid string"}
                    ],
                    "retryable": False,
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: Sequence[FaultView] = ()
    retryable: bool
