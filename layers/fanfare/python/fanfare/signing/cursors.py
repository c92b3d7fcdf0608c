"""Cursors: positions in a list, sealed so that a client can't forge or read one, and valid for one list only.

A position may be an address, and cursors are in URLs, which are logged.
"""

from __future__ import annotations

from typing import Any, Final

from itsdangerous import BadData

from fanfare.errors import Invalid
from fanfare.signing.keyed_hash import Keys
from fanfare.signing.sealed_text import sealed, unsealed

LENGTH_LIMIT: Final = 4_096


def encode(position: Any, *, keys: Keys, where: str) -> str | None:
    """A cursor for `position` in the list `where` (path and filters). None if `position` is None: the list ends."""
    if position is None:
        return None
    return sealed(position, keys=keys, kind=_kind(where))


def decode(cursor: str | None, *, keys: Keys, where: str) -> Any:
    """The position in a cursor of the same list; None for None. Raises Invalid."""
    if cursor is None:
        return None
    try:
        return unsealed(cursor, keys=keys, kind=_kind(where), length_limit=LENGTH_LIMIT)
    except BadData as error:
        raise Invalid.field(
            "?cursor",
            "invalid_cursor",
            "Invalid cursor. Pass next_cursor from the previous page of this list unchanged.",
        ) from error


def _kind(where: str) -> str:
    return f"cursor\n{where}"
