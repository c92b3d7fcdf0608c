"""Templates and their versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

from .common import ContentWarning
from .messages import TemplateVersionRef


class TemplateBody(TypedDict):
    """A template: the parts per channel, in Jinja2, over `data`, `user` and `locale`."""

    channels: Mapping[str, Mapping[str, str]]
    locales: NotRequired[Mapping[str, Mapping[str, Mapping[str, str]]] | None]
    schema: NotRequired[Mapping[str, Any] | None]
    example: NotRequired[Mapping[str, Any] | None]
    layout: NotRequired[str | TemplateVersionRef | None]
    partials: NotRequired[Mapping[str, str] | None]
    id: NotRequired[str | None]
    version: NotRequired[int | None]
    created_at: NotRequired[str | None]


class StoredVersion(TypedDict):
    """The version that was stored."""

    id: str
    version: int
    warnings: Sequence[ContentWarning]


class TemplateVersion(TypedDict):
    """A version of a template."""

    id: str
    version: int
    created_at: str


class Template(TemplateVersion):
    """A version of a template with its content."""

    channels: Mapping[str, Mapping[str, str]]
    locales: Mapping[str, Mapping[str, Mapping[str, str]]]
    schema: Mapping[str, Any] | None
    example: Mapping[str, Any]
    layout: TemplateVersionRef | None
    partials: Mapping[str, str]
