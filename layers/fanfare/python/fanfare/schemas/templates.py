"""Templates, versions and previews in the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
)

from fanfare.errors import Fault
from fanfare.schemas.errors import WarningView
from fanfare.schemas.messages import TemplateVersionRef
from fanfare.schemas.scalars import At, ChannelName, Locale, Moment, Name, Request, TimeZone, View

# Templates

Source = Annotated[str, Field(min_length=1, max_length=200_000)]
Parts = Annotated[dict[str, Source], Field(min_length=1, max_length=20)]
ByChannel = Annotated[dict[ChannelName, Parts], Field(min_length=1, max_length=20)]


def _layout_id(value: object) -> object:
    """A GET answers id and version of the layout; the newest version is copied."""
    return value["id"] if isinstance(value, dict) and value.keys() == {"id", "version"} else value


class PutTemplateRequest(Request):
    """A template: parts by channel, in Jinja2, over `data`, `user`, `locale`, `topic`, `links` and `brand`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "channels": {
                        "email": {
                            "subject": "Order {{ data.order }} is on its way",
                            "html": "<p>Hello {{ user.name }}</p>",
                            "text": "Hello {{ user.name }}",
                        }
                    },
                    "locales": {"de": {"email": {"subject": "Bestellung {{ data.order }} ist unterwegs"}}},
                    "schema": {"type": "object", "required": ["order"], "properties": {"order": {"type": "string"}}},
                    "example": {"order": "A-17"},
                }
            ]
        }
    )

    channels: ByChannel = Field(description="Channel → part → source.")
    locales: Annotated[dict[Locale, ByChannel], Field(max_length=100)] | None = Field(
        None, description="Locale → channel → part → source, for parts that differ in that language."
    )
    data_schema: dict[str, Any] | None = Field(
        None, alias="schema", description="JSON Schema (2020-12) for the `data` of messages."
    )
    example: dict[str, Any] | None = Field(None, description="Example data. All parts must render with it.")
    layout: Annotated[Name, BeforeValidator(_layout_id)] | None = Field(
        None,
        description="Id of a template to put around this one: each of its parts with `{{ content }}` is put around "
        "the part of the same name. Its newest version is copied.",
    )
    partials: Annotated[dict[Name, Source], Field(max_length=50)] | None = Field(
        None, description='Name → source, inserted at `{% include "name" %}` in a part or another partial.'
    )

    id: Name | None = Field(None, description="The template's id, as in the path.")
    version: StrictInt | None = Field(None, description="Not stored: a new version gets the next number.")
    created_at: Moment | None = Field(None, description="Not stored.")

    def body(self) -> dict[str, Any]:
        """As stored, without fields that were left out."""
        return self.model_dump(by_alias=True, exclude_none=True, exclude={"id", "version", "created_at"})


class PutTemplateView(View):
    """The version that was stored."""

    id: str
    version: int
    warnings: Sequence[WarningView]


class TemplateSummaryView(View):
    """A version of a template."""

    id: str
    version: int
    created_at: At


class TemplateView(TemplateSummaryView):
    """A version of a template with its content."""

    channels: Mapping[str, Mapping[str, str]]
    locales: Mapping[str, Mapping[str, Mapping[str, str]]]
    data_schema: Mapping[str, Any] | None = Field(serialization_alias="schema")
    example: Mapping[str, Any]
    layout: TemplateVersionRef | None
    partials: Mapping[str, str]


class PreviewRequest(Request):
    """Input to render a template."""

    data: dict[str, Any] | None = Field(None, description="Values for the template. Default: the template's example.")
    locale: Locale | None = Field(None, description="The reader's language. Default: the deployment's.")
    time_zone: TimeZone | None = Field(None, description="The reader's time zone. Default: the deployment's.")
    channel: ChannelName = Field(description="The channel.")
    draft: PutTemplateRequest | None = Field(
        None,
        description="A template to render that is not stored. It is checked like a PUT. Default: the newest version.",
    )


class TemplatesView(View):
    """Templates by id, each with its newest version."""

    items: Sequence[TemplateSummaryView]
    next_cursor: str | None


class VersionsView(View):
    """Versions of a template, newest first."""

    items: Sequence[TemplateSummaryView]
    next_cursor: str | None


def warning_views(found: Iterable[Fault]) -> list[WarningView]:
    return [WarningView(code=each.code, pointer=each.pointer, detail=each.detail) for each in found]
