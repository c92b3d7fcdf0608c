"""Previews of templates, and where the errors in data and sources are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..api import Fault, InternalApi, Refused
from .pointers import line_of, lines

DATA_LIMIT: Final = 30_000  # characters of data that fit in a URL
POSITION: Final = re.compile(r"line (?P<line>\d+)(?:, column (?P<column>\d+))?: (?P<part>\w+): ")
LINE: Final = re.compile(r"line (?P<line>\d+)(?:, column (?P<column>\d+))?: ")


@dataclass(frozen=True)
class Mistake:
    """An error in the data or in a part's source: where, what, and the line."""

    where: str
    what: str
    line: int | None = None
    part: str | None = None


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The input of a preview and its result."""

    channel: str
    locale: str
    data: str | None
    content: Mapping[str, str] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()

    @property
    def query(self) -> dict[str, str]:
        asked = {"channel": self.channel, "locale": self.locale, "data": self.data or ""}
        return {name: value for name, value in asked.items() if value}


def languages(template: Mapping[str, Any], channel: str) -> list[str]:
    """The locales that override parts of the channel."""
    return sorted(locale for locale, channels in template["locales"].items() if channel in channels)


def sources(template: Mapping[str, Any], channel: str, locale: str) -> dict[str, str]:
    """The source of the channel's parts in the given locale."""
    return {**template["channels"].get(channel, {}), **template["locales"].get(locale, {}).get(channel, {})}


def preview_of(api: InternalApi, template: Mapping[str, Any], asked: Mapping[str, str]) -> Preview:
    offered = [*template["channels"]]
    channel = asked.get("channel", "")
    channel = channel if channel in offered else offered[0]
    locale, text = asked.get("locale", ""), asked.get("data")
    data, mistakes = read_json(text)
    if mistakes:
        return Preview(channel=channel, locale=locale, data=text, mistakes=mistakes)
    try:
        content = rendered(api, template["id"], channel, locale, data)
    except Refused as refused:
        if refused.status != 422:
            raise
        mistakes = tuple(mistake(fault, text or written(template["example"])) for fault in refused.faults)
        return Preview(channel=channel, locale=locale, data=text, mistakes=mistakes)
    return Preview(channel=channel, locale=locale, data=text, content=content)


def rendered(api: InternalApi, template_id: str, channel: str, locale: str, data: Any) -> dict[str, str]:
    wanted = {"channel": channel, "locale": locale or None, "data": data}
    answer: dict[str, Any] = api.post("templates", template_id, "previews", body=wanted)
    return {part: text for part, text in answer.items() if part != "warnings"}


def read_json(text: str | None, name: str = "Data") -> tuple[Any, tuple[Mistake, ...]]:
    """An object, or the errors in its JSON. None if there is no text: of data, it means the template's example."""
    if text is None or not text.strip():
        return None, ()
    if len(text) > DATA_LIMIT:
        return None, (
            Mistake(name, f"{len(text)} characters; the limit is {DATA_LIMIT}. Use the API’s preview instead"),
        )
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        return None, (Mistake(f"{name}, line {error.lineno}, column {error.colno}", error.msg, error.lineno),)
    if not isinstance(data, dict):
        return None, (Mistake(f"{name}, line 1", "must be an object", 1),)
    return data, ()


def mistake(fault: Fault, data: str) -> Mistake:
    """An error of the API with the line it refers to, in the data or in the source that did not render."""
    if found := POSITION.match(fault.detail):
        column = f", column {found['column']}" if found["column"] else ""
        what = fault.detail[found.end() :]
        return Mistake(
            f"Template, {found['part']}, line {found['line']}{column}", what, int(found["line"]), found["part"]
        )
    if fault.pointer.startswith("/data"):
        pointer = fault.pointer.removeprefix("/data")
        line = line_of(pointer, lines(data))
        return Mistake(f"Data{pointer and ' '}{pointer}, line {line}", fault.detail, line)
    return Mistake(fault.pointer.strip("/"), fault.detail)


def written(example: Any) -> str:
    return json.dumps(example, indent=2, ensure_ascii=False)


def of_draft(fault: Fault, data: str) -> Mistake:
    """An error of the API in a draft: `part` is then the JSON pointer of the source."""
    pointer = fault.pointer.removeprefix("/draft")
    if fault.pointer.startswith("/data") or pointer.startswith("/example"):
        return mistake(Fault(fault.pointer.replace("/draft/example", "/data"), fault.code, fault.detail), data)
    where = pointer.strip("/").replace("/", ", ") or "Template"
    if found := LINE.match(fault.detail):
        column = f", column {found['column']}" if found["column"] else ""
        what = fault.detail[found.end() :]
        return Mistake(f"{where}, line {found['line']}{column}", what, int(found["line"]), pointer)
    return Mistake(where, fault.detail, None, pointer)
