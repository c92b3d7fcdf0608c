"""Client of Fanfare's internal API: `Fanfare` for threads, `AsyncFanfare` for asyncio and trio."""

from __future__ import annotations

from ._async.client import AsyncFanfare
from ._async.items import AsyncItems
from ._sync.client import Fanfare
from ._sync.items import Items
from .diffs import PartDiff
from .errors import (
    ConfigurationError,
    Conflict,
    FanfareError,
    Fault,
    Forbidden,
    Invalid,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    NotJson,
    PayloadTooLarge,
    Refused,
    ServerError,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from .retries import Retries

__all__ = [
    "AsyncFanfare",
    "AsyncItems",
    "ConfigurationError",
    "Conflict",
    "Fanfare",
    "FanfareError",
    "Fault",
    "Forbidden",
    "Invalid",
    "Items",
    "MalformedRequest",
    "MethodNotAllowed",
    "NotFound",
    "NotJson",
    "PartDiff",
    "PayloadTooLarge",
    "Refused",
    "Retries",
    "ServerError",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
    "Unreachable",
]
