"""Users in the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Self

from pydantic import (
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from fanfare.schemas.errors import ItemErrorView
from fanfare.schemas.scalars import (
    Email,
    Hour,
    Locale,
    Name,
    Phone,
    Request,
    TimeZone,
    View,
    WebUrl,
    _pattern,
    validation_error,
)

USERS_LIMIT: Final = 100


class PushAddress(Request):
    """One device or browser."""

    platform: Annotated[
        str,
        _pattern(r"[a-z][a-z0-9_-]{0,31}", "invalid_platform", "Must be a platform name, e.g. ios, android or web."),
    ] = Field(description="The platform of the token, e.g. `ios`, `android` or `web`.")
    token: str = Field(min_length=1, max_length=4_096, description="The platform's token.")


class WebhookAddress(Request):
    """The user's own server."""

    url: WebUrl = Field(description="The URL.")


class QuietHours(Request):
    """Hours in which only critical messages are sent, in the user's time zone. They may pass midnight."""

    start: Hour = Field(description="The first minute, e.g. 22:00.")
    end: Hour = Field(description="The minute after the last, e.g. 07:00.")

    @model_validator(mode="after")
    def _last_a_while(self) -> Self:
        if self.start == self.end:
            raise validation_error("empty", "Must differ from start.", pointer="/end")
        return self


class PutUserRequest(Request):
    """All data of a user. Fields that are left out are removed."""

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

    name: str | None = Field(None, min_length=1, max_length=200, description="The name used in messages.")
    email: Email | None = Field(None, description="The e-mail address.")
    phone: Phone | None = Field(None, description="The phone number in E.164 format.")
    push: Annotated[tuple[PushAddress, ...], Field(max_length=20)] | None = Field(None, description="Devices for push.")
    webhook: WebhookAddress | None = Field(None, description="The user's own server.")
    locale: Locale | None = Field(None, description="The language.")
    time_zone: TimeZone | None = Field(None, description="The IANA time zone. Default: UTC.")
    quiet_hours: QuietHours | None = Field(None, description="Hours in which only critical messages are sent.")

    def profile(self) -> dict[str, Any]:
        """The profile as stored."""
        return self.model_dump(mode="json", exclude_none=True, exclude={"id"})


class UserItem(PutUserRequest):
    """A user with the id."""

    id: Name = Field(description="The user's id.")


class PushView(View):
    """One device or browser."""

    platform: str
    token: str


class WebhookView(View):
    """The user's own server."""

    url: str


class QuietHoursView(View):
    """Hours in which only critical messages are sent."""

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
    """Many users at once. Each is stored or rejected separately."""

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


class UserResultView(View):
    """The result of one item: 201 created, 200 replaced, 422 invalid."""

    id: str | None
    status: int
    error: ItemErrorView | None


class UserResultsView(View):
    """A result per item, in the order of the items."""

    items: Sequence[UserResultView]
