"""Messages and deliveries in the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    field_validator,
    model_validator,
)

from fanfare.domain.lifecycle import State
from fanfare.domain.message import Reach
from fanfare.schemas.errors import WarningView
from fanfare.schemas.posted.recipients import Recipient
from fanfare.schemas.posted.sending import (
    STEPS_LIMIT,
    LocalSendAt,
    MessageStepView,
    SendAt,
    StepRequest,
    begin_of,
    check_steps,
    end_of,
)
from fanfare.schemas.scalars import (
    At,
    Channels,
    Id,
    Moment,
    Name,
    Request,
    View,
    validation_error,
)
from fanfare.schemas.topics import Sender

RECIPIENTS_LIMIT: Final = 1_000


class TemplateRef(Request):
    """A reference to a template."""

    id: Name = Field(description="The template's id.")
    version: Annotated[StrictInt, Field(ge=1, le=99_999_999)] | None = Field(
        None, description="The version. Default: the newest. The message keeps it."
    )


class Content(Request):
    """Inline content, without a stored template. Each part is itself a template over `data` and `user`."""

    subject: str | None = Field(None, min_length=1, max_length=2_000, description="The subject line.")
    text: str | None = Field(None, min_length=1, max_length=200_000, description="Plain text.")
    html: str | None = Field(None, min_length=1, max_length=200_000, description="HTML; values are escaped.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.text or self.html):
            raise validation_error("missing", "Set text, html or both.")
        return self


class SubmitRequest(Request):
    """A message to subscribers of a topic, to named users, or to the named users who are subscribed."""

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
                {
                    "recipients": [
                        {"user": "user-2", "data": {"total": "12.40"}},
                        {"address": {"email": "x@example.com"}, "name": "Xenia", "data": {"total": "9.00"}},
                    ],
                    "content": {"subject": "Receipt", "text": "Thank you for {{ data.total }}"},
                },
            ]
        }
    )

    topic: Name | None = Field(None, description="The topic; its subscribers get the message.")
    template: TemplateRef | None = Field(None, description="The stored content. Set this or `content`.")
    content: Content | None = Field(None, description="The inline content. Set this or `template`.")
    data: dict[str, Any] | None = Field(None, description="The `data` that templates see.")
    channels: Channels | None = Field(None, description="Channels. Default: the topic's.")
    steps: Annotated[tuple[StepRequest, ...], Field(min_length=1, max_length=STEPS_LIMIT)] | None = Field(
        None, description="Instead of `channels`: some leave later, if they are needed then."
    )
    recipients: Annotated[tuple[Recipient, ...], Field(min_length=1, max_length=RECIPIENTS_LIMIT)] | None = Field(
        None,
        description="User ids, or objects with data of their own or an address. With `topic`, only those of them who "
        "are subscribed get the message; of a `required` topic all.",
    )
    send_at: SendAt | None = Field(
        None, description='Do not send before this time; `{"local": …}`: a wall-clock time of each reader.'
    )
    expires_at: Moment | None = Field(None, description="Do not send after this time.")
    priority: Literal["normal", "critical"] = Field(
        "normal",
        description="`critical` ignores rate limits and quiet hours, but not suppressions, and not an unsubscribe "
        "from a topic that is not `required`.",
    )
    on_doubt: Literal["resend", "hold"] = Field(
        "resend",
        description="If the answer of a provider is lost: `resend` (it may arrive twice), or `hold` it as failed.",
    )
    sensitive: StrictBool = Field(
        False, description="For codes and links of one use: `data` is removed when the message is at rest."
    )
    sender: Sender | None = Field(None, description="Its topic's sender, or one of the setting `senders`.")

    @field_validator("priority", "on_doubt", "sensitive", mode="before")
    @classmethod
    def _null_is_the_default(cls, value: object, info: Any) -> object:
        return cls.model_fields[info.field_name].default if value is None else value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.topic is None and self.recipients is None:
            raise validation_error("missing", "Set topic, recipients or both.", pointer="/topic")
        if self.template is None and self.content is None:
            raise validation_error("missing", "Set template or content.", pointer="/template")
        if self.template is not None and self.content is not None:
            raise validation_error("too_many", "Set template or content, not both.", pointer="/content")
        if self.expires_at is not None and self.send_at is not None and self.expires_at <= begin_of(self.send_at):
            raise validation_error("expired", "Must be after send_at.", pointer="/expires_at")
        return self

    @model_validator(mode="after")
    def _steps_fit(self) -> Self:
        if self.steps is not None:
            if self.channels is not None:
                raise validation_error("channels_with_steps", "Set channels or steps, not both.", pointer="/channels")
            check_steps(self.steps)
        return self

    @property
    def begins_at(self) -> datetime | None:
        """The first moment at which anybody gets it; None: now."""
        return begin_of(self.send_at) if self.send_at is not None else None

    @property
    def ends_at(self) -> datetime | None:
        """The last moment at which somebody's `send_at` comes; None: now."""
        return end_of(self.send_at) if self.send_at is not None else None

    @property
    def local(self) -> str | None:
        """The wall-clock time at which each reader gets it, if they don't get it at one moment."""
        return self.send_at.local if isinstance(self.send_at, LocalSendAt) else None


class AcceptedView(View):
    """The message is stored and will be sent."""

    id: Id
    state: Literal["pending"]
    created_at: At
    warnings: Sequence[WarningView]


class CountsView(View):
    """Recipients by outcome. `recipients` is always the sum of the others."""

    recipients: int
    sent: int
    failed: int
    skipped: int
    deleted: int
    digested: int
    outstanding: int


class ReceiptsView(View):
    """Recipients that were sent, by what the provider reported later: each once, under the strongest.

    complained > bounced > rejected > delivered > bounced_soft > delayed. `no_word`: nothing was reported. Their sum is
    `counts.sent`. Only the provider of e-mail reports.
    """

    delivered: int
    delayed: int
    bounced: int
    bounced_soft: int
    complained: int
    rejected: int
    no_word: int


class MomentView(View):
    """One change of state."""

    state: State
    at: At
    reason: str | None


class TemplateVersionRef(View):
    """The pinned version of a template."""

    id: str
    version: int


class DigestOfView(View):
    """What a digest was made of."""

    readers: int
    items: int


class MessageView(View):
    """A message with its state and history.

    `summary`: its subject, title or text without a reader, at most 120 characters. `outcome`: it has `reached` all
    recipients but the skipped, `partly`, or `nobody`; `open` while recipients are outstanding.
    `digest_of`: what a digest was made of; null for other messages.
    """

    id: Id
    state: State
    topic: str | None
    template: TemplateVersionRef | None
    channels: Sequence[str]
    steps: Sequence[MessageStepView] | None
    priority: str
    on_doubt: str
    created_at: At
    send_at: At | LocalSendAt | None
    expires_at: At | None
    summary: str | None
    outcome: Reach
    digest_of: DigestOfView | None
    timeline: Sequence[MomentView]


class MessageWithCountsView(MessageView):
    """A message with the counts of its recipients by outcome, and of those sent by receipt."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "01941f29-7c00-7abc-8def-0123456789ab",
                    "state": "sent",
                    "topic": "orders.shipped",
                    "template": {"id": "order-shipped", "version": 3},
                    "channels": ["email"],
                    "steps": None,
                    "priority": "normal",
                    "on_doubt": "resend",
                    "created_at": "2027-01-01T08:00:00.000Z",
                    "send_at": None,
                    "expires_at": None,
                    "summary": "Order A-17 has shipped",
                    "outcome": "reached",
                    "digest_of": None,
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
                        "digested": 0,
                        "outstanding": 0,
                    },
                    "receipts": {
                        "delivered": 930,
                        "delayed": 0,
                        "bounced": 50,
                        "bounced_soft": 0,
                        "complained": 2,
                        "rejected": 0,
                        "no_word": 0,
                    },
                }
            ]
        }
    )

    counts: CountsView
    receipts: ReceiptsView


class CancellationView(View):
    """The effect of a deletion, in recipients. `in_flight`: being sent at that moment; `withheld`: not sent."""

    state: Literal["deleted"]
    already_sent: int
    in_flight: int
    withheld: int


class SentContentView(View):
    """What was sent, rendered again. `exact`: it is what was sent; false if the user or a pinned thing has changed.

    `locale`: the template's language that was chosen; null for the default one.
    """

    channel: str
    locale: str | None
    content: Mapping[str, str]
    template: TemplateVersionRef | None
    exact: bool


class MessagesView(View):
    """Messages, newest first."""

    items: Sequence[MessageView]
    next_cursor: str | None
