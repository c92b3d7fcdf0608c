# Written by tests/client/unasync.py from its twin in _async.
from __future__ import annotations

from collections.abc import Iterator
from typing import Unpack

from ..calls import Call, given, new_key, path
from ..types import (
    Accepted,
    Cancellation,
    Channel,
    Delivery,
    DeliveryStatus,
    DryRun,
    Explanation,
    Message,
    MessageWithCounts,
    ReceiptName,
    SentContent,
    State,
    SubmitRequest,
)
from .items import Items
from .transport import KEY, Transport
from .waiting import sleep

AT_REST = ("sent", "failed", "deleted")


class Messages:
    """Messages that services post."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def submit(self, *, idempotency_key: str | None = None, **message: Unpack[SubmitRequest]) -> Accepted:
        """Post a message. If no key is given, one is generated and sent with every attempt of this call."""
        headers = {KEY: idempotency_key or new_key()}
        accepted: Accepted = self._transport.json(
            Call("POST", path("messages"), body=given(**message), headers=headers)
        )
        return accepted

    def dry_run(self, **message: Unpack[SubmitRequest]) -> DryRun:
        """Simulate the message: audience, skip reasons, samples and cost. Nothing is stored or sent."""
        answer: DryRun = self._transport.json(
            Call("POST", path("messages"), {"dry_run": True}, body=given(**message))
        )
        return answer

    def get(self, message_id: str) -> MessageWithCounts:
        """The message with its state and counts."""
        message: MessageWithCounts = self._transport.json(Call("GET", path("messages", message_id)))
        return message

    def list(
        self,
        *,
        state: State | None = None,
        topic: str | None = None,
        template: str | None = None,
        created_after: str | None = None,
        created_before: str | None = None,
        page_size: int = 100,
        cursor: str | None = None,
    ) -> Items[Message]:
        """The messages, newest first. Times are RFC 3339: from `created_after` on, and before `created_before`."""
        query = {
            "state": state,
            "topic": topic,
            "template": template,
            "created_after": created_after,
            "created_before": created_before,
            "limit": page_size,
            "cursor": cursor,
        }
        return Items(self._transport, path("messages"), query)

    def watch(self, message_id: str, *, every: float = 1.0) -> Iterator[MessageWithCounts]:
        """Poll the message until it is sent, failed or deleted."""
        while True:
            message = self.get(message_id)
            yield message
            if message["state"] in AT_REST:
                return
            sleep(every)

    def cancel(self, message_id: str) -> Cancellation:
        """Delete the message: nothing more is sent, except calls in flight."""
        cancellation: Cancellation = self._transport.json(Call("DELETE", path("messages", message_id)))
        return cancellation

    def redrive(self, message_id: str) -> Message:
        """Send a failed message again, only to the failed recipients.

        Not retried if the answer is lost, because a second redrive is a conflict: check the message's state instead.
        """
        message: Message = self._transport.json(
            Call("POST", path("messages", message_id, "redrives"), repeatable=False)
        )
        return message

    def deliveries(
        self,
        message_id: str,
        *,
        status: DeliveryStatus | None = None,
        channel: Channel | None = None,
        receipt: ReceiptName | None = None,
        page_size: int = 100,
        cursor: str | None = None,
    ) -> Items[Delivery]:
        """The deliveries: one per recipient and channel."""
        query = {"status": status, "channel": channel, "receipt": receipt, "limit": page_size, "cursor": cursor}
        return Items(self._transport, path("messages", message_id, "deliveries"), query)

    def explain(self, message_id: str, user_id: str) -> Explanation:
        """Why a user did or did not receive the message, per channel, step by step."""
        explanation: Explanation = self._transport.json(
            Call("GET", path("messages", message_id, "explanations", user_id))
        )
        return explanation

    def content(self, message_id: str, user_id: str = "", channel: Channel = "email") -> SentContent:
        """What a recipient was sent, rendered again."""
        query = {"user_id": user_id, "channel": channel}
        content: SentContent = self._transport.json(Call("GET", path("messages", message_id, "content"), query))
        return content
