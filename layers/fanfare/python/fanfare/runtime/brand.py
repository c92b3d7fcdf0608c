"""The brand of the deployment. Only the APIs read it: a message keeps the one that it was accepted with."""

from __future__ import annotations

from fanfare.runtime import stores
from fanfare.runtime.registry import opened
from fanfare.runtime.settings import brand_of, settings
from fanfare.store.brands import Brands


@opened.once
def brands() -> Brands:
    return Brands(stores.table("catalogue"), sender=brand_of(settings().sender))
