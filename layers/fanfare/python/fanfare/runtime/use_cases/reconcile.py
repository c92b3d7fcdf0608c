"""Reconcile: find what was lost or left over."""

from __future__ import annotations

from fanfare.pipeline.reconcile import Reconcile
from fanfare.runtime import clients, stores
from fanfare.runtime.registry import opened
from fanfare.runtime.settings import clock
from fanfare.runtime.use_cases.pace import pace


@opened.once
def reconcile() -> Reconcile:
    return Reconcile(
        messages=stores.messages(), batches=stores.batches(), queues=clients.queues(), clock=clock(), pace=pace()
    )
