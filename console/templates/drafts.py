"""A template while it is edited: the fields of a form, and the body that the API takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .previews import Mistake, read_json, written

PART: Final = "part:"  # prefix of the fields with sources
GROUPS: Final = ("channels", "locales", "partials")
ORDER: Final = ("subject", "preheader", "title", "html", "text", "body")


@dataclass(frozen=True)
class Draft:
    """`sources`: JSON pointer → source, e.g. `/locales/de/email/subject`. `example` and `schema` are JSON."""

    sources: Mapping[str, str] = field(default_factory=dict)
    example: str = ""
    schema: str = ""
    layout: str = ""

    @classmethod
    def of_template(cls, template: Mapping[str, Any]) -> Draft:
        found = {name: template[name] for name in GROUPS if template.get(name)}
        return cls(
            sources=dict(_flat("", found)),
            example=written(template["example"]) if template["example"] else "",
            schema=written(template["schema"]) if template["schema"] else "",
            layout=(template["layout"] or {}).get("id", ""),
        )

    @classmethod
    def of_form(cls, form: Mapping[str, str]) -> Draft:
        sources = {
            name.removeprefix(PART): text.replace("\r\n", "\n") for name, text in form.items() if name.startswith(PART)
        }
        others = {name: form.get(name, "").replace("\r\n", "\n") for name in ("example", "schema", "layout")}
        return cls(sources=sources, **others)

    def plus(self, pointer: str) -> Draft:
        """With an empty source at the pointer."""
        return Draft({**self.sources, pointer: self.sources.get(pointer, "")}, self.example, self.schema, self.layout)

    def body(self) -> tuple[dict[str, Any], tuple[Mistake, ...]]:
        """As the API takes it, and what is wrong with its JSON. Empty sources are left out."""
        body: dict[str, Any] = {}
        for pointer, text in self.sources.items():
            if text.strip():
                _put(body, [*map(unescaped, pointer.strip("/").split("/"))], text)
        mistakes: list[Mistake] = []
        for name in ("example", "schema"):
            found, wrong = read_json(getattr(self, name), name.capitalize())
            mistakes += wrong
            if found is not None:
                body[name] = found
        if self.layout.strip():
            body["layout"] = self.layout.strip()
        return {"channels": {}, **body}, tuple(mistakes)

    def groups(self) -> list[tuple[str, list[tuple[str, str, str]]]]:
        """Heading → (name of the field, label, source), channels first, then languages, then partials."""
        found: dict[str, list[tuple[str, str, str]]] = {}
        for pointer in sorted(self.sources, key=_place):
            *above, part = map(unescaped, pointer.strip("/").split("/"))
            found.setdefault("/".join(above), []).append((PART + pointer, part, self.sources[pointer]))
        return [*found.items()]


def _place(pointer: str) -> tuple[int, str, int]:
    group, *others = pointer.strip("/").split("/")
    part = others[-1] if others else ""
    place = ORDER.index(part) if part in ORDER else len(ORDER)
    return GROUPS.index(group) if group in GROUPS else len(GROUPS), "/".join(others[:-1]), place


def escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def unescaped(name: str) -> str:
    return name.replace("~1", "/").replace("~0", "~")


def _flat(at: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield at, value
        return
    for name, inner in value.items():
        yield from _flat(f"{at}/{escaped(name)}", inner)


def _put(body: dict[str, Any], path: list[str], text: str) -> None:
    for name in path[:-1]:
        body = body.setdefault(name, {})
    body[path[-1]] = text


def as_fields(draft: Draft) -> dict[str, str]:
    """The fields of a form that carry the draft on."""
    others = {"example": draft.example, "schema": draft.schema, "layout": draft.layout}
    return {**{PART + pointer: text for pointer, text in draft.sources.items()}, **others}
