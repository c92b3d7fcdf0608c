"""Scalar types of the API's Pydantic models. OpenAPI is generated from these models.

Requests are as strict as JSON: no "true" for a boolean, no "3" for a number, no unknown fields. An optional field
may be null, which is the same as leaving it out.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from fanfare import time_zones
from fanfare.channels import CHANNELS
from fanfare.channels.sms import e164
from fanfare.ids import NAME_PATTERN, RESERVED, USER_ID_PATTERN
from fanfare.languages import tag


class Unshown(BaseModel):
    """Its `repr` has no values: they are personal, and a `repr` ends in logs and traces."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class Request(Unshown):
    """A request body or a part of it: an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class View(Unshown):
    """A response body or a part of it."""

    model_config = ConfigDict(frozen=True, from_attributes=True, defer_build=True)


def validation_error(code: str, detail: str, *, pointer: str = "") -> PydanticCustomError:
    """An error of our own code; `pointer` is relative to the validated value."""
    return PydanticCustomError(code, "{detail}", {"detail": detail, "pointer": pointer})


# Scalars

_RFC3339: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise validation_error("invalid_time", "Must be an RFC 3339 time with an offset, e.g. 2027-01-01T08:00:00Z.")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise validation_error("invalid_time", "No such date or time.") from error


def _email(value: str) -> str:
    # its tables of characters take long to import, and few requests have an address
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    try:
        # SES accepts only ASCII before the @. DNS is not queried: it may answer differently when the message is sent.
        validate_email(value, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise validation_error("invalid_email", str(error)) from error
    return value


def _time_zone(value: str) -> str:
    if value not in time_zones.names():
        raise validation_error("invalid_time_zone", "Must be an IANA time zone name, e.g. Europe/Vienna.")
    return value


def _channel(value: str) -> str:
    if value not in CHANNELS:
        raise validation_error("unknown_channel", f"Unknown channel. Known channels: {', '.join(CHANNELS)}.")
    return value


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def pattern(expression: str, code: str, detail: str) -> AfterValidator:
    """The whole value must match."""
    matches = re.compile(expression, re.ASCII).fullmatch

    def check(value: str) -> str:
        if not matches(value):
            raise validation_error(code, detail)
        return value

    return AfterValidator(check)


def has_controls(text: str) -> bool:
    """Whether it has control characters, e.g. U+0000, which no channel delivers."""
    return any(unicodedata.category(each) == "Cc" for each in text)


def _no_controls(value: str) -> str:
    if has_controls(value):
        raise validation_error("control_character", "Must not contain control characters, e.g. U+0000.")
    return value


Name = Annotated[
    str,
    pattern(
        NAME_PATTERN.removeprefix("^").removesuffix("$"),
        "invalid_id",
        "Must be 1 to 128 characters of A-Z a-z 0-9 . _ : - and begin with a letter or digit.",
    ),
    WithJsonSchema({"type": "string", "pattern": NAME_PATTERN, "examples": ["orders.shipped"]}),
]
UserId = Annotated[
    str,
    pattern(
        USER_ID_PATTERN.removeprefix("^").removesuffix("$"),
        "invalid_id",
        "Must be 1 to 128 characters of A-Z a-z 0-9 . _ : @ | + = ~ - and begin with a letter, a digit or _.",
    ),
    WithJsonSchema({"type": "string", "pattern": USER_ID_PATTERN, "examples": ["user-1"]}),
]


def _not_reserved(value: str) -> str:
    if value.startswith(RESERVED):
        raise validation_error("reserved_id", f"Ids that begin with {RESERVED} are reserved: choose another one.")
    return value


WrittenUserId = Annotated[UserId, AfterValidator(_not_reserved)]
NoControls = AfterValidator(_no_controls)
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


def _phone(value: str) -> str:
    if e164(value) is None:
        raise validation_error("invalid_phone", "No such number is possible in this country's numbering plan.")
    return value


Phone = Annotated[
    str,
    pattern(_PHONE, "invalid_phone", "Must be an E.164 phone number, e.g. +436641234567."),
    AfterValidator(_phone),
    WithJsonSchema({"type": "string", "pattern": f"^{_PHONE}$"}),
]
_LOCALE: Final = r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8}){0,7}"
Locale = Annotated[
    str,
    pattern(_LOCALE, "invalid_locale", "Must be a BCP 47 language tag, e.g. de or pt-BR."),
    AfterValidator(tag),
    WithJsonSchema({"type": "string", "pattern": f"^{_LOCALE}$"}),
]
TimeZone = Annotated[str, AfterValidator(_time_zone), WithJsonSchema({"type": "string", "examples": ["Europe/Vienna"]})]


def _digits(value: object) -> object:
    if not (isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value)):
        raise validation_error("wrong_type", "Must be a whole number.")
    return int(value)


# Types of query parameters: their values are text
PageSize = Annotated[
    int,
    BeforeValidator(_digits),
    Field(ge=1, le=100),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 100}),
]


def _flag(value: object) -> object:
    if value not in ("true", "false"):
        raise validation_error("wrong_type", "Must be true or false.")
    return value == "true"


Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
VersionNumber = Annotated[
    int,
    BeforeValidator(_digits),
    Field(ge=1, le=99_999_999),
    WithJsonSchema({"type": "integer", "minimum": 1}),
]

HOUR: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]"
Hour = Annotated[
    str,
    pattern(HOUR, "invalid_hour", "Must be a time of day from 00:00 to 23:59."),
    WithJsonSchema({"type": "string", "pattern": f"^{HOUR}$"}),
]
_URL: Final = r"https?://[^\s/?#@]+([/?][^\s]*)?"
WebUrl = Annotated[
    str,
    Field(max_length=2_048),
    pattern(_URL, "invalid_url", "Must be an http or https URL without user name and password."),
    WithJsonSchema({"type": "string", "format": "uri", "maxLength": 2_048}),
]


Id = Annotated[str, Field(description="A UUIDv7; ids sort by time.", examples=["01941f29-7c00-7abc-8def-0123456789ab"])]
At = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
