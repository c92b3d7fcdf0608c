"""Topics in the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    model_validator,
)

from fanfare.channels.email import ascii_mailbox
from fanfare.domain.digests.gathering import AT, DAYS
from fanfare.domain.digests.windows import ITEMS
from fanfare.schemas.scalars import (
    At,
    Channels,
    Email,
    Hour,
    Locale,
    Moment,
    Name,
    NoControls,
    Request,
    View,
    validation_error,
)
from fanfare.schemas.subscriptions import Frequency

DAY: Final = 86_400
Overflow = Literal["drop", "defer", "digest"]
OVERFLOW_HELP: Final = "Set `digest`, or use `drop` or `defer`."
Title = Annotated[str, Field(min_length=1, max_length=200)]
Description = Annotated[str, Field(max_length=2_000)]


def _no_at(value: str) -> str:
    if "@" in value:
        raise validation_error("invalid_name", "Must not contain @: mail programs show a name as an address then.")
    return value


class Limit(Request):
    """The rate limit of the topic per user: at most `count` messages in any `per_seconds`."""

    count: Annotated[StrictInt, Field(ge=1, le=1_000)] = Field(
        description="Maximum number of messages in `per_seconds`."
    )
    per_seconds: Annotated[StrictInt, Field(ge=1, le=31 * DAY)] = Field(
        description="Length of the sliding window in seconds."
    )
    overflow: Overflow = Field(
        description="What to do with more messages: `drop` (skipped), `defer` (sent later), or `digest` (put into the "
        "reader's digest; the topic must have `digest`). Messages that can't go into a digest are sent later."
    )


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _in_order(values: tuple[Day, ...]) -> tuple[Day, ...]:
    return tuple(day for day in DAYS if day in values)


Days = Annotated[tuple[Day, ...], Field(min_length=1, max_length=7), AfterValidator(_in_order)]


class Every(Request):
    """When a window closes: at a time of day on these days, or a number of seconds after its first item."""

    days: Days | None = Field(None, description="Days of the week; with `at`.")
    at: Hour | None = Field(None, description="Time of day by the reader's clock, e.g. 18:00; with `days`.")
    seconds: Annotated[StrictInt, Field(ge=10, le=7 * DAY)] | None = Field(
        None, description="Seconds after the first item; without `days` and `at`."
    )

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        by_clock = [self.days is not None, self.at is not None]
        if (self.seconds is not None) == any(by_clock) or any(by_clock) != all(by_clock):
            raise validation_error("digest_times", "Set `days` and `at`, or only `seconds`.")
        return self


class DigestTemplate(Request):
    """The template of the digest. Its example has `items`, `count`, `key` and `first_at`."""

    id: Name = Field(description="The template's id. A digest uses the newest version when it closes.")


class Digest(Request):
    """How messages of the topic are gathered into one per reader."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"template": {"id": "comments-digest"}, "every": {"seconds": 300}, "key": "document"}]
        }
    )

    template: DigestTemplate = Field(description="The template of the digest.")
    every: Every = Field(description="When a window closes.")
    key: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None,
        description="Name of a string or number in `data`: messages with different values go into different digests. "
        "Those without a value go together.",
    )
    items: Annotated[StrictInt, Field(ge=1, le=ITEMS)] | None = Field(
        None, description=f"Maximum number of items in `data.items`. Default: {ITEMS}."
    )
    day: Day | None = Field(None, description=f"Day of `weekly` digests. Default: {DAYS[0]}.")

    def stored(self) -> dict[str, Any]:
        """As it is stored, and shown."""
        return {
            "template": {"id": self.template.id},
            "every": self.every.model_dump(mode="json", exclude_none=True),
            "key": self.key,
            "items": self.items or ITEMS,
            "day": self.day or DAYS[0],
        }


Frequencies = Annotated[tuple[Frequency, ...], Field(max_length=4)]
FREQUENCIES_HELP: Final = (
    "How often readers can choose to get it. `digest`: as `digest.every` says; `daily`: at its `at` "
    f"(default: {AT}); `weekly`: at that time on its `day`. Default: only `digest` if the topic has one."
)


class EveryView(View):
    """When a window closes."""

    days: Sequence[Day] | None = None
    at: str | None = None
    seconds: int | None = None


class DigestTemplateView(View):
    """The template of the digest."""

    id: str


class DigestView(View):
    """How messages of the topic are gathered into one per reader."""

    template: DigestTemplateView
    every: EveryView
    key: str | None = None
    items: int = ITEMS
    day: Day = "mon"


class Sender(Request):
    """The sender of mails. It names one of these at least."""

    name: Annotated[str, Field(min_length=1, max_length=64), NoControls, AfterValidator(_no_at)] | None = Field(
        None, description="The name that readers see, without `@`. Default: that of the deployment's sender."
    )
    address: Email | None = Field(
        None, description="The address, which the deployment must have verified. Default: that of its sender."
    )
    reply_to: Annotated[tuple[Email, ...], Field(max_length=5)] | None = Field(
        None, description="Addresses that get the answers. Default, and if it is empty: that of the sender."
    )

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not (self.name or self.address or self.reply_to):
            raise validation_error("missing", "Set name, address or reply_to.")
        return self

    def stored(self) -> dict[str, Any]:
        """As it is stored; the domain as SES and IAM compare it."""
        known = {name: value for name, value in self.model_dump(mode="json").items() if value}
        if self.address is not None:
            known["address"] = ascii_mailbox(self.address)
        return known


class PutTopicRequest(Request):
    """A topic. It takes what a GET answers; `id` must be that of the path, times are not stored."""

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

    title: Title = Field(description="The name that users see.")
    description: Description | None = Field(None, description="The description that users see.")
    titles: Annotated[dict[Locale, Title], Field(max_length=100)] | None = Field(
        None, description="Language → title, for users who read it. Others see `title`."
    )
    descriptions: Annotated[dict[Locale, Description], Field(max_length=100)] | None = Field(
        None, description="Language → description, for users who read it. Others see `description`."
    )
    channels: Channels = Field(description="Channels on which users can subscribe.")
    required: StrictBool | None = Field(None, description="Users can't unsubscribe from it. Default: false.")
    category: str | None = Field(
        None, min_length=1, max_length=100, description="Pages group topics by category. Default: `general`."
    )
    limit: Limit | None = Field(None, description="Rate limit per user. Default: no limit.")
    public: StrictBool | None = Field(None, description="Users can see it and subscribe themselves. Default: false.")
    id: Name | None = Field(None, description="The topic's id, as in the path.")
    created_at: Moment | None = Field(None, description="When it was created; not changed.")
    updated_at: Moment | None = Field(None, description="When it was last changed; not stored.")
    sms_smart: StrictBool | None = Field(
        None,
        description="In text messages, replace typographic characters, which more than double the number of segments, "
        "by plain ones. Default: false.",
    )
    footer: StrictBool | None = Field(
        None,
        description="Parts of mails that print no `links.unsubscribe` get a footer with it. Not for required topics. "
        "Default: true.",
    )
    sender: Sender | None = Field(None, description="The sender of its mails. Default: that of the deployment.")
    digest: Digest | None = Field(None, description="Gather its messages into digests. Default: each is sent at once.")
    frequencies: Frequencies | None = Field(None, description=FREQUENCIES_HELP)
    frequency: Frequency | None = Field(
        None, description="One of `frequencies`, for readers who have not chosen. Default: the first of them."
    )
    shards: Annotated[StrictInt, Field(ge=1, le=64)] | None = Field(
        None,
        description="Number of partitions for its subscriptions: about one per 100,000 subscribers. "
        "It can't change once the topic is created. Default: 1.",
    )

    @model_validator(mode="after")
    def _can_be_gathered(self) -> Self:
        gathered = {*(self.frequencies or ()), self.frequency or "immediate"} - {"immediate"}
        if self.digest is None and gathered:
            raise validation_error("digest_missing", "Set `digest`, or leave this out.", pointer="/frequencies")
        if self.digest is None and self.limit is not None and self.limit.overflow == "digest":
            raise validation_error("digest_missing", OVERFLOW_HELP, pointer="/limit/overflow")
        if self.frequency is not None and self.frequency not in (self.frequencies or (self.frequency,)):
            raise validation_error("frequency_not_offered", "Must be one of `frequencies`.", pointer="/frequency")
        return self


class LimitView(View):
    """The rate limit of the topic per user: at most `count` messages in any `per_seconds`."""

    count: int
    per_seconds: int
    overflow: Overflow


class SenderView(View):
    """The sender of mails."""

    name: str | None = None
    address: str | None = None
    reply_to: Sequence[str] = ()


class TopicView(View):
    """A topic."""

    id: str
    title: str
    description: str
    titles: Mapping[str, str]
    descriptions: Mapping[str, str]
    channels: Sequence[str]
    required: bool
    category: str
    limit: LimitView | None
    public: bool
    sms_smart: bool
    footer: bool
    sender: SenderView | None
    digest: DigestView | None
    frequencies: Sequence[Frequency]
    frequency: Frequency | None
    shards: int
    created_at: At
    updated_at: At


class TopicsView(View):
    """Topics, by id."""

    items: Sequence[TopicView]
    next_cursor: str | None
