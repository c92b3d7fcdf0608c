"""Users in the API."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StrictBool,
    WithJsonSchema,
    model_validator,
)

from fanfare.channels.push import PLATFORMS
from fanfare.json_pointer import escaped
from fanfare.schemas.errors import ItemErrorView
from fanfare.schemas.scalars import (
    Email,
    Hour,
    Locale,
    NoControls,
    Phone,
    Request,
    TimeZone,
    Unshown,
    View,
    WebUrl,
    WrittenUserId,
    has_controls,
    validation_error,
)

USERS_LIMIT: Final = 100
DEVICES_LIMIT: Final = 20
ATTRIBUTES_LIMIT: Final = 50
ATTRIBUTES_BYTES: Final = 4_096
NUMBERS_LIMIT: Final = 2**53  # beyond it, programs differ in what a number is
_ATTRIBUTE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


def _attributes(values: dict[str, Any]) -> dict[str, Any]:
    if len(values) > ATTRIBUTES_LIMIT:
        detail = f"{len(values)} attributes; the limit is {ATTRIBUTES_LIMIT}."
        raise validation_error("too_many_attributes", detail)
    for name, value in values.items():
        pointer = f"/{escaped(name)}"
        if not _ATTRIBUTE.fullmatch(name):
            detail = "Must be 1 to 64 characters of a-z 0-9 _ and begin with a letter."
            raise validation_error("invalid_attribute", detail, pointer=pointer)
        if not isinstance(value, str | int | float | None):
            raise validation_error("wrong_type", "Must be text, a number, a boolean or null.", pointer=pointer)
        if isinstance(value, str) and has_controls(value):
            detail = "Must not contain control characters, e.g. U+0000."
            raise validation_error("control_character", detail, pointer=pointer)
        if isinstance(value, int | float) and not -NUMBERS_LIMIT <= value <= NUMBERS_LIMIT:
            detail = f"Must be from {-NUMBERS_LIMIT} to {NUMBERS_LIMIT}; send it as text."
            raise validation_error("out_of_range", detail, pointer=pointer)
    size = len(json.dumps(values, ensure_ascii=False).encode())
    if size > ATTRIBUTES_BYTES:
        raise validation_error("too_large", f"Attributes are {size:,} bytes; the limit is {ATTRIBUTES_BYTES:,}.")
    return values


Attributes = Annotated[
    dict[str, Any],
    AfterValidator(_attributes),
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": ATTRIBUTES_LIMIT,
            "additionalProperties": {"anyOf": [{"type": each} for each in ("string", "number", "boolean", "null")]},
        }
    ),
]


def _platform(value: str) -> str:
    if value not in PLATFORMS:
        raise validation_error("unknown_platform", f"Unknown platform. Known platforms: {', '.join(PLATFORMS)}.")
    return value


Token = Annotated[str, Field(min_length=1, max_length=4_096), NoControls]


class PushAddress(Request):
    """One device or browser."""

    platform: Annotated[str, AfterValidator(_platform), WithJsonSchema({"type": "string", "enum": [*PLATFORMS]})] = (
        Field(description="The platform of the token.")
    )
    token: Token = Field(description="The platform's token.")


def _once(devices: tuple[PushAddress, ...]) -> tuple[PushAddress, ...]:
    """Each device once, at its last place: the newest is the last."""
    last = {(each.platform, each.token): each for each in reversed(devices)}
    return tuple(last.values())[::-1]


class WebhookAddress(Request):
    """The user's own server."""

    url: Annotated[WebUrl, NoControls] = Field(description="The URL.")


class QuietHours(Request):
    """Hours in which only critical messages are sent, in the user's time zone. They may pass midnight."""

    start: Hour = Field(description="The first minute, e.g. 22:00.")
    end: Hour = Field(description="The minute after the last, e.g. 07:00.")

    @model_validator(mode="after")
    def _last_a_while(self) -> Self:
        if self.start == self.end:
            raise validation_error("empty", "Must differ from start.", pointer="/end")
        return self


class ProfileFields(Request):
    """What services and users themselves may set, under the same rules."""

    name: Annotated[str, Field(min_length=1, max_length=200), NoControls] | None = Field(
        None, description="The name used in messages."
    )
    email: Email | None = Field(None, description="The e-mail address.")
    phone: Phone | None = Field(None, description="The phone number in E.164 format.")
    push: Annotated[tuple[PushAddress, ...], Field(max_length=DEVICES_LIMIT), AfterValidator(_once)] | None = Field(
        None, description="Devices for push. One that is listed twice is stored once."
    )
    webhook: WebhookAddress | None = Field(None, description="The user's own server.")
    locale: Locale | None = Field(None, description="The language.")
    time_zone: TimeZone | None = Field(None, description="The IANA time zone. Default: UTC.")
    quiet_hours: QuietHours | None = Field(None, description="Hours in which only critical messages are sent.")


class PutUserRequest(ProfileFields):
    """All data of a user. Fields that are left out are removed. It takes what a GET answers."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Ada",
                    "email": "ada@example.com",
                    "locale": "en",
                    "time_zone": "Europe/Vienna",
                    "quiet_hours": {"start": "22:00", "end": "07:00"},
                    "attributes": {"plan": "pro", "seats": 3},
                }
            ]
        }
    )

    id: WrittenUserId | None = Field(None, description="The user's id, as in the path.")
    attributes: Attributes | None = Field(
        None, description="Data of the service for templates: at most 50 names with text, numbers, booleans; 4 KB."
    )

    def profile(self) -> dict[str, Any]:
        """The profile as stored."""
        found = self.model_dump(mode="json", exclude_none=True, exclude={"id"})
        kept = {name: value for name, value in found.pop("attributes", {}).items() if value is not None}
        return found | ({"attributes": kept} if kept else {})


class UserItem(PutUserRequest):
    """A user with the id."""

    id: WrittenUserId = Field(description="The user's id.")
    opted_out: Literal[True] | None = Field(
        None, description="True: the user opted out of all messages, e.g. in another system. Only the user can end it."
    )

    def profile(self) -> dict[str, Any]:
        """The profile as stored."""
        return {name: value for name, value in super().profile().items() if name != "opted_out"}


class PatchUserRequest(Unshown):
    """A JSON merge patch (RFC 7396) of a user: null removes, `attributes` are merged by name, `push` is replaced."""

    model_config = ConfigDict(
        extra="allow", json_schema_extra={"examples": [{"name": None, "attributes": {"seats": 4}}]}
    )

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        for name in self.model_extra or {}:
            if name not in PutUserRequest.model_fields:
                raise validation_error("unknown_field", "Unknown field.", pointer=f"/{escaped(name)}")
        return self


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
    attributes: Mapping[str, Any]


class UnstoredUserView(View):
    """A recipient by address, without a stored user. Deliveries are kept under this id."""

    id: str
    stored: Literal[False]


class UsersView(View):
    """Users by id, or those with an address, stored or not."""

    items: Sequence[UserView | UnstoredUserView]
    next_cursor: str | None


class PutUsersRequest(Request):
    """Many users at once. Each is stored or rejected separately.

    By default an item is a complete user. With `merge`, it is a JSON merge patch (RFC 7396) with the id: fields that
    are left out stay, null removes, `attributes` are merged by name; an unknown user is created.
    """

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
    merge: StrictBool | None = Field(None, description="Keep fields that an item leaves out. Default: false.")


class UserResultView(View):
    """The result of one item: 201 created, 200 replaced, 422 invalid."""

    id: str | None
    status: int
    error: ItemErrorView | None


class UserResultsView(View):
    """A result per item, in the order of the items."""

    items: Sequence[UserResultView]
