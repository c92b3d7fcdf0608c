"""Users."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from fanfare.api.openapi import answers
from fanfare.api.pagination import ListRequest
from fanfare.api.parameters import Cursor, Limit, UserId, WrittenUserId
from fanfare.api.responses import created_or_ok, json_response, no_content
from fanfare.management.users import check_patch, unstored_view, user_view
from fanfare.runtime.use_cases import internal_api as use_cases
from fanfare.schemas.operations import UserDeliveriesView, WindowsView, WindowView
from fanfare.schemas.self_service import ExportView
from fanfare.schemas.users import (
    PatchUserRequest,
    PushAddress,
    PushView,
    PutUserRequest,
    PutUsersRequest,
    UnstoredUserView,
    UserResultsView,
    UsersView,
    UserView,
)
from fanfare.signing.person_ids import is_person_id

router = Router()
DigestId = Annotated[str, Path(description="The digest's id, as in a delivery.")]


@router.put("/v1/users/<user_id>", tags=["users"], responses=answers(_200=UserView, _201=UserView))
def put_user(user_id: WrittenUserId, request: PutUserRequest) -> Response[UserView]:
    """Create a user (201) or replace all data of a user (200)."""
    user, created = use_cases.users().put(user_id, request)
    return created_or_ok(created, user_view(user))


@router.post("/v1/users", tags=["users"])
def put_users(request: PutUsersRequest) -> UserResultsView:
    """Create or replace up to 100 users at once or, with `merge`, change them. The response has a result per item."""
    users = use_cases.users()
    return UserResultsView(items=(users.merge_many if request.merge else users.put_many)(request.items))


@router.get("/v1/users", tags=["users"])
def list_users(
    email: Annotated[str | None, Query(description="Only users with this e-mail address, in any spelling.")] = None,
    phone: Annotated[str | None, Query(description="Only users with this phone number, in any spelling.")] = None,
    opted_out: Annotated[
        bool | None, Query(description="true: only users who opted out of all messages; a page may have few or none.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> UsersView:
    """List users by id, or find them by address."""
    asked = ListRequest(router.current_event)
    after = asked.open(cursor)
    if email is not None or phone is not None:
        found, position = use_cases.users().find(email=email, phone=phone, after=after, limit=limit)
        views = [unstored_view(each) if isinstance(each, str) else user_view(each) for each in found]
        return asked.view(UsersView, views, position)
    users, position = use_cases.users().page(after=after, limit=limit, opted_out=bool(opted_out))
    return asked.view(UsersView, [user_view(user) for user in users], position)


@router.patch("/v1/users/<user_id>", tags=["users"])
def patch_user(user_id: WrittenUserId, request: PatchUserRequest) -> UserView:
    """Change a user by a JSON merge patch (RFC 7396), `application/merge-patch+json` or `application/json`.

    null removes a field, `attributes` are merged by name, `push` is replaced. Other fields stay as they are.
    """
    patch = request.model_extra or {}
    check_patch(patch)
    return user_view(use_cases.users().patch(user_id, patch))


@router.post("/v1/users/<user_id>/devices", tags=["users"], responses=answers(_200=PushView, _201=PushView))
def post_device(user_id: WrittenUserId, request: PushAddress) -> Response[PushView]:
    """Add a device: 201, or 200 if the user has it already.

    A token belongs to the last user who posted it. A user has at most 20 devices; the oldest is removed.
    """
    created = use_cases.users().post_device(user_id, request)
    return created_or_ok(created, PushView.model_validate(request))


@router.delete("/v1/users/<user_id>/devices", tags=["users"], responses=answers(_204=None))
def delete_device(
    user_id: WrittenUserId, token: Annotated[str, Query(description="The token of the device.")]
) -> Response[None]:
    """Remove a device. A repeat gets the same response."""
    use_cases.users().forget_device(user_id, token)
    return no_content()


@router.get("/v1/users/<user_id>", tags=["users"])
def get_user(user_id: UserId) -> UserView | UnstoredUserView:
    """Read a user, or that somebody named by an address is not stored."""
    if is_person_id(user_id):
        use_cases.users().check_unstored(user_id)
        return unstored_view(user_id)
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


@router.get("/v1/users/<user_id>/export", tags=["users"])
def export_user(user_id: UserId, cursor: Cursor = None) -> ExportView:
    """Export all that is kept on a user: profile, subscriptions, consents, deliveries and inbox.

    A page has up to 1,000 deliveries. Continue until `next_cursor` is null.
    """
    asked = ListRequest(router.current_event)
    page, position = use_cases.export().run(user_id, after=asked.open(cursor))
    return ExportView.model_validate(page | {"next_cursor": asked.cursor(position)})


@router.get("/v1/users/<user_id>/digests", tags=["users"])
def list_digests(user_id: UserId, limit: Limit = 50, cursor: Cursor = None) -> WindowsView:
    """List the open digests of a user; the one that began first comes first."""
    asked = ListRequest(router.current_event)
    items, position = use_cases.digests().open_of(user_id, after=asked.open(cursor), limit=limit)
    return asked.view(WindowsView, items, position)


@router.get("/v1/users/<user_id>/digests/<digest_id>", tags=["users"])
def get_digest(user_id: UserId, digest_id: DigestId) -> WindowView:
    """Read a digest of a user, open or closed, with its 100 oldest items."""
    return use_cases.digests().get(user_id, digest_id)


@router.post("/v1/users/<user_id>/digests/<digest_id>/close", tags=["users"], responses=answers(_202=WindowView))
def close_digest(user_id: UserId, digest_id: DigestId) -> Response[WindowView]:
    """Close a digest before its time: it leaves within a minute or two. A repeat gets the same response."""
    return json_response(202, use_cases.digests().close(user_id, digest_id))
