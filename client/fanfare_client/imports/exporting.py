"""The export: a whole deployment as a bundle."""

from __future__ import annotations

import gzip
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from .._sync.client import Fanfare
from .bundle import head, line
from .records import Kind
from .versions import in_order

# Times that another deployment has of its own
OWN_TIMES: Final = ("created_at", "updated_at")
Progress = Callable[[str, int, int | None], None]  # phase, done, total


def export(fanfare: Fanfare, file: Path, *, progress: Progress = lambda *_: None) -> dict[str, int]:
    """Write everything to `file`. Returns the number of lines by kind. The file is complete or not there."""
    counts: Counter[str] = Counter()
    part = file.with_name(f"{file.name}.part")
    # readable only by the owner: it contains addresses
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
            packed.write(f"{head(datetime.now(UTC).isoformat(timespec='seconds'))}\n".encode())
            for kind, body in records(fanfare):
                packed.write(f"{line(kind, body)}\n".encode())
                counts[kind] += 1
                progress("exporting", counts.total(), None)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return dict(counts)


def records(fanfare: Fanfare) -> Iterator[tuple[Kind, Mapping[str, Any]]]:
    """Everything, in an order in which it can be made again."""
    yield "brand", cast(Mapping[str, Any], fanfare.brand.get())
    topics = [_timeless(each) for each in fanfare.topics.list()]
    yield from (("topic", each) for each in topics)
    yield from (("template", each) for each in _templates(fanfare))
    for each in fanfare.suppressions.list():
        told: dict[str, Any] = {**each}
        told["at"] = told.pop("created_at")
        yield "suppression", told
    yield from (("user", each) for each in _users(fanfare))
    for topic in topics:
        for answer in fanfare.topics.subscribers(topic["id"]):
            yield "subscription", {"user_id": answer["user_id"], "topic": topic["id"], **answer}


def _templates(fanfare: Fanfare) -> Iterator[Mapping[str, Any]]:
    versions = {
        (version["id"], version["version"]): _timeless(fanfare.templates.get(version["id"], version=version["version"]))
        for template in fanfare.templates.list()
        for version in fanfare.templates.versions(template["id"])
    }
    for each in in_order(versions.values()):
        yield versions[each]


def _users(fanfare: Fanfare) -> Iterator[Mapping[str, Any]]:
    """Both lists are by id."""
    opted_out = (each["id"] for each in fanfare.users.list(opted_out=True))
    next_one = next(opted_out, None)
    for user in fanfare.users.list():
        while next_one is not None and next_one < user["id"]:
            next_one = next(opted_out, None)
        yield {**user, "opted_out": True} if user["id"] == next_one else user


def _timeless(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in OWN_TIMES}
