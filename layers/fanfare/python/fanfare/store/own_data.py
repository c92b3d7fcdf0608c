"""What a message says of single recipients, in items: a map by user id, and the places of those who have an entry.

An erasure removes the entry and leaves the place, so that the recipient is not taken for one without data.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fanfare.domain.message import Own, OwnData
from fanfare.json_text import written

MAP = "own"
PLACES = "owned"


def owned_places(recipients: Sequence[str], own: OwnData) -> list[int]:
    """The places of recipients with an entry, or who had one before they were erased."""
    return [place for place, user_id in enumerate(recipients) if user_id in own]


def own_map(user_ids: Iterable[str], own: OwnData) -> dict[str, str]:
    """The map of these users, as stored."""
    found = {user_id: own.get(user_id) for user_id in user_ids}
    return {user_id: _written(each) for user_id, each in found.items() if each is not None}


def read_own(user_ids: Iterable[str], stored: Mapping[str, str]) -> dict[str, Own | None]:
    """The entries of users who have, or had, one."""
    return {user_id: _read(stored[user_id]) if user_id in stored else None for user_id in user_ids}


def without_user(stored: Mapping[str, str], user_id: str) -> dict[str, str]:
    """The map, without the entry of an erased user."""
    return {other: text for other, text in stored.items() if other != user_id}


def without_data(stored: Mapping[str, str]) -> dict[str, str]:
    """The map, with the persons alone."""
    return {user_id: _written(Own(person=_read(text).person)) for user_id, text in stored.items()}


def _written(own: Own) -> str:
    known: dict[str, Any] = {"data": own.data or None, "person": own.person}
    return written({name: value for name, value in known.items() if value})


def _read(text: str) -> Own:
    known = json.loads(text)
    return Own(data=known.get("data", {}), person=known.get("person"))
