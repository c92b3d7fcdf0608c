"""Templates of a file, converted and not stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .reading import detect
from .records import LeftOut, Record, Unreadable
from .sources.templates import HTML_TEMPLATE
from .tables.options import TableOptions

TEXTS: Final = (".txt", ".html", ".htm", ".hbs", ".handlebars")


@dataclass(frozen=True)
class Template:
    """`left`: (part, what is not converted and why)."""

    id: str
    body: Mapping[str, Any]
    left: list[tuple[str, str]]


def templates_of(file: Path) -> list[Template]:
    """The templates of an HTML or text file, JSON of the AWS CLI, or a zip of Mailchimp. Raises Unreadable."""
    source = HTML_TEMPLATE if file.suffix.lower() in TEXTS else detect(file)
    found: list[Template] = []
    for read in source.rows(file, TableOptions()):
        left = [(each.column, each.detail) for each in read.found if isinstance(each, LeftOut)]
        for each in read.found:
            if isinstance(each, Record) and each.kind == "template":
                body = {name: value for name, value in each.body.items() if name != "id"}
                found.append(Template(str(each.body["id"]), body, left))
    if not found:
        raise Unreadable(f"{file} contains no template that is recognised.")
    return found
