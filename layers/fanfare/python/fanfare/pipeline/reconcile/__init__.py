"""The control loop: re-sends overdue work in the tables, and jobs in the dead-letter queues."""

from fanfare.pipeline.reconcile.loop import Reconcile

__all__ = ["Reconcile"]
