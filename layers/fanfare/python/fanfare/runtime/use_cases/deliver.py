"""Deliver: send batches on one channel."""

from __future__ import annotations

from collections.abc import Mapping

from fanfare.domain.jobs import Job
from fanfare.pipeline.deliver import Deliver
from fanfare.pipeline.digests.contents import DigestContents
from fanfare.runtime import clients, signing, stores
from fanfare.runtime.channels import channel
from fanfare.runtime.records import SqsRecord
from fanfare.runtime.registry import opened
from fanfare.runtime.renderer import renderer
from fanfare.runtime.settings import clock, settings
from fanfare.runtime.use_cases.pace import pace


@opened.once
def deliver() -> Deliver:
    return Deliver(
        channel=channel(),
        batches=stores.batches(),
        messages=stores.messages(),
        audience=stores.audience(),
        catalogue=stores.catalogue(),
        deliveries=stores.deliveries(),
        inboxes=stores.inboxes(),
        digests=DigestContents(deliveries=stores.deliveries(), messages=stores.messages()),
        renderer=renderer(),
        clock=clock(),
        pace=pace(),
        links=signing.links(),
        overall=settings().user_limits,
        time_zone=settings().time_zone,
        tell_endpoint=clients.events().endpoint_off if clients.has_event_bus() else None,
    )


def back_off(jobs: Mapping[Job, SqsRecord], again: Mapping[Job, float]) -> None:
    """Have the queue hold each job back for its seconds in `again`."""
    for job, delay in again.items():
        clients.queues().back_off(channel().name, jobs[job]["receiptHandle"], round(delay))
