"""An API call before it is signed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from .types import UserItem

T = TypeVar("T")

BODY_LIMIT = 240 * 1024  # the API's limit is 256 KiB
USERS_A_CALL = 100
SUBSCRIPTIONS_A_CALL = 500
SUPPRESSIONS_A_CALL = 500


@dataclass(frozen=True)
class Call:
    """`repeatable`: the call is idempotent, so it can be retried if the answer is lost."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True

    @property
    def target(self) -> str:
        asked = {name: _written(value) for name, value in self.query.items() if value is not None}
        # SigV4 encodes a space as %20, not as +
        return self.path + ("?" + urlencode(asked, quote_via=quote, safe="") if asked else "")

    @property
    def content(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body, ensure_ascii=False, allow_nan=False).encode()


def path(*parts: str) -> str:
    """`/v1/` and the escaped segments. Raises ValueError for a segment that would name something else.

    An empty or dot segment changes the path. API Gateway decodes a slash before it routes, ends the path at a question
    mark, and decodes a percent sign twice: no id has them.
    """
    for part in parts:
        if part in ("", ".", "..") or set("/?%") & set(part):
            raise ValueError(f"Invalid path segment {part!r}: pass an id.")
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def address_path(channel: str, address: str) -> str:
    """The path of a suppression. An address may have any character: what API Gateway would cut off, refuse or decode
    is escaped twice. Raises ValueError for an empty or dot segment."""
    if address in ("", ".", ".."):
        raise ValueError(f"Address {address!r} can't be part of a path.")
    twice = address.replace("%", "%25").replace("?", "%3F")
    return f"{path('suppressions', channel)}/{quote(twice, safe='')}"


def new_key() -> str:
    """A new, unique Idempotency-Key."""
    return str(uuid.uuid4())


def given(**fields: Any) -> dict[str, Any]:
    """A request body of the arguments that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def chunks(items: Iterable[T], *, most: int) -> Iterator[list[T]]:
    """The items in order, split so that each request stays within the limits of items and bytes."""
    chunk: list[T] = []
    size = 0
    for item in items:
        length = len(json.dumps(item, ensure_ascii=False).encode()) + 2
        if chunk and (len(chunk) == most or size + length > BODY_LIMIT):
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += length
    if chunk:
        yield chunk


def user_chunks(users: Iterable[UserItem]) -> Iterator[list[UserItem]]:
    return chunks(users, most=USERS_A_CALL)


def subscription_chunks(items: Iterable[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    return chunks(items, most=SUBSCRIPTIONS_A_CALL)


def suppression_chunks(items: Iterable[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    return chunks(items, most=SUPPRESSIONS_A_CALL)


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
