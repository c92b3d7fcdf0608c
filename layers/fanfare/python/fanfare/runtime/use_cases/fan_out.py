"""Fan out: choose the recipients of a message."""

from __future__ import annotations

from fanfare.pipeline.fan_out import FanOut
from fanfare.pipeline.fan_out.candidates import Candidates
from fanfare.runtime import clients, stores
from fanfare.runtime.registry import opened
from fanfare.runtime.settings import clock, settings


@opened.once
def fan_out() -> FanOut:
    candidates = Candidates(
        audience=stores.audience(),
        catalogue=stores.catalogue(),
        overall=settings().user_limits,
        countries=settings().sms_countries,
        windows=stores.windows(),
        time_zone=settings().time_zone,
    )
    return FanOut(
        messages=stores.messages(),
        audience=stores.audience(),
        candidates=candidates,
        batches=stores.batches(),
        windows=stores.windows(),
        deliveries=stores.deliveries(),
        queues=clients.queues(),
        clock=clock(),
        stale_after=settings().stale_after,
    )
