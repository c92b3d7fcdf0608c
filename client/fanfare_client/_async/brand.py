from __future__ import annotations

from typing import Unpack

from ..calls import Call, given, path
from ..types import Brand, BrandBody
from .transport import AsyncTransport


class AsyncBrand:
    """How you look to readers, on pages and in mails."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(self) -> Brand:
        """The brand. Until one is stored, its name is the sender's."""
        brand: Brand = await self._transport.json(Call("GET", path("brand")))
        return brand

    async def put(self, **brand: Unpack[BrandBody]) -> Brand:
        """Replace the brand; a field that is left out is removed."""
        stored: Brand = await self._transport.json(Call("PUT", path("brand"), body=given(**brand)))
        return stored
