"""Users."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from fanfare.api.openapi import answers
from fanfare.api.pagination import ListRequest
from fanfare.api.parameters import Cursor, Limit, UserId
from fanfare.api.responses import created_or_ok, no_content
from fanfare.management.users import user_view
from fanfare.runtime.use_cases import internal_api as use_cases
from fanfare.schemas.messages import UserDeliveriesView
from fanfare.schemas.users import PutUserRequest, PutUsersRequest, UserResultsView, UserView

router = Router()


@router.put("/v1/users/<user_id>", tags=["users"], responses=answers(_200=UserView, _201=UserView))
def put_user(user_id: UserId, request: PutUserRequest) -> Response[UserView]:
    """Create a user (201) or replace all data of a user (200)."""
    user, created = use_cases.users().put(user_id, request)
    return created_or_ok(created, user_view(user))


@router.post("/v1/users", tags=["users"])
def put_users(request: PutUsersRequest) -> UserResultsView:
    """Create or replace up to 100 users at once. The response has a result per item, in order."""
    return UserResultsView(items=use_cases.users().put_many(request.items))


@router.get("/v1/users/<user_id>", tags=["users"])
def get_user(user_id: UserId) -> UserView:
    """Read a user."""
    return user_view(use_cases.users().get(user_id))


@router.delete("/v1/users/<user_id>", tags=["users"], responses=answers(_204=None))
def delete_user(user_id: UserId) -> Response[None]:
    """Erase all data of a user: addresses, subscriptions, inbox and history. A repeat gets the same response.

    204: the erasure is complete. 503 with the code `erasure_unfinished`: one call could not erase everything; repeat
    it. Batches and lists of recipients keep the user's id, without other data, until their message is deleted.
    Suppressions also remain: they protect the address, whoever has it.
    """
    use_cases.users().delete(user_id)
    return no_content()


@router.get("/v1/users/<user_id>/deliveries", tags=["users"])
def list_user_deliveries(user_id: UserId, limit: Limit = 50, cursor: Cursor = None) -> UserDeliveriesView:
    """List the deliveries of a user, sent or not, newest first."""
    asked = ListRequest(router.current_event)
    items, position = use_cases.user_deliveries().run(user_id, before=asked.open(cursor), limit=limit)
    return asked.view(UserDeliveriesView, items, position)
