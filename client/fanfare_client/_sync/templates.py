# Written by tests/client/unasync.py from its twin in _async.
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from ..calls import Call, given, path
from ..diffs import PartDiff, differences
from ..types import Channel, StoredVersion, Template, TemplateBody, TemplateVersion
from .items import Items
from .transport import Transport


class Templates:
    """Templates: the content of messages. Versions are immutable."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def put(self, template_id: str, **template: Unpack[TemplateBody]) -> StoredVersion:
        """Store a new version. Not idempotent: a repeated call stores another version."""
        stored: StoredVersion = self._transport.json(
            Call("PUT", path("templates", template_id), body=given(**template), repeatable=False)
        )
        return stored

    def get(self, template_id: str, *, version: int | None = None) -> Template:
        """The latest version, or `version`."""
        template: Template = self._transport.json(
            Call("GET", path("templates", template_id), {"version": version})
        )
        return template

    def list(self, *, page_size: int = 100, cursor: str | None = None) -> Items[TemplateVersion]:
        """All templates, ordered by id, each with its latest version."""
        return Items(self._transport, path("templates"), {"limit": page_size, "cursor": cursor})

    def versions(
        self, template_id: str, *, page_size: int = 100, cursor: str | None = None
    ) -> Items[TemplateVersion]:
        """The versions, newest first."""
        query = {"limit": page_size, "cursor": cursor}
        return Items(self._transport, path("templates", template_id, "versions"), query)

    def delete(self, template_id: str) -> None:
        """Hide the template from new messages. Accepted messages keep their version. Idempotent."""
        self._transport.json(Call("DELETE", path("templates", template_id)))

    def preview(
        self,
        template_id: str,
        *,
        channel: Channel,
        data: Mapping[str, Any] | None = None,
        locale: str | None = None,
        time_zone: str | None = None,
        draft: TemplateBody | None = None,
    ) -> Mapping[str, Any]:
        """The latest version or `draft`, rendered: each part of the channel as it would be sent, and `warnings`."""
        parts: Mapping[str, Any] = self._transport.json(
            Call(
                "POST",
                path("templates", template_id, "previews"),
                body=given(channel=channel, data=data, locale=locale, time_zone=time_zone, draft=draft),
            )
        )
        return parts

    def diff(
        self, template_id: str, template: TemplateBody | None = None, *, old: int | None = None, new: int | None = None
    ) -> Sequence[PartDiff]:
        """The differences between version `old` (default: latest) and `template`, or version `new`."""
        before = self.get(template_id, version=old)
        after: Mapping[str, Any] = template if template is not None else self.get(template_id, version=new)
        return differences(before, after)
