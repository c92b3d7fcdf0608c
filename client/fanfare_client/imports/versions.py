"""Versions of templates. A version has a copy of its layout, so versions are made again in their first order."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

Version = tuple[str, int]
# What a version is, without its number and time; a layout's own number may differ elsewhere
CONTENT: Final = ("channels", "locales", "schema", "example", "partials")


def in_order(versions: Iterable[Mapping[str, Any]]) -> list[Version]:
    """Each after its predecessor and its layout, and before the next version of its layout."""
    layouts = {(each["id"], each["version"]): _layout(each) for each in versions}
    after: dict[Version, set[Version]] = {each: set() for each in layouts}
    numbers: dict[str, list[int]] = {}
    for name, number in sorted(layouts):
        numbers.setdefault(name, []).append(number)
    for each, layout in layouts.items():
        earlier = [number for number in numbers[each[0]] if number < each[1]]
        if earlier:
            after[each].add((each[0], earlier[-1]))
        if layout in layouts:
            after[each].add(layout)
            later = [number for number in numbers[layout[0]] if number > layout[1]]
            if later and (layout[0], later[0]) != each:
                after[layout[0], later[0]].add(each)
    return _sorted(after)


def _layout(version: Mapping[str, Any]) -> Version | None:
    layout = version.get("layout")
    return (layout["id"], layout["version"]) if isinstance(layout, Mapping) else None


def _sorted(after: dict[Version, set[Version]]) -> list[Version]:
    """Topological order; ties by name and number. Versions of a circle, which no deployment has, come last."""
    sorter = TopologicalSorter(after)
    with suppress(CycleError):  # it goes on with what is in no circle
        sorter.prepare()
    order: list[Version] = []
    ready = [*sorter.get_ready()]
    heapq.heapify(ready)
    while ready:
        each = heapq.heappop(ready)
        order.append(each)
        sorter.done(each)
        for follower in sorter.get_ready():
            heapq.heappush(ready, follower)
    return order + sorted(set(after) - set(order))


def outline(version: Mapping[str, Any]) -> dict[str, Any]:
    """A version without its content: number, layout, and a mark that versions of the same content share."""
    number = version.get("version")
    return {
        "id": version["id"],
        "version": number if isinstance(number, int) else 1,
        "layout": version.get("layout"),
        "mark": mark_of(version),
    }


def mark_of(version: Mapping[str, Any]) -> str:
    layout = version.get("layout")
    content = [version.get(name) or {} for name in CONTENT]
    said = [*content, layout["id"] if isinstance(layout, Mapping) else layout]
    written = json.dumps(_plain(said), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(written.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """With one form of a number: 1.0 is 1 to the API."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def missing(wanted: Sequence[Mapping[str, Any]], stored: Sequence[str]) -> list[Mapping[str, Any]]:
    """The versions of a template that are still to be made, oldest first. `stored`: marks of those that are.

    If the stored ones have another history, only the newest is, unless it is the newest there already.
    """
    matching = 0
    while matching < min(len(wanted), len(stored)) and wanted[matching]["mark"] == stored[matching]:
        matching += 1
    if matching == len(stored):
        return [*wanted[matching:]]
    return [] if not wanted or wanted[-1]["mark"] == stored[-1] else [wanted[-1]]
