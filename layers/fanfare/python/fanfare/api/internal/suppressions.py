"""Suppressed addresses: nothing is sent to them."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from fanfare.api.openapi import answers
from fanfare.api.pagination import ListRequest
from fanfare.api.parameters import Cursor, Limit, OnChannel
from fanfare.api.responses import created_or_ok, no_content
from fanfare.runtime.use_cases import internal_api as use_cases
from fanfare.schemas.scalars import ChannelName
from fanfare.schemas.suppressions import (
    PutSuppressionRequest,
    SuppressionResultsView,
    SuppressionsView,
    SuppressionView,
    SuppressRequest,
)

router = Router()

Address = Annotated[
    str, Path(description="The address, percent-encoded. API Gateway ends a path at `?`, even if it is encoded.")
]


@router.get("/v1/suppressions", tags=["suppressions"])
def list_suppressions(
    channel: Annotated[ChannelName | None, Query(description="Only addresses of this channel.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> SuppressionsView:
    """List suppressed addresses, by channel and address."""
    asked = ListRequest(router.current_event)
    items, position = use_cases.suppressions().page(channel=channel, after=asked.open(cursor), limit=limit)
    return asked.view(SuppressionsView, items, position)


@router.post("/v1/suppressions", tags=["suppressions"])
def put_suppressions(request: SuppressRequest) -> SuppressionResultsView:
    """Suppress up to 500 addresses at once. The response has a result per item, in order."""
    return SuppressionResultsView(items=use_cases.suppressions().put_many(request.items))


@router.put(
    "/v1/suppressions/<channel>/<address>",
    tags=["suppressions"],
    responses=answers(_200=SuppressionView, _201=SuppressionView),
)
def put_suppression(
    channel: OnChannel, address: Address, request: PutSuppressionRequest | None = None
) -> Response[SuppressionView]:
    """Suppress an address: 201, or 200 with the first cause if it is already suppressed.

    Nothing more is sent to it, except messages that a provider already has. The body is optional.
    """
    suppression, created = use_cases.suppressions().put(channel, address, request)
    return created_or_ok(created, SuppressionView.model_validate(suppression))


@router.get("/v1/suppressions/<channel>/<address>", tags=["suppressions"])
def get_suppression(channel: OnChannel, address: Address) -> SuppressionView:
    """Read the suppression of an address."""
    return SuppressionView.model_validate(use_cases.suppressions().get(channel, address))


@router.delete("/v1/suppressions/<channel>/<address>", tags=["suppressions"], responses=answers(_204=None))
def delete_suppression(channel: OnChannel, address: Address) -> Response[None]:
    """Allow sending to an address again. A repeat gets the same response.

    The provider may have a list of its own: Amazon SES keeps one per account.
    """
    use_cases.suppressions().delete(channel, address)
    return no_content()
