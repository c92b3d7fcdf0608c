from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..calls import Call, address_path, given, path, suppression_chunks
from ..types import Cause, Channel, Suppression, SuppressionItem, SuppressionResult
from .items import AsyncItems
from .transport import AsyncTransport


class AsyncSuppressions:
    """Suppressions: addresses that nothing is sent to."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def put(self, channel: Channel, address: str, *, cause: Cause | None = None) -> Suppression:
        """Suppress the address. If it is suppressed already, the first cause is kept."""
        suppression: Suppression = await self._transport.json(
            Call("PUT", address_path(channel, address), body=given(cause=cause))
        )
        return suppression

    async def put_many(self, items: Iterable[SuppressionItem]) -> Sequence[SuppressionResult]:
        """Suppress many addresses, in several requests if necessary. Returns a result per item, in order."""
        results: Sequence[SuppressionResult] = []
        for chunk in suppression_chunks(items):
            call = Call("POST", path("suppressions"), body={"items": chunk})
            results = [*results, *(await self._transport.json(call))["items"]]
        return results

    async def get(self, channel: Channel, address: str) -> Suppression:
        """The suppression of the address. Raises NotFound if it is not suppressed."""
        suppression: Suppression = await self._transport.json(Call("GET", address_path(channel, address)))
        return suppression

    def list(
        self, *, channel: Channel | None = None, page_size: int = 100, cursor: str | None = None
    ) -> AsyncItems[Suppression]:
        """All suppressions, ordered by channel and address."""
        query = {"channel": channel, "limit": page_size, "cursor": cursor}
        return AsyncItems(self._transport, path("suppressions"), query)

    def list_masked(
        self, *, channel: Channel | None = None, page_size: int = 100, cursor: str | None = None
    ) -> AsyncItems[Suppression]:
        """The same with masked addresses, for callers who may not see them."""
        query = {"channel": channel, "limit": page_size, "cursor": cursor}
        return AsyncItems(self._transport, path("masked", "suppressions"), query)

    async def delete(self, channel: Channel, address: str) -> None:
        """Remove the suppression. Idempotent."""
        await self._transport.json(Call("DELETE", address_path(channel, address)))
