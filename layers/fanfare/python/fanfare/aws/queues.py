"""The queues: the fan-out's and one for each channel. Bodies carry ids only, never personal data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fanfare.domain.jobs import Job

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef
from fanfare.domain.jobs import FanOutJob, fan_out_body, job_body

BATCH_LIMIT = 10  # entries a SendMessageBatch
DELAY_LIMIT = 900  # seconds

Copy = tuple[str, str, int]  # group, body, delay in seconds


@dataclass(frozen=True)
class DeadLetter:
    """A job that was given up by its queue, and the handle to remove it with."""

    body: str
    handle: str


class Queues:
    """Where jobs go. `fan_out` and `channels` are queue URLs; the dead letters stand beside them."""

    def __init__(
        self,
        client: SQSClient,
        *,
        fan_out: str | None = None,
        channels: Mapping[str, str] | None = None,
        dead_letters: Mapping[str, str] | None = None,
    ) -> None:
        self.client = client
        self._fan_out = fan_out
        self._channels = channels or {}
        self.dead_letters = dead_letters or {}

    def send_fan_out(self, jobs: Sequence[FanOutJob], *, delay: int = 0) -> None:
        """Queue fan-out jobs, `delay` seconds (at most 900) from now."""
        if self._fan_out is None:
            raise ValueError("no fan-out queue is wired here")
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
        """Take a dead letter out of its queue."""
        self.client.delete_message(QueueUrl=self.dead_letters[name], ReceiptHandle=letter.handle)

    def back_off(self, channel: str, handle: str, seconds: int) -> None:
        """Have the queue deliver a copy again in `seconds`."""
        self.client.change_message_visibility(
            QueueUrl=self._channels[channel], ReceiptHandle=handle, VisibilityTimeout=seconds
        )

    def _send(self, url: str, copies: Sequence[Copy]) -> None:
        for chunk in _chunks(copies):
            # Copies of one message are a group: SQS lets those of others pass when it keeps the workers busy.
            # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {
                    "Id": str(i),
                    "MessageBody": body,
                    "DelaySeconds": min(delay, DELAY_LIMIT),
                    "MessageGroupId": group,
                }
                for i, (group, body, delay) in enumerate(chunk)
            ]
            answer = self.client.send_message_batch(QueueUrl=url, Entries=entries)
            if answer.get("Failed"):
                raise QueueRefused(f"{len(answer['Failed'])} of {len(entries)} messages were not queued")


class QueueRefused(Exception):
    """A queue took only a part. Nothing is lost: the reconciler finds what was not queued."""


def _chunks(copies: Sequence[Copy]) -> Iterator[Sequence[Copy]]:
    for start in range(0, len(copies), BATCH_LIMIT):
        yield copies[start : start + BATCH_LIMIT]
