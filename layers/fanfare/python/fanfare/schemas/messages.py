"""Messages and deliveries in the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StrictInt,
    field_validator,
    model_validator,
)

from fanfare.domain.lifecycle import State
from fanfare.domain.message import Reach
from fanfare.schemas.scalars import At, Channels, Id, Moment, Name, Request, UserId, View, _distinct, validation_error

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
            ]
        }
    )

    topic: Name | None = Field(None, description="The topic; its subscribers get the message.")
    template: TemplateRef | None = Field(None, description="The stored content. Set this or `content`.")
    content: Content | None = Field(None, description="The inline content. Set this or `template`.")
    data: dict[str, Any] | None = Field(None, description="The `data` that templates see.")
    channels: Channels | None = Field(None, description="Channels. Default: the topic's.")
    recipients: (
        Annotated[tuple[UserId, ...], Field(min_length=1, max_length=RECIPIENTS_LIMIT), AfterValidator(_distinct)]
        | None
    ) = Field(None, description="User ids. With `topic`, only the named users who are subscribed get the message.")
    send_at: Moment | None = Field(None, description="Do not send before this time.")
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

    @field_validator("priority", "on_doubt", mode="before")
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
        if self.expires_at is not None and self.send_at is not None and self.expires_at <= self.send_at:
            raise validation_error("expired", "Must be after send_at.", pointer="/expires_at")
        return self


class AcceptedView(View):
    """The message is stored and will be sent."""

    id: Id
    state: Literal["pending"]
    created_at: At


class CountsView(View):
    """Recipients by outcome. `recipients` is always the sum of the others."""

    recipients: int
    sent: int
    failed: int
    skipped: int
    deleted: int
    outstanding: int


class MomentView(View):
    """One change of state."""

    state: State
    at: At
    reason: str | None


class TemplateVersionRef(View):
    """The pinned version of a template."""

    id: str
    version: int


class MessageView(View):
    """A message with its state and history.

    `summary`: its subject, title or text without a reader, at most 120 characters. `outcome`: it has `reached` all
    recipients but the skipped, `partly`, or `nobody`; `open` while recipients are outstanding.
    """

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
    summary: str | None
    outcome: Reach
    timeline: Sequence[MomentView]


class MessageWithCountsView(MessageView):
    """A message with the counts of its recipients by outcome."""

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
                    "summary": "Order A-17 has shipped",
                    "outcome": "reached",
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
    """The effect of a deletion, in recipients. `in_flight`: being sent at that moment; `withheld`: not sent."""

    state: Literal["deleted"]
    already_sent: int
    in_flight: int
    withheld: int


DeliveryStatus = Literal["pending", "sent", "failed", "skipped", "deleted"]


class DeliveryView(View):
    """The outcome of one recipient. `pending`: not final yet. `receipt`: what the provider reported later."""

    user_id: str
    channel: str
    status: DeliveryStatus
    reason: str | None
    attempts: int
    provider_id: str | None
    receipt: str | None
    updated_at: At | None


class UserDeliveryView(View):
    """The outcome of one message for a user, on one channel."""

    message_id: Id
    channel: str
    status: DeliveryStatus
    reason: str | None
    attempts: int
    provider_id: str | None
    receipt: str | None
    updated_at: At


class MessagesView(View):
    """Messages, newest first."""

    items: Sequence[MessageView]
    next_cursor: str | None


class DeliveriesView(View):
    """Deliveries of a message."""

    items: Sequence[DeliveryView]
    next_cursor: str | None


class UserDeliveriesView(View):
    """Deliveries of a user, sent or not, newest first."""

    items: Sequence[UserDeliveryView]
    next_cursor: str | None
