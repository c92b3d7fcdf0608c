"""How the deployer looks to readers."""

from __future__ import annotations

from fanfare.clock import Clock, to_text
from fanfare.data_classes import dataclass
from fanfare.domain.catalogue import Brand, BrandLink
from fanfare.schemas.brand import PutBrandRequest
from fanfare.store.brands import Brands


@dataclass(frozen=True, kw_only=True)
class ManageBrand:
    brands: Brands
    clock: Clock

    def get(self) -> Brand:
        """The brand as it is now; without one, its name is the sender's."""
        return self.brands.get(max_age=0)

    def put(self, request: PutBrandRequest) -> Brand:
        """The stored brand."""
        brand = Brand(
            name=request.name,
            url=request.url,
            logo_url=request.logo_url,
            colour=request.colour,
            address=request.address,
            links=tuple(BrandLink(titles=link.titles, url=link.url) for link in request.links or ()),
        )
        self.brands.put(brand, at=to_text(self.clock()))
        return brand
