# Written by tests/client/unasync.py from its twin in _async.
from __future__ import annotations

from ..calls import Call, given, path
from ..types import Cause, Channel, Suppression
from .items import Items
from .transport import Transport


class Suppressions:
    """Addresses that must not be written to."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def put(self, channel: Channel, address: str, *, cause: Cause | None = None) -> Suppression:
        """Never write to the address again. The first cause is kept."""
        suppression: Suppression = self._transport.json(
            Call("PUT", path("suppressions", channel, address), body=given(cause=cause))
        )
        return suppression

    def get(self, channel: Channel, address: str) -> Suppression:
        """Why the address must not be written to. Raises NotFound where it may."""
        suppression: Suppression = self._transport.json(Call("GET", path("suppressions", channel, address)))
        return suppression

    def list(
        self, *, channel: Channel | None = None, page_size: int = 100, cursor: str | None = None
    ) -> Items[Suppression]:
        """The suppressed addresses, by channel and address."""
        query = {"channel": channel, "limit": page_size, "cursor": cursor}
        return Items(self._transport, path("suppressions"), query)

    def delete(self, channel: Channel, address: str) -> None:
        """Let the address be written to again. Repeated, the same."""
        self._transport.json(Call("DELETE", path("suppressions", channel, address)))
