"""Health of the service, and its API description as a page."""

from __future__ import annotations

from typing import cast

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from fanfare.api.app import Api
from fanfare.api.openapi import PAGE
from fanfare.api.public.pages import html
from fanfare.domain.catalogue import Brand
from fanfare.runtime.settings import brand_of, settings
from fanfare.schemas.self_service import HealthView
from fanfare.self_service.pages import docs
from fanfare.self_service.pages.look import Look

router = Router()


@router.get("/v1/health", tags=["description"])
def get_health() -> HealthView:
    """Check that the API is available."""
    return HealthView(status="ok")


@router.get("/docs", tags=["description"], responses=PAGE)
def get_docs() -> Response[str]:
    """This description, as a page."""
    api = cast(Api, router.api_resolver)
    look = Look(brand=Brand(name=brand_of(settings().sender)))  # for developers: in English, and without a read
    return html(docs.page(api.description, look=look), look)
