"""The reads of people for viewers: the same as without `/masked`, with every address masked.

IAM knows the method and the path of a call and nothing else, so what a viewer may see has paths of its own.
"""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from fanfare.api.pagination import ListRequest
from fanfare.api.parameters import Cursor, Limit, UserId
from fanfare.management.masking import masked_suppression, masked_user
from fanfare.management.users import user_view
from fanfare.runtime.use_cases import internal_api as use_cases
from fanfare.schemas.scalars import ChannelName
from fanfare.schemas.suppressions import SuppressionsView, SuppressionView
from fanfare.schemas.users import UserView

router = Router()


@router.get("/v1/masked/users/<user_id>", tags=["users"])
def get_masked_user(user_id: UserId) -> UserView:
    """Read a user, with masked addresses: for people who may not see them."""
    return masked_user(user_view(use_cases.users().get(user_id)))


@router.get("/v1/masked/suppressions", tags=["suppressions"])
def list_masked_suppressions(
    channel: Annotated[ChannelName | None, Query(description="Only addresses of this channel.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> SuppressionsView:
    """List suppressed addresses, masked: for people who may not see them."""
    asked = ListRequest(router.current_event)
    items, position = use_cases.suppressions().page(channel=channel, after=asked.open(cursor), limit=limit)
    shown = [masked_suppression(SuppressionView.model_validate(each)) for each in items]
    return asked.view(SuppressionsView, shown, position)
