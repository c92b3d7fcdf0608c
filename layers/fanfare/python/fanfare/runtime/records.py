"""Records of an SQS event: parsing them, and returning them to the queue."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import SQSEvent
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from fanfare.domain.jobs import FanOutJob, Job, read_fan_out_body, read_job_body
from fanfare.pipeline.record_receipts import read as read_receipt
from fanfare.runtime import clients
from fanfare.runtime.channels import channel

if TYPE_CHECKING:  # its module imports asyncio, which our workers do not use
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse

    from fanfare.channels.receipts import ReceiptEvent

T = TypeVar("T")


def read_jobs(event: dict[str, Any], logger: Logger) -> tuple[dict[Job, SQSRecord], list[str]]:
    """The batches to deliver, each with its record, and the ids of records that can't be read."""
    found, unread = _read(event, read_job_body, logger, "a job that can't be read")
    return dict(found), unread


def read_receipts(event: dict[str, Any], logger: Logger) -> tuple[list[ReceiptEvent], list[str]]:
    """Receipts of our deliveries, and the ids of records that can't be read."""
    found, unread = _read(event, lambda body: read_receipt(json.loads(body)), logger, "an event that can't be read")
    return [receipt for receipt, _ in found if receipt is not None], unread


def read_fan_out_job(record: SQSRecord, logger: Logger) -> FanOutJob:
    """The job of a record. Raises KeyError or ValueError if it can't be read."""
    try:
        return read_fan_out_body(record.body)
    except (KeyError, ValueError):
        logger.exception("a job that can't be read", sqs_message_id=record.message_id)
        raise


def back_off(jobs: Mapping[Job, SQSRecord], again: Mapping[Job, float]) -> None:
    """Delay the next delivery of each job by its seconds in `again`."""
    for job, delay in again.items():
        clients.queues().back_off(channel().name, jobs[job].receipt_handle, round(delay))


def to_come_again(ids: Iterable[str]) -> PartialItemFailureResponse:
    """The response after which the queue delivers these records again and deletes the others."""
    return {"batchItemFailures": [{"itemIdentifier": each} for each in ids]}


def _read(
    event: dict[str, Any], read: Callable[[str], T], logger: Logger, trouble: str
) -> tuple[list[tuple[T, SQSRecord]], list[str]]:
    found: list[tuple[T, SQSRecord]] = []
    unread: list[str] = []
    for record in SQSEvent(event).records:
        try:
            found.append((read(record.body), record))
        except (KeyError, TypeError, ValueError):
            logger.exception(trouble, sqs_message_id=record.message_id)
            unread.append(record.message_id)
    return found, unread
