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
from fanfare.schemas.scalars import At, Channels, Id, Moment, Name, Request, View, _distinct, validation_error

RECIPIENTS_LIMIT: Final = 1_000


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
            raise validation_error("missing", "give text, html or both")
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
            raise validation_error("missing", "give a topic, recipients or both", pointer="/topic")
        if self.template is None and self.content is None:
            raise validation_error("missing", "give a template or content", pointer="/template")
        if self.template is not None and self.content is not None:
            raise validation_error("too_many", "give a template or content, not both", pointer="/content")
        if self.expires_at is not None and self.send_at is not None and self.expires_at <= self.send_at:
            raise validation_error("expired", "must be after send_at", pointer="/expires_at")
        return self


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
