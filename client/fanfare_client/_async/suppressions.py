from __future__ import annotations

from ..calls import Call, given, path
from ..types import Cause, Channel, Suppression
from .items import AsyncItems
from .transport import AsyncTransport


class AsyncSuppressions:
    """Addresses that must not be written to."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def put(self, channel: Channel, address: str, *, cause: Cause | None = None) -> Suppression:
        """Never write to the address again. The first cause is kept."""
        suppression: Suppression = await self._transport.json(
            Call("PUT", path("suppressions", channel, address), body=given(cause=cause))
        )
        return suppression

    async def get(self, channel: Channel, address: str) -> Suppression:
        """Why the address must not be written to. Raises NotFound where it may."""
        suppression: Suppression = await self._transport.json(Call("GET", path("suppressions", channel, address)))
        return suppression

    def list(
        self, *, channel: Channel | None = None, page_size: int = 100, cursor: str | None = None
    ) -> AsyncItems[Suppression]:
        """The suppressed addresses, by channel and address."""
        query = {"channel": channel, "limit": page_size, "cursor": cursor}
        return AsyncItems(self._transport, path("suppressions"), query)

    async def delete(self, channel: Channel, address: str) -> None:
        """Let the address be written to again. Repeated, the same."""
        await self._transport.json(Call("DELETE", path("suppressions", channel, address)))
