"""The internal API: what services call, signed by IAM."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext
from fanfare.api import openapi
from fanfare.api.app import Api, idempotency_key
from fanfare.api.openapi import answers
from fanfare.api.problems import parameter
from fanfare.clock import system_clock
from fanfare.domain.lifecycle import State
from fanfare.domain.message import KeyReused
from fanfare.errors import Fault, Invalid
from fanfare.insight import deliveries as history
from fanfare.insight import dry_run, explain
from fanfare.insight import messages as views
from fanfare.management import subscriptions as subscribe
from fanfare.management import suppressions, topics, users
from fanfare.management import templates as template_versions
from fanfare.pipeline import cancel, redrive, submit
from fanfare.runtime import wiring
from fanfare.schemas.dry_runs import DryRunView
from fanfare.schemas.explanations import ExplanationView
from fanfare.schemas.messages import (
    AcceptedView,
    CancellationView,
    DeliveriesView,
    DeliveryStatus,
    MessagesView,
    MessageView,
    MessageWithCountsView,
    SubmitRequest,
    UserDeliveriesView,
)
from fanfare.schemas.queues import QueuesView
from fanfare.schemas.scalars import ChannelName, Flag, Name, PageSize, VersionNumber, View
from fanfare.schemas.subscriptions import SubscribeRequest, SubscriptionResultsView, SubscriptionsView, SubscriptionView
from fanfare.schemas.suppressions import PutSuppressionRequest, SuppressionsView, SuppressionView
from fanfare.schemas.templates import (
    PreviewRequest,
    PutTemplateRequest,
    PutTemplateView,
    TemplatesView,
    TemplateView,
    VersionsView,
)
from fanfare.schemas.topics import PutTopicRequest, TopicsView, TopicView
from fanfare.schemas.users import PutUserRequest, PutUsersRequest, UserResultsView, UserView
from fanfare.signing import cursors as tokens

T = TypeVar("T")
V = TypeVar("V", bound=View)

logger = wiring.logger()
api = Api(logger, open_ended=["/v1/suppressions/[^/]+/"])

Limit = Annotated[PageSize, Query(description="How many at most.")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before.")]
MessageId = Annotated[str, Path(description="The message's id.")]
TopicId = Annotated[Name, Path(description="The topic's id.")]
TemplateId = Annotated[Name, Path(description="The template's id.")]
UserId = Annotated[Name, Path(description="The user's id.")]
OnChannel = Annotated[ChannelName, Path(description="The channel.")]
Address = Annotated[
    str, Path(description="The address, percent-encoded. API Gateway cuts a path at `?`, encoded or not.")
]


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api.resolve(event, context)


@api.exception_handler(KeyReused)
def key_reused(_: KeyReused) -> Response[str]:
    return api.refuse(
        Invalid(
            "this key came with another body before; take a new one",
            code="idempotency_key_reused",
            errors=[
                Fault(parameter("header", "idempotency-key"), "idempotency_key_reused", "came with another body before")
            ],
        )
    )


# Messages


@api.post("/v1/messages", tags=["messages"], responses=answers(_200=DryRunView, _202=AcceptedView))
def submit_message(
    request: SubmitRequest,
    dry: Annotated[
        Flag, Query(alias="dry_run", description="Answer what would become of it, and store nothing.")
    ] = False,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="1 to 255 visible ASCII characters, quoted or bare. One key of one caller makes one message.",
        ),
    ] = None,
) -> Response[AcceptedView | DryRunView]:
    """Submit a message.

    It is stored and queued. A repeat with the same Idempotency-Key gets the first answer; another
    body under the same key is refused with the code `idempotency_key_reused`.

    With `dry_run=true` nothing is stored, and the answer is what would become of the message: how many would get
    it on which channel, who would be skipped or deferred and why, samples, and an estimate of the cost.
    """
    if dry:
        return _json(200, _dry_run(request))
    accepted = submit.submit(
        request,
        caller=api.principal(),
        idempotency_key=idempotency_key(key),
        body=api.current_event.json_body,
        messages=wiring.messages(),
        catalogue=wiring.catalogue(),
        renderer=wiring.renderer(),
        queues=wiring.queues(),
        clock=system_clock,
        stale_after=wiring.settings().stale_after,
        retention=wiring.settings().retention,
    )
    view = AcceptedView(id=accepted.message_id, state="pending", created_at=accepted.created_at)
    headers = {"Location": f"/v1/messages/{view.id}"} | ({"Idempotency-Replayed": "true"} if accepted.replayed else {})
    return _json(202, view, headers)


def _dry_run(request: SubmitRequest) -> DryRunView:
    return dry_run.dry_run(
        request,
        caller=api.principal(),
        candidates=wiring.candidates(),
        catalogue=wiring.catalogue(),
        renderer=wiring.renderer(),
        clock=system_clock,
        retention=wiring.settings().retention,
        prices=wiring.settings().piece_prices,
    )


@api.get("/v1/messages", tags=["messages"])
def list_messages(
    state: Annotated[State | None, Query(description="Only those in this state.")] = None,
    topic: Annotated[Name | None, Query(description="Only those on this topic.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> MessagesView:
    """List messages, the newest first.

    With a filter, a page may have fewer than `limit`, or none: it looks at ten thousand messages at most. Go on while
    there is a `next_cursor`.
    """
    items, position = views.list_messages(
        state=state, topic=topic, before=_open(cursor), limit=limit, messages=wiring.messages()
    )
    return _page(MessagesView, items, position)


@api.get("/v1/messages/<message_id>", tags=["messages"])
def get_message(message_id: MessageId) -> MessageWithCountsView:
    """Read a message: where it is, how it got there, and what became of its recipients so far."""
    return views.get_message(message_id, messages=wiring.messages(), batches=wiring.batches(), clock=system_clock)


@api.delete("/v1/messages/<message_id>", tags=["messages"], responses=answers(409, _200=CancellationView))
def delete_message(message_id: MessageId) -> CancellationView:
    """Delete a message: nothing more of it leaves, save what is in flight.

    Repeated, the same answer. A message that is `sent` is refused with the code `message_already_sent`.
    """
    known = views.known_id(message_id)
    answer = cancel.cancel(known, messages=wiring.messages(), batches=wiring.batches(), clock=system_clock)
    return CancellationView.model_validate(answer)


@api.post("/v1/messages/<message_id>/redrives", tags=["messages"], responses=answers(409, _202=MessageView))
def redrive_message(message_id: MessageId) -> Response[MessageView]:
    """Send a failed message again, to those recipients alone that failed."""
    message = redrive.redrive(
        views.known_id(message_id),
        messages=wiring.messages(),
        queues=wiring.queues(),
        clock=system_clock,
        stale_after=wiring.settings().stale_after,
    )
    return _json(202, views.message_view(message), {"Location": f"/v1/messages/{message.id}"})


@api.get("/v1/messages/<message_id>/deliveries", tags=["messages"])
def list_deliveries(
    message_id: MessageId,
    status: Annotated[DeliveryStatus | None, Query(description="Only those with this status.")] = None,
    channel: Annotated[ChannelName | None, Query(description="Only those on this channel.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> DeliveriesView:
    """List what became of each recipient.

    With a filter, a page may have fewer than `limit`, or none: it looks at ten thousand recipients at most. Go on while
    there is a `next_cursor`.
    """
    items, position = history.list_deliveries(
        message_id,
        status=status,
        channel=channel,
        after=_open(cursor),
        limit=limit,
        messages=wiring.messages(),
        rosters=wiring.recipients(),
        deliveries=wiring.deliveries(),
    )
    return _page(DeliveriesView, items, position)


@api.get("/v1/messages/<message_id>/explanations/<user_id>", tags=["messages"])
def explain_delivery(message_id: MessageId, user_id: UserId) -> ExplanationView:
    """Explain why a user did or did not get a message, per channel, step by step.

    `recorded` is what happened, as the tables say; `rules_now` is what the rules would say at this moment.
    """
    return explain.explain(
        message_id,
        user_id,
        messages=wiring.messages(),
        rosters=wiring.recipients(),
        deliveries=wiring.deliveries(),
        candidates=wiring.candidates(),
        clock=system_clock,
    )


# Topics


@api.put("/v1/topics/<topic_id>", tags=["topics"], responses=answers(409, _200=TopicView, _201=TopicView))
def put_topic(topic_id: TopicId, request: PutTopicRequest) -> Response[TopicView]:
    """Create a topic (201) or replace it (200). Its shards can't change."""
    topic, created = topics.put_topic(topic_id, request, catalogue=wiring.catalogue(), clock=system_clock)
    return _json(201 if created else 200, TopicView.model_validate(topic))


@api.get("/v1/topics", tags=["topics"])
def list_topics(limit: Limit = 50, cursor: Cursor = None) -> TopicsView:
    """List topics, by id."""
    items, position = topics.list_topics(after=_open(cursor), limit=limit, catalogue=wiring.catalogue())
    return _page(TopicsView, items, position)


@api.get("/v1/topics/<topic_id>", tags=["topics"])
def get_topic(topic_id: TopicId) -> TopicView:
    """Read a topic."""
    return TopicView.model_validate(topics.get_topic(topic_id, catalogue=wiring.catalogue()))


@api.delete("/v1/topics/<topic_id>", tags=["topics"], responses=answers(_204=None))
def delete_topic(topic_id: TopicId) -> Response[None]:
    """Delete a topic: no new message can be posted to it. Repeated, the same answer."""
    wiring.catalogue().delete_topic(topic_id)
    return _nothing()


@api.post("/v1/topics/<topic_id>/subscriptions", tags=["subscriptions"])
def subscribe_many(topic_id: TopicId, request: SubscribeRequest) -> SubscriptionResultsView:
    """Subscribe up to 500 users at once: a result for each, in order."""
    items = subscribe.subscribe_many(
        topic_id, request.items, audience=wiring.audience(), catalogue=wiring.catalogue(), clock=system_clock
    )
    return SubscriptionResultsView(items=items)


# Templates


@api.put("/v1/templates/<template_id>", tags=["templates"], responses=answers(_201=PutTemplateView))
def put_template(template_id: TemplateId, request: PutTemplateRequest) -> Response[PutTemplateView]:
    """Store a new version of a template, which never changes.

    Everything in it must compile and render with the example; what does not is named with line and column.
    """
    template = template_versions.put_template(
        template_id, request, catalogue=wiring.catalogue(), renderer=wiring.renderer(), clock=system_clock
    )
    return _json(201, PutTemplateView(id=template.id, version=template.version))


@api.get("/v1/templates", tags=["templates"])
def list_templates(limit: Limit = 50, cursor: Cursor = None) -> TemplatesView:
    """List templates, by id, each with its newest version."""
    items, position = template_versions.list_templates(after=_open(cursor), limit=limit, catalogue=wiring.catalogue())
    return _page(TemplatesView, items, position)


@api.get("/v1/templates/<template_id>", tags=["templates"])
def get_template(
    template_id: TemplateId,
    version: Annotated[VersionNumber | None, Query(description="The newest one if left out.")] = None,
) -> TemplateView:
    """Read a version of a template."""
    template = template_versions.get_template(template_id, version, catalogue=wiring.catalogue())
    return template_versions.template_view(template)


@api.get("/v1/templates/<template_id>/versions", tags=["templates"])
def list_versions(template_id: TemplateId, limit: Limit = 50, cursor: Cursor = None) -> VersionsView:
    """List the versions of a template, the newest first."""
    items, position = template_versions.list_versions(
        template_id, before=_open(cursor), limit=limit, catalogue=wiring.catalogue()
    )
    return _page(VersionsView, items, position)


@api.delete("/v1/templates/<template_id>", tags=["templates"], responses=answers(_204=None))
def delete_template(template_id: TemplateId) -> Response[None]:
    """Hide a template from new messages. Those accepted keep their version. Repeated, the same answer."""
    wiring.catalogue().hide_template(template_id)
    return _nothing()


@api.post("/v1/templates/<template_id>/previews", tags=["templates"])
def preview_template(template_id: TemplateId, request: PreviewRequest) -> dict[str, str]:
    """Render a template's newest version: each part of the channel, as it would be sent."""
    return template_versions.preview(template_id, request, catalogue=wiring.catalogue(), renderer=wiring.renderer())


# Users


@api.put("/v1/users/<user_id>", tags=["users"], responses=answers(_200=UserView, _201=UserView))
def put_user(user_id: UserId, request: PutUserRequest) -> Response[UserView]:
    """Create a user (201) or replace all that is known of them (200)."""
    user, created = users.put_user(user_id, request, audience=wiring.audience())
    return _json(201 if created else 200, users.user_view(user))


@api.post("/v1/users", tags=["users"])
def put_users(request: PutUsersRequest) -> UserResultsView:
    """Create or replace up to 100 users at once: a result for each, in order."""
    return UserResultsView(items=users.put_users(request.items, audience=wiring.audience()))


@api.get("/v1/users/<user_id>", tags=["users"])
def get_user(user_id: UserId) -> UserView:
    """Read a user."""
    return users.user_view(users.get_user(user_id, audience=wiring.audience()))


@api.delete("/v1/users/<user_id>", tags=["users"], responses=answers(_204=None))
def delete_user(user_id: UserId) -> Response[None]:
    """Erase all that is stored on a user: addresses, subscriptions, inbox and history. Repeated, the same answer.

    204 says that it is done. Where there is more than one call can erase, 503 with the code `erasure_unfinished`
    asks to repeat it. What stays names the id alone, and goes with its message: who was in a batch, and recipients
    as the service named them. A suppression stays, too: it protects the address, whoever has it.
    """
    users.delete_user(user_id, audience=wiring.audience(), deliveries=wiring.deliveries(), inboxes=wiring.inboxes())
    return _nothing()


@api.get("/v1/users/<user_id>/deliveries", tags=["users"])
def list_user_deliveries(user_id: UserId, limit: Limit = 50, cursor: Cursor = None) -> UserDeliveriesView:
    """List what a user got or did not get, the newest first."""
    items, position = history.list_user_deliveries(
        user_id, before=_open(cursor), limit=limit, audience=wiring.audience(), deliveries=wiring.deliveries()
    )
    return _page(UserDeliveriesView, items, position)


# Subscriptions


@api.get("/v1/users/<user_id>/subscriptions", tags=["subscriptions"])
def list_subscriptions(user_id: UserId, limit: Limit = 50, cursor: Cursor = None) -> SubscriptionsView:
    """List a user's subscriptions, by topic and channel."""
    items, position = subscribe.list_subscriptions(
        user_id, after=_open(cursor), limit=limit, audience=wiring.audience()
    )
    return _page(SubscriptionsView, items, position)


@api.put(
    "/v1/users/<user_id>/subscriptions/<topic_id>/<channel>",
    tags=["subscriptions"],
    responses=answers(_200=SubscriptionView, _201=SubscriptionView),
)
def subscribe_user(user_id: UserId, topic_id: TopicId, channel: OnChannel) -> Response[SubscriptionView]:
    """Subscribe a user to a topic on a channel: 201, or 200 where they were."""
    subscription, created = subscribe.subscribe(
        user_id,
        topic_id,
        channel,
        audience=wiring.audience(),
        catalogue=wiring.catalogue(),
        clock=system_clock,
    )
    return _json(201 if created else 200, SubscriptionView.model_validate(subscription))


@api.delete(
    "/v1/users/<user_id>/subscriptions/<topic_id>/<channel>", tags=["subscriptions"], responses=answers(_204=None)
)
def unsubscribe_user(user_id: UserId, topic_id: TopicId, channel: OnChannel) -> Response[None]:
    """Take a subscription back. It holds for all that is not chosen yet. Repeated, the same answer."""
    subscribe.unsubscribe(user_id, topic_id, channel, audience=wiring.audience())
    return _nothing()


# Suppressions


@api.get("/v1/suppressions", tags=["suppressions"])
def list_suppressions(
    channel: Annotated[ChannelName | None, Query(description="Only those on this channel.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> SuppressionsView:
    """List addresses that must not be written to, by channel and address."""
    items, position = suppressions.list_suppressions(
        channel=channel, after=_open(cursor), limit=limit, audience=wiring.audience()
    )
    return _page(SuppressionsView, items, position)


@api.put(
    "/v1/suppressions/<channel>/<address>",
    tags=["suppressions"],
    responses=answers(_200=SuppressionView, _201=SuppressionView),
)
def put_suppression(
    channel: OnChannel, address: Address, request: PutSuppressionRequest | None = None
) -> Response[SuppressionView]:
    """Never write to an address again: 201, or 200 where it was suppressed already, with its first cause.

    It holds for all that is not handed to a provider yet. The body may be left out.
    """
    suppression, created = suppressions.put_suppression(
        channel,
        address,
        (request.cause if request else None) or "manual",
        audience=wiring.audience(),
        clock=system_clock,
    )
    return _json(201 if created else 200, SuppressionView.model_validate(suppression))


@api.get("/v1/suppressions/<channel>/<address>", tags=["suppressions"])
def get_suppression(channel: OnChannel, address: Address) -> SuppressionView:
    """Read why an address must not be written to."""
    found = suppressions.get_suppression(channel, address, audience=wiring.audience())
    return SuppressionView.model_validate(found)


@api.delete("/v1/suppressions/<channel>/<address>", tags=["suppressions"], responses=answers(_204=None))
def delete_suppression(channel: OnChannel, address: Address) -> Response[None]:
    """Let an address be written to again. Repeated, the same answer.

    The provider may have a list of its own: Amazon SES keeps one for each account.
    """
    suppressions.delete_suppression(channel, address, audience=wiring.audience())
    return _nothing()


# Queues


@api.get("/v1/queues", tags=["queues"])
def list_queues() -> QueuesView:
    """Tell how much waits in each queue, and how much was given up: the dead letters."""
    return QueuesView.model_validate({"items": wiring.backlog().depths()})


# The description


@api.get("/openapi.json", tags=["description"])
def get_openapi() -> dict[str, Any]:
    """This description, in OpenAPI 3.1."""
    return description()


@functools.cache
def description() -> dict[str, Any]:
    """The OpenAPI document of this API."""
    return openapi.describe(
        api,
        title="Fanfare internal API",
        version="1",
        description="Post a message to a topic once, reach every subscriber, know what became of each. For services.",
        security={
            "sigv4": {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "description": "AWS Signature Version 4, service `execute-api`, by a principal that may "
                "`execute-api:Invoke` this API.",
                "x-amazon-apigateway-authtype": "awsSigv4",
            }
        },
    )


def _json(status: int, body: T, headers: dict[str, str] | None = None) -> Response[T]:
    return Response(status_code=status, content_type="application/json", body=body, headers=headers)


def _page(view: type[V], items: Sequence[Any], position: Any) -> V:
    cursor = tokens.encode(position, keys=wiring.signing_keys, where=api.where())
    return view.model_validate({"items": items, "next_cursor": cursor})


def _nothing() -> Response[None]:
    return Response(status_code=204)


def _open(cursor: str | None) -> Any:
    return tokens.decode(cursor, keys=wiring.signing_keys, where=api.where())
