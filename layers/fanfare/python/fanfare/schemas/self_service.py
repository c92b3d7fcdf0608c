"""What readers send and get about themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    StrictBool,
    WithJsonSchema,
)

from fanfare.schemas.scalars import At, Email, Id, Name, Request, View, _pattern
from fanfare.schemas.users import PutUserRequest, UserView


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


class PublicTopicsView(View):
    """Public topics, by id."""

    items: Sequence[PublicTopicView]
    next_cursor: str | None


class InboxView(View):
    """The inbox, the newest first, and how many of all its entries are unread."""

    items: Sequence[NoteView]
    next_cursor: str | None
    unread: int
