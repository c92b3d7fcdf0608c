from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from ..calls import Call, given, path
from ..diffs import PartDiff, differences
from ..types import Channel, StoredVersion, Template, TemplateBody, TemplateVersion
from .items import AsyncItems
from .transport import AsyncTransport


class AsyncTemplates:
    """Templates: the content of messages. Versions are immutable."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def put(self, template_id: str, **template: Unpack[TemplateBody]) -> StoredVersion:
        """Store a new version. Not idempotent: a repeated call stores another version."""
        stored: StoredVersion = await self._transport.json(
            Call("PUT", path("templates", template_id), body=given(**template), repeatable=False)
        )
        return stored

    async def get(self, template_id: str, *, version: int | None = None) -> Template:
        """The latest version, or `version`."""
        template: Template = await self._transport.json(
            Call("GET", path("templates", template_id), {"version": version})
        )
        return template

    def list(self, *, page_size: int = 100, cursor: str | None = None) -> AsyncItems[TemplateVersion]:
        """All templates, ordered by id, each with its latest version."""
        return AsyncItems(self._transport, path("templates"), {"limit": page_size, "cursor": cursor})

    def versions(
        self, template_id: str, *, page_size: int = 100, cursor: str | None = None
    ) -> AsyncItems[TemplateVersion]:
        """The versions, newest first."""
        query = {"limit": page_size, "cursor": cursor}
        return AsyncItems(self._transport, path("templates", template_id, "versions"), query)

    async def delete(self, template_id: str) -> None:
        """Hide the template from new messages. Accepted messages keep their version. Idempotent."""
        await self._transport.json(Call("DELETE", path("templates", template_id)))

    async def preview(
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
        parts: Mapping[str, Any] = await self._transport.json(
            Call(
                "POST",
                path("templates", template_id, "previews"),
                body=given(channel=channel, data=data, locale=locale, time_zone=time_zone, draft=draft),
            )
        )
        return parts

    async def diff(
        self, template_id: str, template: TemplateBody | None = None, *, old: int | None = None, new: int | None = None
    ) -> Sequence[PartDiff]:
        """The differences between version `old` (default: latest) and `template`, or version `new`."""
        before = await self.get(template_id, version=old)
        after: Mapping[str, Any] = template if template is not None else await self.get(template_id, version=new)
        return differences(before, after)
