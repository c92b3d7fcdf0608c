"""Types of the settings: patterns, converters of context strings, and the per-user rate limit."""

from __future__ import annotations

import json
from typing import Final, Literal

from fanfare.channels import CHANNELS
from pydantic import BaseModel, ConfigDict, Field

# Retention periods of CloudWatch Logs:
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LogRetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653]

DOMAIN: Final = r"^[a-z0-9-]+(\.[a-z0-9-]+)+$"
LOOPBACK: Final = r"http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?"
ORIGIN: Final = rf"(https://[a-z0-9.-]+(:[0-9]{{1,5}})?|{LOOPBACK})"


def split(value: object) -> object:
    """`--context` passes strings: split at commas."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def parse_json(value: object) -> object:
    """`--context` passes strings: parse as JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError("invalid JSON") from None


def known_channel(value: str) -> str:
    if value not in CHANNELS:
        raise ValueError(f"unknown channel {value!r}; must be one of {', '.join(CHANNELS)}")
    return value


class UserLimit(BaseModel):
    """Rate limit per user on a channel, across all topics; same fields as a topic's limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: int = Field(ge=1, le=1_000_000)
    per_seconds: int = Field(ge=1, le=31_622_400)
    overflow: Literal["drop", "defer"]
