"""Templates: of SES and Pinpoint, as the AWS CLI prints them; and HTML with merge tags or Handlebars.

`aws sesv2 get-email-template`: TemplateName, TemplateContent {Subject, Text, Html}. `aws pinpoint get-email-template`:
EmailTemplateResponse {TemplateName, Subject, TextPart, HtmlPart}; `get-sms-template`: SMSTemplateResponse
{TemplateName, Body}; both with DefaultSubstitutions, JSON.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ..languages import Converted, converted, handlebars
from ..records import LeftOut, Read, Record, Wrong, as_id
from ..tables.options import TableOptions
from ..tables.text import encoding_of, opened
from .base import Found, Head, Source
from .objects import objects

PARTS: Final = {"Subject": "subject", "Text": "text", "Html": "html", "TextPart": "text", "HtmlPart": "html"}
_TITLE: Final = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
SIZE: Final = 1 << 20  # bytes of a file that is a template


def convert(record: Mapping[str, Any]) -> Found:
    if "TemplateContent" in record:
        return _template(str(record["TemplateName"]), {"email": _parts(record["TemplateContent"], {})})
    if "EmailTemplateResponse" in record:
        found = record["EmailTemplateResponse"]
        return _template(str(found["TemplateName"]), {"email": _parts(found, _defaults(found))})
    if "SMSTemplateResponse" in record:
        found = record["SMSTemplateResponse"]
        text = handlebars(str(found["Body"]), _defaults(found))
        return _template(str(found["TemplateName"]), {"sms": {"text": text}})
    raise Wrong("unexpected", "no template of SES or Pinpoint")


def text_template(name: str, text: str) -> Found:
    """A template of an HTML or text file, which has no subject but the title."""
    part = "html" if text.lstrip().startswith("<") else "text"
    body = converted(text)
    title = _TITLE.search(text)
    subject = converted(html.unescape(title[1].strip())) if title and title[1].strip() else Converted()
    if subject.left or not subject.text:
        subject = Converted(name, [("subject", "the file has no title that is one; the template's name is taken")])
    return _template(name, {"email": {"subject": subject, part: body}})


def _defaults(found: Mapping[str, Any]) -> dict[str, str]:
    given = json.loads(found.get("DefaultSubstitutions") or "{}")
    return {name: str(value) for name, value in given.items()}


def _parts(content: Mapping[str, Any], defaults: Mapping[str, str]) -> dict[str, Converted]:
    return {PARTS[name]: handlebars(str(text), defaults) for name, text in content.items() if name in PARTS and text}


def _template(name: str, channels: Mapping[str, Mapping[str, Converted]]) -> Found:
    texts = {channel: {part: each.text for part, each in parts.items()} for channel, parts in channels.items()}
    all_parts = [(f"{channel}.{part}", each) for channel, parts in channels.items() for part, each in parts.items()]
    example: dict[str, Any] = {}
    for _, each in all_parts:
        _merge(example, each.example)
    # an id of a template has fewer characters than one of a user
    template_id = as_id(name).replace("~", "-").lstrip("_")
    found: list[Record | LeftOut] = [Record("template", {"id": template_id, "channels": texts, "example": example})]
    for place, each in all_parts:
        found += [LeftOut("not_converted", f"{what}: {why}", place, "field") for what, why in each.left]
    return found


def _merge(example: dict[str, Any], other: Mapping[str, Any]) -> None:
    """Add variables of another part. An object or a list that has variables outweighs a text."""
    for name, value in other.items():
        mine = example.get(name)
        if isinstance(mine, dict) and isinstance(value, dict):
            _merge(mine, value)
        elif isinstance(mine, list) and isinstance(value, list):
            _merge(mine[0], value[0])
        elif not isinstance(mine, dict | list):
            example[name] = value


def _html_rows(file: Path, options: TableOptions) -> Iterator[Read]:
    encoding = options.encoding or encoding_of(file)
    with opened(file) as content:
        text = content.read(SIZE + 1)
    name = file.name.removesuffix(".gz").rpartition(".")[0] or file.name
    if len(text) > SIZE:
        yield Read(1, name, [LeftOut("too_long", f"the file is larger than {SIZE >> 20} MB")])
    else:
        yield Read(1, name, text_template(name, text.decode(encoding)))


def _recognised(head: Head) -> bool:
    kinds = ("TemplateContent", "EmailTemplateResponse", "SMSTemplateResponse")
    return head.has_keys("TemplateName") and any(head.has_keys(kind) for kind in kinds)


AWS_TEMPLATES: Final = Source(
    "aws-templates",
    objects(convert),
    _recognised,
    notes=("A template's variables are `data.NAME`; the example has their names as values.",),
)
HTML_TEMPLATE: Final = Source(
    "html-template",
    _html_rows,
    # tables of other programs are HTML, too, named .xls
    lambda head: head.text[:1] == "<" and head.name.lower().endswith((".html", ".htm")),
    notes=("The file's name is the template's ID, and its title the subject.",),
)
