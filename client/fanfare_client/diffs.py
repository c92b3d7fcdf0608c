"""Differences between two versions of a template, per part."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any


@dataclass(frozen=True)
class PartDiff:
    """`part` is a path, e.g. `channels/email/subject`; None if the part does not exist in that version."""

    part: str
    before: str | None
    after: str | None

    @property
    def lines(self) -> list[str]:
        """As a unified diff."""
        before, after = (self.before or "").splitlines(), (self.after or "").splitlines()
        return list(unified_diff(before, after, f"a/{self.part}", f"b/{self.part}", lineterm=""))


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[PartDiff]:
    """The parts that differ, ordered by path."""
    old, new = parts(before), parts(after)
    return [
        PartDiff(part, old.get(part), new.get(part))
        for part in sorted(old.keys() | new.keys())
        if old.get(part) != new.get(part)
    ]


def parts(template: Mapping[str, Any]) -> dict[str, str]:
    """All parts of a template, flat: path → source."""
    found = dict(_sources("channels", template.get("channels") or {}))
    found |= _sources("locales", template.get("locales") or {})
    found |= _sources("partials", template.get("partials") or {})
    for name in ("schema", "example"):
        if template.get(name):
            found[name] = json.dumps(template[name], ensure_ascii=False, indent=2, sort_keys=True)
    layout = template.get("layout")
    if layout:  # a stored version also contains the layout's version
        found["layout"] = layout if isinstance(layout, str) else str(layout["id"])
    return found


def _sources(at: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield at, value.replace("\r\n", "\n").replace("\r", "\n")  # as they are rendered
        return
    for name, inner in value.items():
        yield from _sources(f"{at}/{name}", inner)
