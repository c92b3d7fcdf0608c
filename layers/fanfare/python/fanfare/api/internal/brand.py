"""The brand."""

from __future__ import annotations

from aws_lambda_powertools.event_handler.api_gateway import Router

from fanfare.runtime.use_cases import internal_api as use_cases
from fanfare.schemas.brand import BrandView, PutBrandRequest

router = Router()


@router.get("/v1/brand", tags=["brand"])
def get_brand() -> BrandView:
    """Read how you look to readers. Until a brand is stored, its name is the sender's."""
    return BrandView.model_validate(use_cases.brand().get())


@router.put("/v1/brand", tags=["brand"])
def put_brand(request: PutBrandRequest) -> BrandView:
    """Replace how you look to readers: on pages, in mails of Fanfare's own, and in templates that use `brand`."""
    return BrandView.model_validate(use_cases.brand().put(request))
