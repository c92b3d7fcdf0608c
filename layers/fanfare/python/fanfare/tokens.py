"""Cursors: where a list goes on, signed so that a client can't make one, and good for that list alone."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any, Final

from itsdangerous import BadData, URLSafeSerializer

from .errors import Invalid

Keys = Callable[[], Mapping[str, str]]  # key id → key, the newest last

LENGTH_LIMIT: Final = 4_096


def seal(position: Any, *, keys: Keys, where: str) -> str | None:
    """A cursor for `position` in the list `where`: its path and its filters. None at the end of the list."""
    if position is None:
        return None
    return _spelled(list(keys().values())[-1], where, position)


def unseal(cursor: str | None, *, keys: Keys, where: str) -> Any:
    """The position that was sealed for the same list. Raises Invalid."""
    if cursor is None:
        return None
    try:
        if len(cursor) > LENGTH_LIMIT:
            raise BadData("too long")
        return _opened(cursor, keys, where)
    except BadData as error:
        raise Invalid.field(
            "?cursor",
            "invalid_cursor",
            "this is no cursor of this list: take next_cursor of the page before, unchanged",
        ) from error


def _opened(cursor: str, keys: Keys, where: str) -> Any:
    for key in reversed(list(keys().values())):
        try:
            position = _serializer(key, where).loads(cursor)
        except BadData:
            continue
        # Base64 has bits to spare: a cursor has one spelling
        if hmac.compare_digest(_spelled(key, where, position).encode(), cursor.encode()):
            return position
    raise BadData("signed by none of the keys")


def _spelled(key: str, where: str, position: Any) -> str:
    sealed = _serializer(key, where).dumps(position)
    return sealed if isinstance(sealed, str) else sealed.decode()


def _serializer(key: str, where: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        key,
        salt=f"cursor\n{where}",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )
