"""Ids of people without a stored user: a keyed digest of their address, which can't be read back."""

from __future__ import annotations

import base64
from typing import Final

from fanfare.signing.keyed_hash import Keys, digest

PREFIX: Final = "addr_"
CHARACTERS: Final = 32


def person_id(kind: str, address: str, *, keys: Keys) -> str:
    """The id of the person with this normalised address. The key is never rotated: the same person keeps their id."""
    raw = bytes.fromhex(digest(kind, address, keys=keys, purpose="person"))
    return PREFIX + base64.b32encode(raw).decode().lower()[:CHARACTERS]


def is_person_id(user_id: str) -> bool:
    """Whether it is the id of a person without a stored user."""
    return user_id.startswith(PREFIX)
