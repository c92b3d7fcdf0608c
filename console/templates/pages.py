"""Pages of templates: the gallery, and one template with a live preview."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Blueprint, Response, abort, render_template, request

from ..api import Fault, InternalApi, Refused
from ..messages.content import mail
from .pointers import line_of, lines

A_PAGE: Final = 12
VERSIONS: Final = 20
DATA_LIMIT: Final = 30_000  # characters of data that fit in a URL
LANGUAGES: Final = 12  # shown side by side
POSITION: Final = re.compile(r"line (?P<line>\d+)(?:, column (?P<column>\d+))?: (?P<part>\w+): ")


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


def pages(api: InternalApi) -> Blueprint:
    """The pages."""
    part = Blueprint("templates", __name__, url_prefix="/templates")

    @part.get("")
    def index() -> str:
        found = api.get("templates", limit=A_PAGE, cursor=request.args.get("cursor"))
        items = [each for each in api.get_many(("templates", item["id"]) for item in found["items"]) if each]
        return render_template("templates.html", items=items, next_cursor=found["next_cursor"])

    @part.get("/<template_id>")
    def one(template_id: str) -> str:
        template = api.get("templates", template_id)
        versions = api.get("templates", template_id, "versions", limit=VERSIONS)["items"]
        preview = _preview(api, template, request.args)
        return render_template(
            "template.html",
            template=template,
            versions=versions,
            preview=preview,
            data=preview.data if preview.data is not None else _written(template["example"]),
            languages=languages(template, preview.channel)[:LANGUAGES],
            sources=sources(template, preview.channel, preview.locale),
        )

    @part.get("/<template_id>/body")
    def body(template_id: str) -> Response:
        channel = request.args.get("channel", "email")
        data, mistakes = _read(request.args.get("data"))
        content = {} if mistakes else _rendered(api, template_id, channel, request.args.get("locale", ""), data)
        if "html" not in content:
            abort(404)
        return mail(content["html"])

    part.add_app_template_global(languages)
    return part


def languages(template: Mapping[str, Any], channel: str) -> list[str]:
    """The locales that override parts of the channel."""
    return sorted(locale for locale, channels in template["locales"].items() if channel in channels)


def sources(template: Mapping[str, Any], channel: str, locale: str) -> dict[str, str]:
    """The source of the channel's parts in the given locale."""
    return {**template["channels"].get(channel, {}), **template["locales"].get(locale, {}).get(channel, {})}


def _preview(api: InternalApi, template: Mapping[str, Any], asked: Mapping[str, str]) -> Preview:
    offered = [*template["channels"]]
    channel = asked.get("channel", "")
    channel = channel if channel in offered else offered[0]
    locale, text = asked.get("locale", ""), asked.get("data")
    data, mistakes = _read(text)
    if mistakes:
        return Preview(channel=channel, locale=locale, data=text, mistakes=mistakes)
    try:
        content = _rendered(api, template["id"], channel, locale, data)
    except Refused as refused:
        if refused.status != 422:
            raise
        mistakes = tuple(_mistake(fault, text or _written(template["example"])) for fault in refused.faults)
        return Preview(channel=channel, locale=locale, data=text, mistakes=mistakes)
    return Preview(channel=channel, locale=locale, data=text, content=content)


def _rendered(api: InternalApi, template_id: str, channel: str, locale: str, data: Any) -> dict[str, str]:
    wanted = {"channel": channel, "locale": locale or None, "data": data}
    answer: dict[str, Any] = api.post("templates", template_id, "previews", body=wanted)
    return {part: text for part, text in answer.items() if part != "warnings"}


def _read(text: str | None) -> tuple[Any, tuple[Mistake, ...]]:
    """The data, or the errors in its JSON. None means the template's example."""
    if text is None or not text.strip():
        return None, ()
    if len(text) > DATA_LIMIT:
        return None, (
            Mistake("Data", f"{len(text)} characters; the limit is {DATA_LIMIT}. Use the API’s preview instead"),
        )
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        return None, (Mistake(f"Data, line {error.lineno}, column {error.colno}", error.msg, error.lineno),)
    if not isinstance(data, dict):
        return None, (Mistake("Data, line 1", "must be an object", 1),)
    return data, ()


def _mistake(fault: Fault, data: str) -> Mistake:
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


def _written(example: Any) -> str:
    return json.dumps(example, indent=2, ensure_ascii=False)
