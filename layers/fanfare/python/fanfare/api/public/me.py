"""The caller's own data. Only the token identifies the caller."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from fanfare.api.openapi import answers
from fanfare.api.pagination import ListRequest
from fanfare.api.parameters import Cursor, IfMatch, InState, Limit, MessageId, OnChannel, TopicId
from fanfare.api.public.pages import languages_of
from fanfare.api.responses import created_or_ok, json_response, no_content
from fanfare.domain.audience import Answer
from fanfare.errors import Fault, Invalid, Unauthorized
from fanfare.ids import RESERVED, user_id_of
from fanfare.runtime.settings import settings
from fanfare.runtime.use_cases import public_api as use_cases
from fanfare.schemas.operations import UserDeliveriesView
from fanfare.schemas.self_service import (
    ConfirmCodeRequest,
    ExportView,
    InboxView,
    MeView,
    MyWebhookView,
    NoteView,
    PatchMeRequest,
    PreferencesView,
    PutPreferencesRequest,
)
from fanfare.schemas.subscriptions import (
    ConsentsView,
    PutMySubscriptionRequest,
    SubscriptionsView,
    SubscriptionView,
)
from fanfare.self_service.preferences.account import tag_of

router = Router()


@router.get("/v1/me", tags=["me"])
def get_me() -> MeView:
    """Read my profile."""
    return use_cases.profile().view(_user_id())


@router.patch("/v1/me", tags=["me"], responses=answers(429, _200=MeView))
def change_me(request: PatchMeRequest) -> MeView:
    """Change the given fields. Other fields stay unchanged; null removes a field.

    A link is sent to a new e-mail address, a code to a new phone number. Until it is confirmed, the new address is in
    `pending`, and messages go to the old one.
    """
    return use_cases.profile().change(_writer_id(), request, languages=languages_of(router.current_event.raw_event))


@router.delete("/v1/me", tags=["me"], responses=answers(_204=None))
def delete_me() -> Response[None]:
    """Erase all that is kept on me: addresses, subscriptions, consents, inbox and history.

    204: the erasure is complete. 503 with the code `erasure_unfinished`: repeat the request.
    """
    use_cases.users().delete(_user_id())
    return no_content()


@router.get("/v1/me/export", tags=["me"], responses=answers(404, _200=ExportView))
def export_me(cursor: Cursor = None) -> ExportView:
    """Export all that is kept on me. A page has up to 1,000 deliveries. Continue until `next_cursor` is null."""
    asked = _my_list()
    page, position = use_cases.export().run(_user_id(), after=asked.open(cursor))
    return ExportView.model_validate(page | {"next_cursor": asked.cursor(position)})


@router.post("/v1/me/confirmations", tags=["me"], responses=answers(409, _200=MeView))
def confirm_code(request: ConfirmCodeRequest) -> MeView:
    """Confirm a phone number by the code that was sent to it. A code is valid for 10 minutes and 5 tries."""
    return use_cases.profile().confirm(_user_id(), request.channel, request.code)


@router.get("/v1/me/subscriptions", tags=["me"])
def list_my_subscriptions(state: InState = Answer.YES, limit: Limit = 50, cursor: Cursor = None) -> SubscriptionsView:
    """List my subscriptions by topic and channel; with `state=unsubscribed`, what I unsubscribed from."""
    asked = _my_list()
    items, position = use_cases.subscriptions().page(_user_id(), state=state, after=asked.open(cursor), limit=limit)
    return asked.view(SubscriptionsView, items, position)


@router.put(
    "/v1/me/subscriptions/<topic_id>/<channel>",
    tags=["me"],
    responses=answers(409, 429, _200=SubscriptionView, _201=SubscriptionView),
)
def subscribe_me(
    topic_id: TopicId, channel: OnChannel, request: PutMySubscriptionRequest | None = None
) -> Response[SubscriptionView]:
    """Subscribe to a public topic on a channel: 201, or 200 if already subscribed. The body is optional."""
    subscription, created = use_cases.subscriptions().put(_writer_id(), topic_id, channel, request)
    return created_or_ok(created, SubscriptionView.model_validate(subscription))


@router.delete("/v1/me/subscriptions/<topic_id>/<channel>", tags=["me"], responses=answers(409, _204=None))
def unsubscribe_me(topic_id: TopicId, channel: OnChannel) -> Response[None]:
    """Unsubscribe from a topic on a channel. A repeat gets the same response.

    A topic that is `required` is rejected with the code `topic_required`.
    """
    use_cases.subscriptions().unsubscribe(_writer_id(), topic_id, channel)
    return no_content()


@router.get("/v1/me/preferences", tags=["me"], responses=answers(_200=PreferencesView))
def show_my_preferences() -> Response[PreferencesView]:
    """Read all that I choose: topics by channel and how often they come, quiet hours, opt-out."""
    return _tagged(use_cases.my_preferences().read(_user_id()))


@router.put("/v1/me/preferences", tags=["me"], responses=answers(409, 412, 428, 429, _200=PreferencesView))
def put_my_preferences(request: PutPreferencesRequest, if_match: IfMatch = None) -> Response[PreferencesView]:
    """Replace all that I choose. `If-Match` is the `ETag` of the GET, or `*`.

    Unsubscribing from a topic that is `required` is rejected with the code `topic_required`.
    """
    return _tagged(use_cases.my_preferences().put(_writer_id(), request, if_match=if_match))


@router.get("/v1/me/consents", tags=["me"])
def list_my_consents(limit: Limit = 50, cursor: Cursor = None) -> ConsentsView:
    """List all changes of my subscriptions, newest first."""
    asked = _my_list()
    items, position = use_cases.consents().page(_user_id(), after=asked.open(cursor), limit=limit)
    return asked.view(ConsentsView, items, position)


@router.delete("/v1/me/suppressions/<channel>", tags=["me"], responses=answers(409, 429, _204=None))
def retry_my_address(channel: OnChannel) -> Response[None]:
    """Use my address again after bounces: once a week. A repeat gets the same response.

    An address that is suppressed for another reason is rejected with the code `not_bounced`.
    """
    use_cases.retry_address().run(_user_id(), channel)
    return no_content()


@router.get("/v1/me/webhook", tags=["me"], responses=answers(404, _200=MyWebhookView))
def show_my_webhook() -> MyWebhookView:
    """Read the URL of my own server, and the secret by which it verifies calls.

    The secret changes when the deployment's key is rotated; calls are signed with the old secret, too.
    """
    return use_cases.profile().webhook(_user_id())


@router.post("/v1/me/webhook/rotations", tags=["me"], responses=answers(404, _200=MyWebhookView))
def rotate_my_webhook() -> MyWebhookView:
    """Replace the secret of my webhook, e.g. because it leaked.

    For a day, calls are also signed with the secret before it.
    """
    return use_cases.profile().rotate_webhook(_user_id())


@router.get("/v1/me/inbox", tags=["me"])
def list_my_inbox(limit: Limit = 50, cursor: Cursor = None) -> InboxView:
    """List my inbox, newest first, with the number of unread entries.

    A page of large entries may have fewer than `limit`. Continue until `next_cursor` is null.
    """
    asked = _my_list()
    items, position, unread = use_cases.inbox().page(_user_id(), before=asked.open(cursor), limit=limit)
    return asked.view(InboxView, items, position, unread=unread)


@router.post("/v1/me/inbox/<message_id>/read", tags=["me"])
def read_note(message_id: MessageId) -> NoteView:
    """Mark an entry of my inbox as read. A repeat gets the same response."""
    return NoteView.model_validate(use_cases.inbox().read(_user_id(), message_id))


@router.get("/v1/me/deliveries", tags=["me"])
def list_my_deliveries(limit: Limit = 50, cursor: Cursor = None) -> UserDeliveriesView:
    """List my deliveries, sent or not, newest first."""
    asked = _my_list()
    items, position = use_cases.deliveries().page(_user_id(), before=asked.open(cursor), limit=limit)
    return asked.view(UserDeliveriesView, items, position)


def _user_id() -> str:
    """The caller's user id: from the token as verified by the gateway, never from a parameter. Raises Unauthorized."""
    authorizer = router.current_event["requestContext"].get("authorizer") or {}
    claims = (authorizer.get("jwt") or {}).get("claims") or {}
    subject = claims.get(settings().user_id_claim)
    user_id = user_id_of(subject) if isinstance(subject, str) else None
    if user_id is None:
        raise Unauthorized(f"Token has no valid user id in its claim {settings().user_id_claim}.")
    return user_id


def _writer_id() -> str:
    """The caller's user id, if something may be stored under it. Raises Unauthorized, Invalid."""
    user_id = _user_id()
    if user_id.startswith(RESERVED):
        detail = f"User ids that begin with {RESERVED} are reserved."
        raise Invalid(detail, code="reserved_id", errors=[Fault("sub", "reserved_id", detail)])
    return user_id


def _tagged(view: PreferencesView) -> Response[PreferencesView]:
    return json_response(200, view, {"ETag": tag_of(view)})


def _my_list() -> ListRequest:
    return ListRequest(router.current_event, owner=_user_id())
