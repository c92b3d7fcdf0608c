"""Reconcile: find what was lost or left over."""

from __future__ import annotations

from fanfare.pipeline.reconcile import Reconcile
from fanfare.pipeline.reconcile.due_windows import CloseWindows
from fanfare.runtime import clients, stores
from fanfare.runtime.registry import opened
from fanfare.runtime.settings import brand_of, clock, settings
from fanfare.runtime.use_cases.pace import pace


@opened.once
def reconcile() -> Reconcile:
    closing = CloseWindows(
        windows=stores.windows(),
        messages=stores.messages(),
        batches=stores.batches(),
        catalogue=stores.catalogue(),
        queues=clients.queues(),
        clock=clock(),
        stale_after=settings().stale_after,
        retention=settings().retention,
        sender=brand_of(settings().sender),
    )
    return Reconcile(
        messages=stores.messages(),
        batches=stores.batches(),
        queues=clients.queues(),
        clock=clock(),
        pace=pace(),
        windows=closing,
    )
