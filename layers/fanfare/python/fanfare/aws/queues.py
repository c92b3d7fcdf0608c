"""The queues: one for the fan-out and one per channel. Bodies contain ids only, never personal data."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fanfare.aws.retries import Sleep, pause
from fanfare.data_classes import dataclass
from fanfare.domain.jobs import FanOutJob, Job, fan_out_body, job_body

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

log = logging.getLogger(__name__)

BATCH_LIMIT = 10  # entries per SendMessageBatch
ROUNDS = 6  # of sending rejected entries again: 0.8 s of pauses on average
DELAY_LIMIT = 900  # seconds

Copy = tuple[str, str, int]  # group, body, delay in seconds
Entry = dict[str, Any]  # of SendMessageBatch, without its id


@dataclass(frozen=True)
class DeadLetter:
    """A message in a dead-letter queue, and the handle to delete it."""

    body: str
    handle: str


class Queues:
    """Sends jobs. `fan_out` and `channels` are queue URLs; `dead_letters` are URLs of their dead-letter queues."""

    def __init__(
        self,
        client: SQSClient,
        *,
        fan_out: str | None = None,
        channels: Mapping[str, str] | None = None,
        dead_letters: Mapping[str, str] | None = None,
        sleep: Sleep = time.sleep,
    ) -> None:
        self.client = client
        self._fan_out = fan_out
        self._channels = channels or {}
        self.dead_letters = dead_letters or {}
        self.sleep = sleep

    def send_fan_out(self, jobs: Sequence[FanOutJob], *, delay: int = 0) -> None:
        """Queue fan-out jobs, `delay` seconds (at most 900) from now."""
        if self._fan_out is None:
            raise ValueError("this function has no fan-out queue")
        self._send(self._fan_out, [(job.message_id, fan_out_body(job), delay) for job in jobs])

    def send_batches(self, channel: str, jobs: Sequence[tuple[Job, int]]) -> None:
        """Queue batches on their channel, each with its delay in seconds (at most 900)."""
        self._send(self._channels[channel], [(job.message_id, job_body(job), delay) for job, delay in jobs])

    def receive_dead_letters(self, name: str, *, limit: int = 10) -> list[DeadLetter]:
        """Up to `limit` (at most 10) dead letters of a queue, hidden from others for a while."""
        answer = self.client.receive_message(
            QueueUrl=self.dead_letters[name], MaxNumberOfMessages=limit, VisibilityTimeout=60
        )
        return [DeadLetter(each["Body"], each["ReceiptHandle"]) for each in answer.get("Messages", ())]

    def remove_dead_letter(self, name: str, letter: DeadLetter) -> None:
        """Delete a dead letter."""
        self.client.delete_message(QueueUrl=self.dead_letters[name], ReceiptHandle=letter.handle)

    def back_off(self, channel: str, handle: str, seconds: int) -> None:
        """Have the queue deliver a copy again in `seconds`."""
        self.client.change_message_visibility(
            QueueUrl=self._channels[channel], ReceiptHandle=handle, VisibilityTimeout=seconds
        )

    def _send(self, url: str, copies: Sequence[Copy]) -> None:
        """Send all copies, then repeat the rejected ones together, so the pauses are those of one batch."""
        entries = [_entry(copy) for copy in copies]
        left, refused = entries, 0
        for attempt in range(ROUNDS):
            if attempt:
                pause(attempt - 1, sleep=self.sleep)
            again: list[Entry] = []
            for chunk in _chunks(left):
                failed, at_fault = self._send_chunk(url, chunk)
                again += failed
                refused += at_fault
            left = again
            if not left:
                break
        if left or refused:
            raise QueueRefused(f"{len(left) + refused} of {len(entries)} messages were not queued")

    def _send_chunk(self, url: str, chunk: Sequence[Entry]) -> tuple[list[Entry], int]:
        """Entries to send again, and the number of entries that SQS will never accept."""
        answer = self.client.send_message_batch(
            QueueUrl=url,
            Entries=[{"Id": str(i), **entry} for i, entry in enumerate(chunk)],  # type: ignore[typeddict-item]
        )
        failed = answer.get("Failed", ())
        for each in failed:
            log.warning("not queued", extra={"code": each["Code"], "sender_fault": each["SenderFault"]})
        # a sender fault is in the entry itself: SQS rejects it every time
        again = [chunk[int(each["Id"])] for each in failed if not each["SenderFault"]]
        return again, len(failed) - len(again)


class QueueRefused(Exception):
    """A queue accepted only a part. Nothing is lost: the reconciler finds jobs that were not queued."""


def _entry(copy: Copy) -> Entry:
    group, body, delay = copy
    # Copies of one message are a group: if it keeps the workers busy, SQS lets other groups pass (fair queues).
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
    return {"MessageBody": body, "DelaySeconds": min(delay, DELAY_LIMIT), "MessageGroupId": group}


def _chunks(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    for start in range(0, len(entries), BATCH_LIMIT):
        yield entries[start : start + BATCH_LIMIT]
