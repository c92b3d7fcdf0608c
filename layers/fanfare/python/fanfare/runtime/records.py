"""The records of an SQS event: what they say, and which of them come again.

Plain dictionaries: Powertools' classes for them come with those for every other source of events, and its batch
processor with asyncio.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypedDict, TypeVar

from aws_lambda_powertools import Logger

from fanfare.domain.jobs import FanOutJob, Job, read_fan_out_body, read_job_body

T = TypeVar("T")

NO_JOB = "a job that can't be read"


class SqsRecord(TypedDict):
    """The part of a record that is used."""

    messageId: str
    receiptHandle: str
    body: str


class ItemFailure(TypedDict):
    """A record that failed."""

    itemIdentifier: str


class BatchResponse(TypedDict):
    """What Lambda wants as the answer of a worker (`ReportBatchItemFailures`)."""

    batchItemFailures: list[ItemFailure]


def read_jobs(event: dict[str, Any], logger: Logger) -> tuple[dict[Job, SqsRecord], list[str]]:
    """The batches to deliver, each with its record, and the ids of records that can't be read."""
    found, unread = read_each(event, read_job_body, logger, NO_JOB)
    return dict(found), unread


def read_fan_out_jobs(event: dict[str, Any], logger: Logger) -> tuple[list[tuple[FanOutJob, SqsRecord]], list[str]]:
    """The shards to fan out, each with its record, and the ids of records that can't be read."""
    return read_each(event, read_fan_out_body, logger, NO_JOB)


def read_each(
    event: dict[str, Any], read: Callable[[str], T], logger: Logger, trouble: str
) -> tuple[list[tuple[T, SqsRecord]], list[str]]:
    """What the records say, each with its record, and the ids of records that can't be read; these are logged."""
    found: list[tuple[T, SqsRecord]] = []
    unread: list[str] = []
    records: list[SqsRecord] = event["Records"]
    for record in records:
        try:
            found.append((read(record["body"]), record))
        except (KeyError, TypeError, ValueError):
            logger.exception(trouble, sqs_message_id=record["messageId"])
            unread.append(record["messageId"])
    return found, unread


def to_come_again(ids: Iterable[str]) -> BatchResponse:
    """The answer that has the queue deliver these records again, and forget the others."""
    return {"batchItemFailures": [{"itemIdentifier": each} for each in ids]}
