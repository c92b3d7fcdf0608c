"""Cursors: where a list goes on, signed so that a client can't make one, and good for that list alone."""

from __future__ import annotations

from typing import Any, Final

from itsdangerous import BadData

from fanfare.errors import Invalid
from fanfare.signing.keyed_hash import Keys
from fanfare.signing.signed_text import opened, signed

LENGTH_LIMIT: Final = 4_096


def encode(position: Any, *, keys: Keys, where: str) -> str | None:
    """A cursor for `position` in the list `where`: its path and its filters. None at the end of the list."""
    if position is None:
        return None
    return signed(position, keys=keys, kind=_kind(where))


def decode(cursor: str | None, *, keys: Keys, where: str) -> Any:
    """The position that was sealed for the same list. Raises Invalid."""
    if cursor is None:
        return None
    try:
        return opened(cursor, keys=keys, kind=_kind(where), length_limit=LENGTH_LIMIT)
    except BadData as error:
        raise Invalid.field(
            "?cursor",
            "invalid_cursor",
            "this is no cursor of this list: take next_cursor of the page before, unchanged",
        ) from error


def _kind(where: str) -> str:
    return f"cursor\n{where}"
