"""The public API: what people call, with a token of their account or with a link from a mail."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeVar

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext
from fanfare.api import openapi
from fanfare.api.app import Api
from fanfare.api.openapi import PAGE, answers
from fanfare.errors import Unauthorized
from fanfare.ids import NAME_PATTERN
from fanfare.runtime import wiring
from fanfare.schemas.messages import UserDeliveriesView
from fanfare.schemas.scalars import ChannelName, Name, PageSize, View
from fanfare.schemas.self_service import (
    ConfirmCodeRequest,
    HealthView,
    InboxView,
    MeView,
    MyWebhookView,
    NoteView,
    PatchMeRequest,
    PublicTopicsView,
    SignUpRequest,
    SignUpView,
)
from fanfare.schemas.subscriptions import SubscriptionsView, SubscriptionView
from fanfare.self_service import pages, preferences, sign_up, unsubscribe
from fanfare.self_service import profile as me
from fanfare.self_service.confirm import Confirm, Confirmed
from fanfare.self_service.pages import docs
from fanfare.signing import cursors as tokens

T = TypeVar("T")
V = TypeVar("V", bound=View)

logger = wiring.logger()
api = Api(logger)

Limit = Annotated[PageSize, Query(description="How many at most.")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before.")]
TopicId = Annotated[Name, Path(description="The topic's id.")]
MessageId = Annotated[str, Path(description="The message's id.")]
OnChannel = Annotated[ChannelName, Path(description="The channel.")]
Token = Annotated[str, Path(description="What the link from the mail has here.")]

OPEN: Final = frozenset(
    {
        "/v1/subscriptions",
        "/v1/confirmations/{token}",
        "/v1/unsubscribe/{token}",
        "/v1/preferences/{token}",
        "/v1/health",
        "/openapi.json",
        "/docs",
    }
)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api.resolve(event, context)


# Topics


@api.get("/v1/topics", tags=["topics"])
def list_topics(limit: Limit = 50, cursor: Cursor = None) -> PublicTopicsView:
    """List the topics that people can subscribe to, by id."""
    items, position = me.list_public_topics(after=_open(cursor), limit=limit, catalogue=wiring.catalogue())
    return PublicTopicsView.model_validate({"items": items, "next_cursor": _seal(position)})


# Me


@api.get("/v1/me", tags=["me"])
def get_me() -> MeView:
    """Read what is known of me."""
    return _me().view(_user_id())


@api.patch("/v1/me", tags=["me"], responses=answers(429, _200=MeView))
def change_me(request: PatchMeRequest) -> MeView:
    """Change what is named; what is left out stays, and null removes.

    A new e-mail address gets a link, a new phone a code. Until that has come back it stands in
    `pending`, and all else goes to the address before.
    """
    return _me().change(_user_id(), request)


@api.post("/v1/me/confirmations", tags=["me"], responses=answers(409, _200=MeView))
def confirm_code(request: ConfirmCodeRequest) -> MeView:
    """Confirm a phone by the code that was sent to it: good for 10 minutes and 5 tries."""
    return _me().confirm(_user_id(), request.channel, request.code)


@api.get("/v1/me/subscriptions", tags=["me"])
def list_my_subscriptions(limit: Limit = 50, cursor: Cursor = None) -> SubscriptionsView:
    """List my subscriptions, by topic and channel."""
    items, position = me.list_my_subscriptions(
        _user_id(), after=_open_mine(cursor), limit=limit, audience=wiring.audience()
    )
    return _page(SubscriptionsView, items, position)


@api.put(
    "/v1/me/subscriptions/<topic_id>/<channel>",
    tags=["me"],
    responses=answers(_200=SubscriptionView, _201=SubscriptionView),
)
def subscribe_me(topic_id: TopicId, channel: OnChannel) -> Response[SubscriptionView]:
    """Subscribe to a public topic on a channel: 201, or 200 where I was."""
    subscription, created = me.subscribe_me(
        _user_id(), topic_id, channel, audience=wiring.audience(), catalogue=wiring.catalogue(), clock=wiring.now
    )
    return _json(201 if created else 200, SubscriptionView.model_validate(subscription))


@api.delete("/v1/me/subscriptions/<topic_id>/<channel>", tags=["me"], responses=answers(409, _204=None))
def unsubscribe_me(topic_id: TopicId, channel: OnChannel) -> Response[None]:
    """Unsubscribe from a topic on a channel. Repeated, the same answer.

    A topic that is `required` is refused with the code `topic_required`.
    """
    me.unsubscribe_me(_user_id(), topic_id, channel, audience=wiring.audience(), catalogue=wiring.catalogue())
    return Response(status_code=204)


@api.get("/v1/me/webhook", tags=["me"], responses=answers(404, _200=MyWebhookView))
def show_my_webhook() -> MyWebhookView:
    """Read where my own server listens, and the secret by which it verifies what it gets.

    After a rotation of the deployment's key the secret is another one; what is sent is signed for the one before, too.
    """
    return me.show_my_webhook(_user_id(), audience=wiring.audience(), keys=wiring.signing_keys)


@api.get("/v1/me/inbox", tags=["me"])
def list_my_inbox(limit: Limit = 50, cursor: Cursor = None) -> InboxView:
    """List my inbox, the newest first, with how much of it is unread.

    Of large entries a page has fewer than `limit`. Go on while there is a `next_cursor`.
    """
    items, position, unread = me.list_my_inbox(
        _user_id(), before=_open_mine(cursor), limit=limit, inboxes=wiring.inboxes()
    )
    return _page(InboxView, items, position, unread=unread)


@api.post("/v1/me/inbox/<message_id>/read", tags=["me"])
def read_note(message_id: MessageId) -> NoteView:
    """Mark an entry of my inbox as read. Repeated, the same answer."""
    return NoteView.model_validate(me.read_note(_user_id(), message_id, inboxes=wiring.inboxes()))


@api.get("/v1/me/deliveries", tags=["me"])
def list_my_deliveries(limit: Limit = 50, cursor: Cursor = None) -> UserDeliveriesView:
    """List what I got or did not get, the newest first."""
    items, position = me.list_my_deliveries(
        _user_id(),
        before=_open_mine(cursor),
        limit=limit,
        audience=wiring.audience(),
        deliveries=wiring.deliveries(),
    )
    return _page(UserDeliveriesView, items, position)


# Without an account


@api.post("/v1/subscriptions", tags=["links"], responses=answers(429, _202=SignUpView))
def request_subscription(request: SignUpRequest) -> Response[SignUpView]:
    """Ask to subscribe an e-mail address to a public topic.

    A link to confirm goes to the address; nothing else does before it is followed. The answer is the
    same whoever it is, and whether or not a link was sent: so much a source and an address may ask for.
    """
    with sign_up.steadily(monotonic=time.monotonic, sleep=time.sleep):
        sign_up.sign_up(
            request,
            source=_source(),
            audience=wiring.audience(),
            catalogue=wiring.catalogue(),
            confirmations=wiring.confirmations(),
            letters=wiring.letters(),
            links=wiring.public_links(),
            clock=wiring.now,
        )
    return _json(202, SignUpView(status="confirmation_requested"))


@api.get("/v1/confirmations/<token>", tags=["links"], responses=PAGE)
def show_confirmation(token: Token) -> Response[str]:
    """Show what a link is to confirm. Changes nothing."""
    asked = _confirm().ask(token)
    if done := _confirm().done(asked):
        return _confirmed(done)
    brand = wiring.brand()
    if asked.topic is not None:
        return _html(pages.confirm_subscription(topic=asked.topic.title, required=asked.topic.required, brand=brand))
    return _html(pages.confirm_address(brand=brand))


@api.post("/v1/confirmations/<token>", tags=["links"], responses=PAGE)
def confirm(token: Token) -> Response[str]:
    """Confirm: subscribe, or use the address. Repeated, the same answer."""
    return _confirmed(_confirm().confirm(token))


@api.get("/v1/unsubscribe/<token>", tags=["links"], responses=PAGE)
def show_unsubscribe(token: Token) -> Response[str]:
    """Show what a link unsubscribes from. Changes nothing."""
    links = wiring.public_links()
    link = unsubscribe.look(token, audience=wiring.audience(), catalogue=wiring.catalogue(), links=links)
    return _html(
        pages.unsubscribe(
            topic=link.title,
            channel=link.channel,
            subscribed=link.subscribed,
            preferences=links.preferences(link.user_id),
            brand=wiring.brand(),
        )
    )


@api.post("/v1/unsubscribe/<token>", tags=["links"], responses=PAGE)
def unsubscribe_by_link(token: Token) -> Response[str]:
    """Unsubscribe with one click (RFC 8058), by a mail programme or by the page. Repeated, the same answer."""
    links = wiring.public_links()
    link = unsubscribe.unsubscribe(token, audience=wiring.audience(), catalogue=wiring.catalogue(), links=links)
    return _html(
        pages.unsubscribed(
            topic=link.title,
            channel=link.channel,
            preferences=links.preferences(link.user_id),
            brand=wiring.brand(),
        )
    )


@api.get("/v1/preferences/<token>", tags=["links"], responses=PAGE)
def show_preferences(token: Token) -> Response[str]:
    """Show all choices of a person. Changes nothing."""
    found = preferences.open_preferences(
        token, audience=wiring.audience(), catalogue=wiring.catalogue(), links=wiring.public_links()
    )
    return _choices(found, saved=False)


@api.post("/v1/preferences/<token>", tags=["links"], responses=PAGE)
def change_preferences(token: Token) -> Response[str]:
    """Take the choices that the page sends."""
    form = api.form()
    found = preferences.change_preferences(
        token,
        shown=form.get("shown", ()),
        yes=form.get("yes", ()),
        nothing=form.get("nothing") == ["yes"],
        audience=wiring.audience(),
        catalogue=wiring.catalogue(),
        links=wiring.public_links(),
        clock=wiring.now,
    )
    return _choices(found, saved=True)


# The service itself


@api.get("/v1/health", tags=["description"])
def get_health() -> HealthView:
    """Whether the API is there."""
    return HealthView(status="ok")


@api.get("/openapi.json", tags=["description"])
def get_openapi() -> dict[str, Any]:
    """This description, in OpenAPI 3.1."""
    return description()


@api.get("/docs", tags=["description"], responses=PAGE)
def get_docs() -> Response[str]:
    """This description, to read."""
    return _html(docs.page(description(), brand=wiring.brand()))


CHOICE: Final = {"type": "string", "pattern": f"{NAME_PATTERN.removesuffix('$')}/[a-z]+$"}
FORMS: Final[dict[str, dict[str, Any]]] = {
    "unsubscribe_by_link": {
        "type": "object",
        "properties": {"List-Unsubscribe": {"type": "string", "enum": ["One-Click"]}},
    },
    "change_preferences": {
        "type": "object",
        "properties": {
            "shown": {"type": "array", "items": CHOICE, "description": "Each topic/channel that the page showed."},
            "yes": {"type": "array", "items": CHOICE, "description": "Those of them that were ticked."},
            "nothing": {"type": "string", "enum": ["yes"], "description": "Ticked: nothing at all."},
        },
    },
}


@functools.cache
def description() -> dict[str, Any]:
    """The OpenAPI document of this API."""
    return openapi.describe(
        api,
        title="Fanfare public API",
        version="1",
        description="Choose what reaches you, and how; read what came. For people, and the pages and apps they use.",
        security={
            "account": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "A token of the issuer that the deployment names, by default its own Cognito user "
                "pool. `sub`, or the claim that the deployment names, is the user's id.",
            }
        },
        open_to_all=OPEN,
        forms=FORMS,
    )


def _user_id() -> str:
    """Who calls: what the gateway found in the token, never a parameter. Raises Unauthorized."""
    authorizer = api.current_event["requestContext"].get("authorizer") or {}
    claims = (authorizer.get("jwt") or {}).get("claims") or {}
    user_id = claims.get(wiring.settings().user_id_claim)
    if not isinstance(user_id, str) or not re.fullmatch(NAME_PATTERN, user_id, re.ASCII):
        raise Unauthorized("the token names nobody who can be a user here")
    return user_id


def _source() -> str:
    """The address of who calls: as API Gateway sees it, or as the proxy says that the deployment names."""
    header = wiring.settings().source_header
    told = api.current_event.headers.get(header) if header else None
    return sign_up.source(told, seen=api.current_event.request_context.http.source_ip)


def _me() -> me.Me:
    return me.Me(
        audience=wiring.audience(),
        confirmations=wiring.confirmations(),
        letters=wiring.letters(),
        links=wiring.public_links(),
        keys=wiring.signing_keys,
        clock=wiring.now,
    )


def _confirmed(done: Confirmed) -> Response[str]:
    choices = wiring.public_links().preferences(done.user_id)
    brand = wiring.brand()
    if done.topic is not None:
        return _html(
            pages.subscribed(
                topic=done.topic.title,
                required=done.topic.required,
                opted_out=done.opted_out,
                preferences=choices,
                brand=brand,
            )
        )
    return _html(pages.address_confirmed(preferences=choices, brand=brand))


def _confirm() -> Confirm:
    return Confirm(
        audience=wiring.audience(),
        catalogue=wiring.catalogue(),
        confirmations=wiring.confirmations(),
        links=wiring.public_links(),
        clock=wiring.now,
    )


def _choices(found: preferences.Preferences, *, saved: bool) -> Response[str]:
    page = pages.preferences(found.choices(), opted_out=found.user.opted_out, saved=saved, brand=wiring.brand())
    return _html(page)


def _html(page: str) -> Response[str]:
    return Response(status_code=200, content_type=pages.MEDIA_TYPE, body=page, headers=dict(pages.headers()))


def _json(status: int, body: T) -> Response[T]:
    return Response(status_code=status, content_type="application/json", body=body)


def _page(view: type[V], items: Sequence[Any], position: Any, **further: Any) -> V:
    cursor = _seal(position, _mine())
    return view.model_validate({"items": items, "next_cursor": cursor, **further})


def _mine() -> str:
    """The list that is asked for, of this user alone: everybody's has the same path."""
    return f"{api.where()}\n{_user_id()}"


def _open_mine(cursor: str | None) -> Any:
    return tokens.decode(cursor, keys=wiring.signing_keys, where=_mine())


def _open(cursor: str | None) -> Any:
    return tokens.decode(cursor, keys=wiring.signing_keys, where=api.where())


def _seal(position: Any, where: str | None = None) -> str | None:
    return tokens.encode(position, keys=wiring.signing_keys, where=where or api.where())
