"""The control loop: send again what is overdue in the tables, and what is in the dead-letter queues."""

from fanfare.pipeline.reconcile.loop import Reconcile

__all__ = ["Reconcile"]
