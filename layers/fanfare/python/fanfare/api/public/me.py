"""The caller's own things. Who calls, the token alone decides."""

from __future__ import annotations

import re

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from fanfare.api.openapi import answers
from fanfare.api.pagination import ListRequest
from fanfare.api.parameters import Cursor, Limit, MessageId, OnChannel, TopicId
from fanfare.api.responses import created_or_ok, no_content
from fanfare.errors import Unauthorized
from fanfare.ids import NAME_PATTERN
from fanfare.runtime.settings import settings
from fanfare.runtime.use_cases import public_api as use_cases
from fanfare.schemas.messages import UserDeliveriesView
from fanfare.schemas.self_service import ConfirmCodeRequest, InboxView, MeView, MyWebhookView, NoteView, PatchMeRequest
from fanfare.schemas.subscriptions import SubscriptionsView, SubscriptionView

router = Router()


@router.get("/v1/me", tags=["me"])
def get_me() -> MeView:
    """Read what is known of me."""
    return use_cases.profile().view(_user_id())


@router.patch("/v1/me", tags=["me"], responses=answers(429, _200=MeView))
def change_me(request: PatchMeRequest) -> MeView:
    """Change what is named; what is left out stays, and null removes.

    A new e-mail address gets a link, a new phone a code. Until that has come back it stands in
    `pending`, and all else goes to the address before.
    """
    return use_cases.profile().change(_user_id(), request)


@router.post("/v1/me/confirmations", tags=["me"], responses=answers(409, _200=MeView))
def confirm_code(request: ConfirmCodeRequest) -> MeView:
    """Confirm a phone by the code that was sent to it: good for 10 minutes and 5 tries."""
    return use_cases.profile().confirm(_user_id(), request.channel, request.code)


@router.get("/v1/me/subscriptions", tags=["me"])
def list_my_subscriptions(limit: Limit = 50, cursor: Cursor = None) -> SubscriptionsView:
    """List my subscriptions, by topic and channel."""
    asked = _my_list()
    items, position = use_cases.subscriptions().page(_user_id(), after=asked.open(cursor), limit=limit)
    return asked.view(SubscriptionsView, items, position)


@router.put(
    "/v1/me/subscriptions/<topic_id>/<channel>",
    tags=["me"],
    responses=answers(_200=SubscriptionView, _201=SubscriptionView),
)
def subscribe_me(topic_id: TopicId, channel: OnChannel) -> Response[SubscriptionView]:
    """Subscribe to a public topic on a channel: 201, or 200 where I was."""
    subscription, created = use_cases.subscriptions().subscribe(_user_id(), topic_id, channel)
    return created_or_ok(created, SubscriptionView.model_validate(subscription))


@router.delete("/v1/me/subscriptions/<topic_id>/<channel>", tags=["me"], responses=answers(409, _204=None))
def unsubscribe_me(topic_id: TopicId, channel: OnChannel) -> Response[None]:
    """Unsubscribe from a topic on a channel. Repeated, the same answer.

    A topic that is `required` is refused with the code `topic_required`.
    """
    use_cases.subscriptions().unsubscribe(_user_id(), topic_id, channel)
    return no_content()


@router.get("/v1/me/webhook", tags=["me"], responses=answers(404, _200=MyWebhookView))
def show_my_webhook() -> MyWebhookView:
    """Read where my own server listens, and the secret by which it verifies what it gets.

    After a rotation of the deployment's key the secret is another one; what is sent is signed for the one before, too.
    """
    return use_cases.profile().webhook(_user_id())


@router.get("/v1/me/inbox", tags=["me"])
def list_my_inbox(limit: Limit = 50, cursor: Cursor = None) -> InboxView:
    """List my inbox, the newest first, with how much of it is unread.

    Of large entries a page has fewer than `limit`. Go on while there is a `next_cursor`.
    """
    asked = _my_list()
    items, position, unread = use_cases.inbox().page(_user_id(), before=asked.open(cursor), limit=limit)
    return asked.view(InboxView, items, position, unread=unread)


@router.post("/v1/me/inbox/<message_id>/read", tags=["me"])
def read_note(message_id: MessageId) -> NoteView:
    """Mark an entry of my inbox as read. Repeated, the same answer."""
    return NoteView.model_validate(use_cases.inbox().read(_user_id(), message_id))


@router.get("/v1/me/deliveries", tags=["me"])
def list_my_deliveries(limit: Limit = 50, cursor: Cursor = None) -> UserDeliveriesView:
    """List what I got or did not get, the newest first."""
    asked = _my_list()
    items, position = use_cases.deliveries().page(_user_id(), before=asked.open(cursor), limit=limit)
    return asked.view(UserDeliveriesView, items, position)


def _user_id() -> str:
    """Who calls: what the gateway found in the token, never a parameter. Raises Unauthorized."""
    authorizer = router.current_event["requestContext"].get("authorizer") or {}
    claims = (authorizer.get("jwt") or {}).get("claims") or {}
    user_id = claims.get(settings().user_id_claim)
    if not isinstance(user_id, str) or not re.fullmatch(NAME_PATTERN, user_id, re.ASCII):
        raise Unauthorized("the token names nobody who can be a user here")
    return user_id


def _my_list() -> ListRequest:
    return ListRequest(router.current_event, owner=_user_id())
