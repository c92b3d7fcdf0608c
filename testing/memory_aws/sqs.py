"""SQS in memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from testing.memory_aws.calls import Calls
from testing.memory_aws.errors import refused


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A message in a queue, and when it can be received. It never changes: saved queues have it, too."""

    id: str
    body: str
    visible_at: datetime
    group: str | None = None
    received: int = 0
    handle: str = ""

    def receive(self, *, hidden_until: datetime) -> QueuedMessage:
        """The same, received once more, with a new handle, and not again until then."""
        received = self.received + 1
        return QueuedMessage(self.id, self.body, hidden_until, self.group, received, f"{self.id}/{received}")


class Sqs:
    """As much of the client as Fanfare calls, and what the event source mapping does with a queue."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.queues: dict[str, list[QueuedMessage]] = {}
        self.sent = 0

    def save(self) -> tuple[dict[str, list[QueuedMessage]], int]:
        """What waits in the queues, for `load`."""
        return {url: [*waiting] for url, waiting in self.queues.items() if waiting}, self.sent

    def load(self, saved: tuple[dict[str, list[QueuedMessage]], int]) -> None:
        """Go on with what `save` gave."""
        queues, self.sent = saved
        self.queues = {url: [*waiting] for url, waiting in queues.items()}

    def send_message_batch(self, *, QueueUrl: str, Entries: Any) -> Any:
        if len(Entries) > 10:
            raise refused("TooManyEntriesInBatchRequest", "more than 10", "SendMessageBatch")
        return self.calls.call("sqs:SendMessageBatch", lambda: self._send(QueueUrl, Entries))

    def _send(self, url: str, entries: Any) -> Any:
        taken, left = self.calls.split(entries)
        for entry in taken:
            self.put(url, entry["MessageBody"], delay=entry.get("DelaySeconds", 0), group=entry.get("MessageGroupId"))
        answer: dict[str, Any] = {"Successful": [{"Id": entry["Id"]} for entry in taken]}
        if self.calls.part and left:
            fault = self.calls.part.sender_fault
            code = "InvalidParameterValue" if fault else "InternalError"
            answer["Failed"] = [{"Id": entry["Id"], "Code": code, "SenderFault": fault} for entry in left]
        return answer

    def put(self, url: str, body: str, *, delay: float = 0, group: str | None = None) -> None:
        """Leave a message, as if AWS itself had."""
        visible_at = self.calls.clock() + timedelta(seconds=delay)
        self.sent += 1
        self.queues.setdefault(url, []).append(QueuedMessage(f"m{self.sent}", body, visible_at, group))

    def receive_message(self, *, QueueUrl: str, MaxNumberOfMessages: int, VisibilityTimeout: int) -> Any:
        return self.calls.call(
            "sqs:ReceiveMessage", lambda: self._receive(QueueUrl, MaxNumberOfMessages, VisibilityTimeout)
        )

    def _receive(self, url: str, limit: int, visibility: int) -> Any:
        found = self.take(url, limit, visibility=visibility)
        return {"Messages": [{"MessageId": e.id, "ReceiptHandle": e.handle, "Body": e.body} for e in found]}

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> Any:
        return self.calls.call("sqs:DeleteMessage", lambda: self.remove(QueueUrl, ReceiptHandle))

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> Any:
        return self.calls.call(
            "sqs:ChangeMessageVisibility", lambda: self._change(QueueUrl, ReceiptHandle, VisibilityTimeout)
        )

    def _change(self, url: str, handle: str, seconds: int) -> Any:
        waiting = self.queues.get(url, [])
        for place, message in enumerate(waiting):
            if message.handle == handle:
                waiting[place] = replace(message, visible_at=self.calls.clock() + timedelta(seconds=seconds))
        return {}

    # What AWS does with a queue, uncounted

    def visible(self, url: str) -> Iterator[QueuedMessage]:
        """The messages that can be received now."""
        now = self.calls.clock()
        return (message for message in list(self.queues.get(url, [])) if message.visible_at <= now)

    def take(self, url: str, limit: int, *, visibility: float) -> list[QueuedMessage]:
        """What the event source mapping hands to a function."""
        now = self.calls.clock()
        until = now + timedelta(seconds=visibility)
        waiting = self.queues.get(url, [])
        places = (place for place, message in enumerate(waiting) if message.visible_at <= now)
        taken = []
        for place in itertools.islice(places, limit):
            waiting[place] = waiting[place].receive(hidden_until=until)
            taken.append(waiting[place])
        return taken

    def remove(self, url: str, handle: str) -> Any:
        self.queues[url] = [message for message in self.queues.get(url, []) if message.handle != handle]
        return {}

    def next_visible(self) -> datetime | None:
        """When the next hidden message shows."""
        return min((message.visible_at for queue in self.queues.values() for message in queue), default=None)
