"""What an import would change of topics, templates and the brand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from ..._sync.client import Fanfare
from ...errors import NotFound
from ..versions import mark_of, missing
from .composing import BRAND, TEMPLATES, TOPICS
from .journal import Journal

FIXED: Final = ("id", "version", "created_at", "updated_at", "if_missing", "opted_out")


@dataclass(frozen=True)
class CheckCatalogue:
    fanfare: Fanfare
    journal: Journal

    def run(self) -> None:
        """Note for each item whether it is new, changed or the same."""
        self._topics()
        self._templates()
        self._brand()

    def _topics(self) -> None:
        for item in self.journal.items.each_pending(TOPICS):
            stored = stored_or_none(lambda: self.fanfare.topics.get(item.key))  # noqa: B023
            if stored is None:
                item.verdict = "new"
            elif item.body.get("if_missing") or _same(item.body, stored):
                item.verdict, item.state = "unchanged", "kept"
            else:
                item.verdict = "changed"
                self._note(f"topic {item.key}", item.body, stored)
            self.journal.items.settle([item])

    def _templates(self) -> None:
        for item in self.journal.items.each_pending(TEMPLATES):
            left = missing(item.body["versions"], stored_versions(self.fanfare, item.key))
            item.verdict = "new" if left else "unchanged"
            item.state = item.state if left else "kept"
            self.journal.items.settle([item])

    def _brand(self) -> None:
        for item in self.journal.items.each_pending(BRAND):
            stored = cast(Mapping[str, Any], self.fanfare.brand.get())
            item.verdict = "changed"
            if _same(item.body, stored):
                item.verdict, item.state = "unchanged", "kept"
            else:
                self._note("brand", item.body, stored)
            self.journal.items.settle([item])

    def _note(self, of: str, wanted: Mapping[str, Any], stored: Mapping[str, Any]) -> None:
        names = [name for name in wanted if name not in FIXED and wanted[name] != stored.get(name)]
        self.journal.items.note_changes(of, {name: (stored.get(name), wanted[name]) for name in names})


def stored_or_none(get: Callable[[], Any]) -> Mapping[str, Any] | None:
    """What is stored; None if there is nothing."""
    try:
        return cast(Mapping[str, Any], get())
    except NotFound:
        return None


def stored_versions(fanfare: Fanfare, template: str) -> list[str]:
    """The marks of all versions of a stored template, oldest first."""
    try:
        numbers = [each["version"] for each in fanfare.templates.versions(template)]
        return [mark_of(fanfare.templates.get(template, version=number)) for number in sorted(numbers)]
    except NotFound:
        return []


def _same(wanted: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    return all((stored.get(name) or None) == (value or None) for name, value in wanted.items() if name not in FIXED)
