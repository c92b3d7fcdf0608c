"""Fanfare's own format: JSON lines, gzipped. What a line has is what the API's GET answers, without times of its own.

Kinds of lines: `bundle` (the first), `brand`, `topic`, `template`, `suppression`, `user`, `subscription`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast, get_args

from .records import Kind, LeftOut, Read, Record, to_json

FORMAT: Final = "fanfare-bundle"
VERSION: Final = 1
KINDS: Final = get_args(Kind)
NEEDED: Final = {
    "brand": (),
    "topic": ("id", "title", "channels"),
    "template": ("id", "version", "channels"),
    "suppression": ("channel", "address"),
    "user": ("id",),
    "subscription": ("user_id", "topic", "channel"),
}


def head(at: str) -> str:
    """The first line of a bundle."""
    return to_json({"kind": "bundle", "format": FORMAT, "version": VERSION, "exported_at": at})


def line(kind: Kind, body: Mapping[str, Any]) -> str:
    return to_json({"kind": kind, **body})


def is_bundle(first_line: str) -> bool:
    try:
        found = json.loads(first_line)
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("format") == FORMAT


def rows(lines: Iterator[tuple[int, str]]) -> Iterator[Read]:
    """The records of a bundle."""
    for place, text in lines:
        if text.strip() and not is_bundle(text):
            yield Read(place, text, [_record(text)])


def _record(text: str) -> Record | LeftOut:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        return LeftOut("not_json", f"invalid JSON: {error}")
    kind = found.pop("kind", None) if isinstance(found, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        return LeftOut("unknown_kind", f"must be an object whose kind is one of {', '.join(KINDS)}", "kind")
    for name in NEEDED[kind]:
        if found.get(name) in (None, ""):
            return LeftOut("missing", "required", name)
    return Record(cast(Kind, kind), found)
