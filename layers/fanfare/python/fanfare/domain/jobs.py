"""Jobs in the queues. A body is one JSON object with ids only, never personal data."""

from __future__ import annotations

from typing import Any

import orjson

from fanfare.data_classes import dataclass
from fanfare.domain.batch import BatchState, shard_in
from fanfare.json_text import written


@dataclass(frozen=True, kw_only=True)
class Job:
    """A copy of a batch in its channel's queue."""

    message_id: str
    batch_id: str
    generation: int

    @property
    def shard(self) -> int:
        return shard_in(self.batch_id)


def job_of(batch: BatchState) -> Job:
    """The job that is queued for a batch."""
    return Job(message_id=batch.message_id, batch_id=batch.id, generation=batch.generation)


@dataclass(frozen=True)
class FanOutJob:
    """One shard of one message. The cursor is stored in the shard's progress."""

    message_id: str
    shard: int


def fan_out_body(job: FanOutJob) -> str:
    return written({"message_id": job.message_id, "shard": job.shard})


def read_fan_out_body(body: str) -> FanOutJob:
    """Parse the body. Raises KeyError or ValueError if it is not a job."""
    message_id, shard = _fields(body, message_id=str, shard=int)
    return FanOutJob(message_id=message_id, shard=shard)


def job_body(job: Job) -> str:
    return written({"message_id": job.message_id, "batch_id": job.batch_id, "generation": job.generation})


def read_job_body(body: str) -> Job:
    """Parse the body. Raises KeyError or ValueError if it is not a job."""
    message_id, batch_id, generation = _fields(body, message_id=str, batch_id=str, generation=int)
    shard_in(batch_id)
    return Job(message_id=message_id, batch_id=batch_id, generation=generation)


def _fields(body: str, **kinds: type) -> list[Any]:
    read = orjson.loads(body)
    if not isinstance(read, dict):
        raise ValueError("not a JSON object")
    for name, kind in kinds.items():
        if type(read[name]) is not kind:
            raise ValueError(f"{name} is not of type {kind.__name__}")
    return [read[name] for name in kinds]
