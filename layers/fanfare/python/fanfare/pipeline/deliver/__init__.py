"""Delivery of batches: lease, apply the rules again, render, call the provider, record, settle."""

from fanfare.pipeline.deliver.compose import PROVIDER_SECONDS
from fanfare.pipeline.deliver.means import RunResult
from fanfare.pipeline.deliver.worker import Deliver

__all__ = ["PROVIDER_SECONDS", "Deliver", "RunResult"]
