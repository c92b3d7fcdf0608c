"""When a message leaves, in the API."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, WithJsonSchema

from fanfare.domain.schedule import earliest, latest
from fanfare.schemas.errors import ONE_OF
from fanfare.schemas.scalars import Channels, Moment, Request, View, validation_error

_LOCAL: Final = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?"


def _local(value: str) -> str:
    if not re.fullmatch(_LOCAL, value, re.ASCII):
        raise validation_error("invalid_local_time", "Must be a time without an offset, e.g. 2027-01-01T09:00.")
    try:
        wall = datetime.fromisoformat(value)
        earliest(wall), latest(wall)
    except (ValueError, OverflowError) as error:
        raise validation_error("invalid_local_time", "No such date or time.") from error
    return value


LocalTime = Annotated[
    str,
    AfterValidator(_local),
    WithJsonSchema({"type": "string", "pattern": f"^{_LOCAL}$", "examples": ["2027-01-01T09:00"]}),
]


class LocalSendAt(Request):
    """A wall-clock time of each reader."""

    local: LocalTime = Field(
        description="In the reader's time zone, or the deployment's if it is unknown. A reader whose time is past gets "
        "the message at once. If the clock skips it, the first time after it; if it comes twice, the first one."
    )

    @property
    def wall(self) -> datetime:
        """The time, without a time zone."""
        return datetime.fromisoformat(self.local)


def _kind(value: Any) -> str:
    return f"{ONE_OF}local" if isinstance(value, dict | LocalSendAt) else f"{ONE_OF}moment"


SendAt = Annotated[
    Annotated[Moment, Tag(f"{ONE_OF}moment")] | Annotated[LocalSendAt, Tag(f"{ONE_OF}local")], Discriminator(_kind)
]


_DURATION: Final = r"P(?:(\d{1,2})W|(?:(\d{1,3})D)?(?:T(?=\d)(?:(\d{1,4})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?)"
_UNITS: Final = (604_800, 86_400, 3_600, 60, 1)  # seconds
STEPS_LIMIT: Final = 5


def seconds_of(duration: str) -> int | None:
    """Seconds of an ISO 8601 duration; None if it is not one of weeks, days, hours, minutes and seconds."""
    found = re.fullmatch(_DURATION, duration, re.ASCII)
    if found is None or not any(found.groups()):
        return None
    return sum(int(number or 0) * unit for number, unit in zip(found.groups(), _UNITS, strict=True))


def _duration(value: str) -> str:
    seconds = seconds_of(value)
    if seconds is None or not 60 <= seconds <= 604_800:
        raise validation_error("invalid_duration", "Must be an ISO 8601 duration from PT1M to P7D, e.g. PT10M.")
    return value


Duration = Annotated[
    str, AfterValidator(_duration), WithJsonSchema({"type": "string", "format": "duration", "examples": ["PT10M"]})
]


class StepRequest(Request):
    """Channels on which a message leaves together."""

    channels: Channels = Field(description="Channels; each stands in one step.")
    after: Duration | None = Field(
        None, description="Time since `send_at`, or since the message was accepted. Not in the first step."
    )
    unless: Literal["sent", "delivered", "read"] | None = Field(
        None,
        description="Skip a user if an earlier step was `sent` to a provider, is `delivered` by a receipt, or was "
        "`read` in the inbox.",
    )

    @property
    def seconds(self) -> int:
        """Seconds after the first step."""
        return seconds_of(self.after) or 0 if self.after is not None else 0


class MessageStepView(View):
    """Channels on which the message leaves together."""

    channels: Sequence[str]
    after: str | None
    unless: str | None


def check_steps(steps: Sequence[StepRequest]) -> None:
    """Raise an error about the first step that does not fit those before it."""
    before: list[str] = []
    for place, step in enumerate(steps):
        at = f"/steps/{place}"
        if not place and (step.after is not None or step.unless is not None):
            wrong = "after" if step.after is not None else "unless"
            raise validation_error("first_step", "The first step leaves at once: omit this.", pointer=f"{at}/{wrong}")
        if place and step.after is None:
            raise validation_error("missing", "Set the time after which the step leaves.", pointer=f"{at}/after")
        if place and step.seconds <= steps[place - 1].seconds:
            raise validation_error("step_order", "Must be later than the step before.", pointer=f"{at}/after")
        for number, channel in enumerate(step.channels):
            if channel in before:
                raise validation_error(
                    "channel_repeated", "Channel stands in an earlier step.", pointer=f"{at}/channels/{number}"
                )
        if step.unless == "read" and "inbox" not in before:
            raise validation_error("inbox_needed", "Needs `inbox` in an earlier step.", pointer=f"{at}/unless")
        before += step.channels


def begin_of(send_at: datetime | LocalSendAt) -> datetime:
    """The first moment at which anybody gets it."""
    return earliest(send_at.wall) if isinstance(send_at, LocalSendAt) else send_at


def end_of(send_at: datetime | LocalSendAt) -> datetime:
    """The last moment at which anybody is to get it."""
    return latest(send_at.wall) if isinstance(send_at, LocalSendAt) else send_at
