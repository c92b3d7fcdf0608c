# Written by tests/client/unasync.py from its twin in _async.
from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..calls import Call, address_path, given, path, suppression_chunks
from ..types import Cause, Channel, Suppression, SuppressionItem, SuppressionResult
from .items import Items
from .transport import Transport


class Suppressions:
    """Suppressions: addresses that nothing is sent to."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def put(self, channel: Channel, address: str, *, cause: Cause | None = None) -> Suppression:
        """Suppress the address. If it is suppressed already, the first cause is kept."""
        suppression: Suppression = self._transport.json(
            Call("PUT", address_path(channel, address), body=given(cause=cause))
        )
        return suppression

    def put_many(self, items: Iterable[SuppressionItem]) -> Sequence[SuppressionResult]:
        """Suppress many addresses, in several requests if necessary. Returns a result per item, in order."""
        results: Sequence[SuppressionResult] = []
        for chunk in suppression_chunks(items):
            call = Call("POST", path("suppressions"), body={"items": chunk})
            results = [*results, *(self._transport.json(call))["items"]]
        return results

    def get(self, channel: Channel, address: str) -> Suppression:
        """The suppression of the address. Raises NotFound if it is not suppressed."""
        suppression: Suppression = self._transport.json(Call("GET", address_path(channel, address)))
        return suppression

    def list(
        self, *, channel: Channel | None = None, page_size: int = 100, cursor: str | None = None
    ) -> Items[Suppression]:
        """All suppressions, ordered by channel and address."""
        query = {"channel": channel, "limit": page_size, "cursor": cursor}
        return Items(self._transport, path("suppressions"), query)

    def list_masked(
        self, *, channel: Channel | None = None, page_size: int = 100, cursor: str | None = None
    ) -> Items[Suppression]:
        """The same with masked addresses, for callers who may not see them."""
        query = {"channel": channel, "limit": page_size, "cursor": cursor}
        return Items(self._transport, path("masked", "suppressions"), query)

    def delete(self, channel: Channel, address: str) -> None:
        """Remove the suppression. Idempotent."""
        self._transport.json(Call("DELETE", address_path(channel, address)))
