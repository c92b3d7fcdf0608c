"""What every file becomes: records in the form of the API, and what is left out with the reason."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Kind = Literal["brand", "topic", "template", "suppression", "user", "subscription"]
Outcome = Literal["rejected", "skipped", "damaged", "field"]  # `field`: the rest of the row is imported

NO: Final = "unsubscribed"
YES: Final = "subscribed"
OPT_OUT: Final = "opt_out"
CHANNEL_OF: Final[dict[str, str]] = {"email": "email", "phone": "sms", "webhook": "webhook", "push": "push"}
SUPPRESSIBLE: Final = {"email": "email", "phone": "sms"}  # field → channel
_ID: Final = re.compile(r"[A-Za-z0-9._:@|+=-]", re.ASCII)
_ATTRIBUTE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


class Unreadable(Exception):
    """The file can't be imported; nothing was sent."""


@dataclass(frozen=True)
class Record:
    """A part of a bundle. Of a user: only the fields that the source has; `at`: of two rows, the newer wins.

    A subscription with the topic None is to the topics of `--topic`. Then `address` is what is suppressed if it is a
    refusal and there is no such topic.
    """

    kind: Kind
    body: Mapping[str, Any]
    at: str = ""


@dataclass(frozen=True)
class LeftOut:
    """Something that is not imported: `rejected` can be corrected, `skipped` is not needed, `damaged` was changed by
    another program."""

    code: str
    detail: str
    column: str = ""
    outcome: Outcome = "rejected"


class Wrong(Exception):
    """A row that can't be imported."""

    def __init__(self, code: str, detail: str, *, column: str = "", outcome: Outcome = "rejected") -> None:
        super().__init__(detail)
        self.left_out = LeftOut(code, detail, column, outcome)


@dataclass(frozen=True)
class Read:
    """A row of the file: number of its first line, its text, and what it becomes."""

    place: int
    text: str
    found: Sequence[Record | LeftOut] = field(default_factory=tuple)


def user(user_id: str, fields: Mapping[str, Any], *, at: str = "") -> Record:
    return Record("user", {"id": user_id, **fields}, at)


def suppression(channel: str, address: str, *, cause: str = OPT_OUT, at: str | None = None) -> Record:
    return Record("suppression", without_none({"channel": channel, "address": address, "cause": cause, "at": at}))


def yes(user_id: str, channel: str, *, topic: str | None = None, **more: Any) -> Record:
    """A subscription, given elsewhere. `more`: `at`, `evidence`."""
    told = {"user_id": user_id, "topic": topic, "channel": channel, "state": YES, "by": "import", **without_none(more)}
    return Record("subscription", told)


def no(user_id: str, channel: str, *, topic: str | None = None, address: str | None = None, **more: Any) -> Record:
    """A refusal by the person, given elsewhere. `more`: `at`, `evidence`."""
    told = {"user_id": user_id, "topic": topic, "channel": channel, "state": NO, "by": "person"}
    return Record("subscription", told | without_none({"address": address, **more}))


def topic(topic_id: str, title: str, channels: Sequence[str]) -> Record:
    """A topic of a list elsewhere; one that exists stays as it is."""
    return Record("topic", {"id": topic_id, "title": title[:200], "channels": [*channels], "if_missing": True})


def without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def as_id(text: str) -> str:
    """The text as a user's id: `~` and two hexadecimal digits for each byte that an id can't have."""
    written = "".join(
        each if _ID.fullmatch(each) else "".join(f"~{byte:02X}" for byte in each.encode()) for each in text.strip()
    )
    # an id begins with a letter, a digit or an underscore
    return written if not written or re.match(r"[A-Za-z0-9]", written) else f"_{written}"


def as_topic(text: str) -> str:
    """The name of a list as a topic's id. If signs are lost, a checksum keeps `A & B` and `A/B` apart."""
    name = unicodedata.normalize("NFC", text.strip())
    plain = re.sub(r"[^a-z0-9._:-]+", "-", name.lower()).strip("-._:")
    if re.fullmatch(r"[A-Za-z0-9._: -]+", name) and plain:
        return plain[:128]
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{plain[:100] or 'list'}-{mark}"


def attributes(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The attributes that Fanfare can have, and the names of the others."""
    kept: dict[str, Any] = {}
    others: list[str] = []
    for name, value in values.items():
        known = attribute_name(name)
        if value in (None, "", []) or isinstance(value, bool | int | float | str) is False:
            others += [name] if value not in (None, "", [], {}) else []
        elif known is None or known in kept:
            others.append(name)
        else:
            kept[known] = value
    return kept, others


def attribute_name(name: str) -> str | None:
    """`First Purchase` becomes `first_purchase`; None if nothing remains."""
    found = re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")[:64]
    return found if _ATTRIBUTE.fullmatch(found) else None


def left_out_attributes(names: Iterable[str]) -> list[LeftOut]:
    return [LeftOut("attribute", "not a text, number or boolean with a usable name", name, "field") for name in names]


def to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
