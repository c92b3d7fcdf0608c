"""Use cases of workers: fan out, deliver, reconcile, record receipts."""

from __future__ import annotations

from fanfare.pipeline.backoff import Pace
from fanfare.pipeline.deliver import Deliver
from fanfare.pipeline.fan_out import FanOut
from fanfare.pipeline.fan_out.candidates import Candidates
from fanfare.pipeline.reconcile import Reconcile
from fanfare.pipeline.record_receipts import RecordReceipts
from fanfare.runtime import clients, signing, stores
from fanfare.runtime.channels import channel
from fanfare.runtime.registry import opened
from fanfare.runtime.settings import clock, settings


def _pace() -> Pace:
    known = settings()
    return Pace(
        lease=known.lease,
        backoff=known.backoff,
        max_attempts=known.max_attempts,
        doubt_grace=known.doubt_grace,
        stale_after=known.stale_after,
    )


@opened.once
def fan_out() -> FanOut:
    candidates = Candidates(audience=stores.audience(), catalogue=stores.catalogue(), overall=settings().user_limits)
    return FanOut(
        messages=stores.messages(),
        audience=stores.audience(),
        candidates=candidates,
        batches=stores.batches(),
        deliveries=stores.deliveries(),
        queues=clients.queues(),
        clock=clock(),
        stale_after=settings().stale_after,
    )


@opened.once
def deliver() -> Deliver:
    return Deliver(
        channel=channel(),
        batches=stores.batches(),
        messages=stores.messages(),
        audience=stores.audience(),
        catalogue=stores.catalogue(),
        deliveries=stores.deliveries(),
        renderer=stores.renderer(),
        clock=clock(),
        pace=_pace(),
        links=signing.links(),
        overall=settings().user_limits,
    )


@opened.once
def reconcile() -> Reconcile:
    return Reconcile(
        messages=stores.messages(), batches=stores.batches(), queues=clients.queues(), clock=clock(), pace=_pace()
    )


@opened.once
def record_receipts() -> RecordReceipts:
    return RecordReceipts(
        deliveries=stores.deliveries(), audience=stores.audience(), clock=clock(), retention=settings().retention
    )
