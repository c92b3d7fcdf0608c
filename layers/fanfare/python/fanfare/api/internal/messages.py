"""Messages: submit, read, delete, redrive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Header, Query

from fanfare.api.internal.own_messages import only_of
from fanfare.api.openapi import answers
from fanfare.api.pagination import ListRequest
from fanfare.api.parameters import Cursor, Limit, MessageId, UserId
from fanfare.api.requests import idempotency_key, principal
from fanfare.api.responses import json_response
from fanfare.channels import REPORTING
from fanfare.domain.lifecycle import State
from fanfare.insight.deliveries import DeliveryFilter
from fanfare.insight.messages import known_id
from fanfare.runtime.use_cases import internal_api as use_cases
from fanfare.schemas import scalars
from fanfare.schemas.dry_runs import DryRunView
from fanfare.schemas.errors import WarningView
from fanfare.schemas.messages import (
    AcceptedView,
    CancellationView,
    MessagesView,
    MessageView,
    MessageWithCountsView,
    SentContentView,
    SubmitRequest,
)
from fanfare.schemas.operations import DeliveriesView, DeliveryStatus, ExplanationView, ReceiptName
from fanfare.schemas.scalars import ChannelName, Flag, Moment, Name
from fanfare.store.messages import MessageFilter

router = Router()
NO_UNSUBSCRIBE_LINK: Final = WarningView(
    pointer="/topic",
    code="no_unsubscribe_link",
    detail="The message has no topic, so its recipients get no link to unsubscribe. Set topic, unless they need it.",
)


@router.post("/v1/messages", tags=["messages"], responses=answers(_200=DryRunView, _202=AcceptedView))
def submit_message(
    request: SubmitRequest,
    dry: Annotated[Flag, Query(alias="dry_run", description="Return the expected outcome and store nothing.")] = False,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="1 to 255 visible ASCII characters, quoted or bare. One key of one caller creates one message.",
        ),
    ] = None,
) -> Response[AcceptedView | DryRunView]:
    """Submit a message.

    It is stored and queued. A repeat with the same Idempotency-Key gets the first response; another
    body with the same key is rejected with the code `idempotency_key_reused`.

    With `dry_run=true` nothing is stored, and the response is the expected outcome: recipients by channel, recipients
    that would be skipped or deferred by reason, rendered samples, and an estimate of the cost.
    """
    caller = principal(router.current_event)
    if dry:
        return json_response(200, use_cases.dry_run().run(request, caller=caller))
    accepted = use_cases.submit().run(
        request, caller=caller, idempotency_key=idempotency_key(key), body=router.current_event.json_body
    )
    view = AcceptedView(
        id=accepted.message_id,
        state="pending",
        created_at=accepted.created_at,
        warnings=[*([] if request.topic is not None else [NO_UNSUBSCRIBE_LINK]), *_steps_without_receipts(request)],
    )
    headers = {"Location": f"/v1/messages/{view.id}"} | ({"Idempotency-Replayed": "true"} if accepted.replayed else {})
    return json_response(202, view, headers)


def _steps_without_receipts(request: SubmitRequest) -> Iterator[WarningView]:
    steps = request.steps or ()
    for place, step in enumerate(steps):
        before = {channel for earlier in steps[:place] for channel in earlier.channels}
        if step.unless == "delivered" and REPORTING.isdisjoint(before):
            yield WarningView(
                pointer=f"/steps/{place}/unless",
                code="no_receipts",
                detail="No channel of an earlier step has receipts, so the step always leaves. Use `sent` or `read`.",
            )


@router.get("/v1/messages", tags=["messages"])
def list_messages(
    state: Annotated[State | None, Query(description="Only messages in this state.")] = None,
    topic: Annotated[Name | None, Query(description="Only messages on this topic.")] = None,
    template: Annotated[Name | None, Query(description="Only messages with this template.")] = None,
    created_after: Annotated[Moment | None, Query(description="Only messages created at this time or later.")] = None,
    created_before: Annotated[Moment | None, Query(description="Only messages created before this time.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> MessagesView:
    """List messages, newest first.

    With a filter, a page may have fewer than `limit` items, or none: it reads at most 10,000 messages, and
    2,000 with `template`. Continue until `next_cursor` is null.
    """
    asked = ListRequest(router.current_event)
    only = MessageFilter(
        state=state,
        topic=topic,
        template=template,
        created_after=created_after,
        created_before=created_before,
        caller=only_of(router.current_event.raw_event),
    )
    items, position = use_cases.messages().page(only, before=asked.open(cursor), limit=limit)
    return asked.view(MessagesView, items, position)


@router.get("/v1/messages/<message_id>", tags=["messages"])
def get_message(message_id: MessageId) -> MessageWithCountsView:
    """Read a message: its state, its history, and the counts of its recipients by outcome."""
    return use_cases.messages().get(message_id)


@router.delete("/v1/messages/<message_id>", tags=["messages"], responses=answers(409, _200=CancellationView))
def delete_message(message_id: MessageId) -> CancellationView:
    """Delete a message: nothing more of it is sent, except deliveries in flight.

    A repeat gets the same response. A message that is `sent` is rejected with the code `message_already_sent`.
    """
    return CancellationView.model_validate(use_cases.cancel().run(known_id(message_id)))


@router.post("/v1/messages/<message_id>/redrives", tags=["messages"], responses=answers(409, _202=MessageView))
def redrive_message(message_id: MessageId) -> Response[MessageView]:
    """Send a failed message again, to its failed recipients only."""
    message = use_cases.redrive().run(known_id(message_id))
    return json_response(202, use_cases.messages().view(message), {"Location": f"/v1/messages/{message.id}"})


@router.get("/v1/messages/<message_id>/deliveries", tags=["messages"])
def list_deliveries(
    message_id: MessageId,
    status: Annotated[DeliveryStatus | None, Query(description="Only recipients with this status.")] = None,
    channel: Annotated[ChannelName | None, Query(description="Only recipients on this channel.")] = None,
    receipt: Annotated[
        ReceiptName | None,
        Query(description="Only those sent whose strongest receipt is this one; `no_word`: nothing was reported."),
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> DeliveriesView:
    """List the recipients of a message with their outcomes.

    With a filter, a page may have fewer than `limit` items, or none: it reads at most 10,000 recipients. Continue until
    `next_cursor` is null.
    """
    asked = ListRequest(router.current_event)
    items, position = use_cases.deliveries().run(
        message_id,
        DeliveryFilter(status=status, channel=channel, receipt=receipt),
        after=asked.open(cursor),
        limit=limit,
    )
    return asked.view(DeliveriesView, items, position)


@router.get("/v1/messages/<message_id>/explanations/<user_id>", tags=["messages"])
def explain_delivery(message_id: MessageId, user_id: UserId) -> ExplanationView:
    """Explain why a user did or did not get a message, per channel, step by step.

    `recorded` is what happened, from the stored data; `rules_now` is what the rules would decide now.
    """
    return use_cases.explain().run(message_id, user_id)


@router.get("/v1/messages/<message_id>/content", tags=["messages"], responses=answers(410, _200=SentContentView))
def get_content(
    message_id: MessageId,
    user_id: Annotated[scalars.UserId, Query(description="The recipient.")],
    channel: Annotated[ChannelName, Query(description="The channel.")],
) -> SentContentView:
    """Read what a recipient was sent, rendered again.

    404 with the code `delivery_not_found` if nothing was sent; 410 with the code `content_gone` if the data are gone:
    of a `sensitive` message that is at rest, or of an erased user.
    """
    return use_cases.content().run(message_id, user_id=user_id, channel=channel)
