"""What Outlook and Gmail do with the HTML of a mail, by caniemail.com.

`python -m tests.client.mail_clients caniemail.json` writes mail_clients.json again from the data of the npm package
`caniemail`. Left out are Windows Mail, which ended in 2024, and Gmail in a phone's browser, whose basic view did.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from selectolax.lexbor import LexborHTMLParser

FACTS: Final = Path(__file__).with_suffix(".json")
CLIENTS: Final = {
    "outlook": ("windows", "macos", "outlook-com", "ios", "android"),
    "gmail": ("desktop-webmail", "ios", "android"),
}
ELEMENTS: Final = {"tbody": "table", "tr": "table", "td": "table", "h1": "h1-h6", "h2": "h1-h6"}
BORDERS: Final = re.compile(r"border-(?:top|right|bottom|left)")
# What is the same everywhere, and what no client is tested for
PLAIN: Final = frozenset({"a", "br", "head", "html", "meta", "title"})
PLAIN_ATTRIBUTES: Final = frozenset(
    {"alt", "bgcolor", "border", "charset", "class", "content", "href", "name", "src", "style"}
)
# What some client leaves out, and why the mail is whole without it
SPARED: Final[Mapping[str, str]] = {
    "css-at-media-prefers-color-scheme": "light colours are the default",
    "html-meta-color-scheme": "light colours are the default",
    "css-at-media": "what it holds makes the whole button a link",
    "css-display": "only in the @media for the button",
    "css-max-width": "Outlook has a table of its own around, see `_in_a_table_for_outlook`",
    "html-body": "the first table repeats what the body has",
}
Rule = Callable[[str, str], bool]  # element, value
# What is supported in part, and the part that is
IN_PART: Final[Mapping[str, Rule]] = {
    "css-background": lambda _, value: re.fullmatch("#[0-9a-f]{6}", value) is not None,
    "css-border": lambda tag, value: tag == "td" and int(value.split("px")[0]) <= 8,
    "css-font-size": lambda _, value: re.fullmatch("[0-9]+px", value) is not None,
    "css-height": lambda tag, _: tag in ("td", "img"),
    "css-important": lambda _, value: value.endswith(" !important"),
    "css-letter-spacing": lambda _, value: re.fullmatch("[0-9]+px", value) is not None,
    "css-line-height": lambda _, value: re.fullmatch(r"[0-9.]+", value) is not None,
    "css-margin": lambda tag, value: tag not in ("span", "body") and re.fullmatch("[0-9 px]+", value) is not None,
    "css-padding": lambda tag, value: tag == "td" and "%" not in value,
    "css-selector-class": lambda _, __: True,  # lost only with accounts that are not Google's, like all of <style>
    "css-text-decoration": lambda _, value: value in ("none", "underline"),
    "html-align": lambda tag, _: tag == "td",
    "html-dir": lambda tag, _: tag not in ("table", "td", "a"),
    "html-height": lambda _, value: value.isdigit(),
    "html-style": lambda tag, _: tag == "head",
    "html-width": lambda tag, value: tag == "table" and value == "100%",
}
FOR_OUTLOOK: Final = re.compile(
    r'<!--\[if mso\]><table [^>]*width="600"[^>]*><tr><td><!\[endif\]-->\s*<table [^>]*max-width:600px'
)


def left_out(html: str) -> list[str]:
    """What a client silently leaves out, by element; nothing if the mail is whole everywhere."""
    support: Mapping[str, str] = json.loads(FACTS.read_text())["support"]
    found = []
    for tag, feature, value in _used(html):
        worst = support.get(feature)
        in_part = worst == "a" and feature in IN_PART and IN_PART[feature](tag, value)
        if worst != "y" and not in_part and feature not in SPARED:
            found.append(f"{feature} of {tag}: {value} ({worst})")
    if "max-width" in html and not FOR_OUTLOOK.search(html):
        found.append("max-width without a table for Outlook")
    return found


def _used(html: str) -> Iterator[tuple[str, str, str]]:
    """Element, feature as caniemail.com names it, and value."""
    tree = LexborHTMLParser(html)
    for node in tree.css("*"):
        tag = node.tag or ""
        if tag == "style":
            yield (node.parent.tag or "") if node.parent else "", "html-style", ""
            yield from _used_in_sheet(node.text())
            continue
        if "mso-hide:all" in (node.attributes.get("style") or ""):  # the preheader, which the service puts in
            continue
        if tag not in PLAIN:
            yield tag, f"html-{ELEMENTS.get(tag, tag)}", ""
        for name, value in node.attributes.items():
            if name == "style" and tag != "body":
                yield from ((tag, _slug(each), written) for each, written in declarations(value or ""))
            elif tag == "meta" and value == "color-scheme":
                yield tag, "html-meta-color-scheme", ""
            elif name not in PLAIN_ATTRIBUTES:
                yield tag, "css-border-spacing" if name == "border" else f"html-{name}", value or ""


def _used_in_sheet(sheet: str) -> Iterator[tuple[str, str, str]]:
    for query in re.findall(r"@([^{]*)\{", sheet):
        dark = query.strip() == "media (prefers-color-scheme: dark)"
        yield "style", "css-at-media-prefers-color-scheme" if dark else f"css-at-{query.split()[0]}", query
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", sheet):
        yield "style", "css-selector-class" if re.fullmatch(r"\s*\.[a-z-]+ ", selector) else selector.strip(), ""
        for name, value in declarations(body):
            yield "style", "css-important", value
            yield "td", _slug(name), value.removesuffix(" !important")


def _slug(name: str) -> str:
    return "css-" + {"border-color": "background-color", "color": "background-color"}.get(
        name, BORDERS.sub("border", name)
    )


def declarations(style: str) -> list[tuple[str, str]]:
    """Names and values."""
    return [
        (name.strip(), value.strip()) for name, _, value in (each.partition(":") for each in style.split(";")) if value
    ]


def facts(data: Mapping[str, Any]) -> dict[str, Any]:
    """The worst support of each feature by one of the clients in its newest version."""
    support = {}
    for each in data["data"]:
        newest = [
            list(each["stats"].get(family, {}).get(platform, {"": "u"}).values())[-1][0]
            for family, platforms in CLIENTS.items()
            for platform in platforms
        ]
        support[each["slug"]] = min((one for one in newest if one != "u"), default="u", key="nay".index)
    source = f"caniemail.com, data of {data['last_update_date'][:10]}, MIT: yes, almost, no"
    return {"source": source, "support": dict(sorted(support.items()))}


if __name__ == "__main__":
    FACTS.write_text(json.dumps(facts(json.loads(Path(sys.argv[1]).read_text())), indent=0) + "\n")
