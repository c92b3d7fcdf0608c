"""Templates of SES and Pinpoint, as the AWS CLI prints them.

`aws sesv2 get-email-template`: TemplateName, TemplateContent {Subject, Text, Html}. `aws pinpoint get-email-template`:
EmailTemplateResponse {TemplateName, Subject, TextPart, HtmlPart}; `get-sms-template`: SMSTemplateResponse
{TemplateName, Body}.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..foreign import Converted, handlebars
from ..records import LeftOut, Record, Wrong, as_id
from .base import Found, Head, Source
from .objects import objects

PARTS: Final = {"Subject": "subject", "Text": "text", "Html": "html", "TextPart": "text", "HtmlPart": "html"}


def convert(record: Mapping[str, Any]) -> Found:
    if "TemplateContent" in record:
        return _template(str(record["TemplateName"]), {"email": _parts(record["TemplateContent"])})
    if "EmailTemplateResponse" in record:
        found = record["EmailTemplateResponse"]
        return _template(str(found["TemplateName"]), {"email": _parts(found)})
    if "SMSTemplateResponse" in record:
        found = record["SMSTemplateResponse"]
        return _template(str(found["TemplateName"]), {"sms": {"text": handlebars(str(found["Body"]))}})
    raise Wrong("unexpected", "no template of SES or Pinpoint")


def _parts(content: Mapping[str, Any]) -> dict[str, Converted]:
    return {PARTS[name]: handlebars(str(text)) for name, text in content.items() if name in PARTS and text}


def _template(name: str, channels: Mapping[str, Mapping[str, Converted]]) -> Found:
    texts = {channel: {part: each.text for part, each in parts.items()} for channel, parts in channels.items()}
    all_parts = [(f"{channel}.{part}", each) for channel, parts in channels.items() for part, each in parts.items()]
    example: dict[str, Any] = {}
    for _, each in all_parts:
        example |= each.example
    # an id of a template has fewer characters than one of a user
    template_id = as_id(name).replace("~", "-").lstrip("_")
    found: list[Record | LeftOut] = [Record("template", {"id": template_id, "channels": texts, "example": example})]
    for place, each in all_parts:
        found += [LeftOut("not_converted", f"{what}: {why}", place, "field") for what, why in each.left]
    return found


def _recognised(head: Head) -> bool:
    kinds = ("TemplateContent", "EmailTemplateResponse", "SMSTemplateResponse")
    return head.has_keys("TemplateName") and any(head.has_keys(kind) for kind in kinds)


TEMPLATES: Final = Source(
    "aws-templates",
    objects(convert),
    _recognised,
    notes=("A template's variables are `data.NAME`; the example has their names as values.",),
)
