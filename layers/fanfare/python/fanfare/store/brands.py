"""The catalogue table: the brand. Readers of it keep it for a short time.

pk              sk                what
brand           brand             how the deployer looks to readers
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from fanfare.aws.codec import Item
from fanfare.aws.dynamodb import DynamoTable
from fanfare.domain.catalogue import Brand, BrandLink

log = logging.getLogger(__name__)

KEY: Final = ("brand", "brand")
CACHE_SECONDS: Final = 30.0


class Brands:
    """The one brand of the deployment. `sender`: its name as long as none is stored."""

    def __init__(self, table: DynamoTable, *, sender: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.table = table
        self.sender = sender
        self.monotonic = monotonic
        self._known: tuple[float, Brand] | None = None

    def get(self, *, max_age: float = CACHE_SECONDS) -> Brand:
        """The brand, at most `max_age` seconds old."""
        if self._known is None or self.monotonic() - self._known[0] >= max_age:
            self.keep(self.table.get(*KEY))
        return self._known[1] if self._known else Brand(name=self.sender)

    def known(self) -> Brand:
        """The brand; as it was read last, or only the sender's name, if the table does not answer."""
        try:
            return self.get()
        except (BotoCoreError, ClientError):
            log.exception("the brand can't be read")
            return self._known[1] if self._known else Brand(name=self.sender)

    def keep(self, item: Item | None) -> Brand:
        """The brand of an item that was read from the table, e.g. together with others."""
        brand = _brand(item) if item else Brand(name=self.sender)
        self._known = (self.monotonic(), brand)
        return brand

    def put(self, brand: Brand, *, at: str) -> None:
        """Store the brand."""
        pk, sk = KEY
        self.table.put(
            {
                "pk": pk,
                "sk": sk,
                "name": brand.name,
                "url": brand.url,
                "logo_url": brand.logo_url,
                "colour": brand.colour,
                "address": brand.address,
                "links": [{"titles": dict(link.titles), "url": link.url} for link in brand.links],
                "updated_at": at,
            }
        )
        self._known = None


def _brand(item: Item) -> Brand:
    return Brand(
        name=item["name"],
        url=item.get("url"),
        logo_url=item.get("logo_url"),
        colour=item.get("colour"),
        address=item.get("address"),
        links=tuple(BrandLink(titles=link["titles"], url=link["url"]) for link in item.get("links", ())),
    )
