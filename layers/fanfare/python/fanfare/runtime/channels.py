"""The channel that a worker delivers on."""

from __future__ import annotations

import os
from typing import Any

from fanfare.aws.fast_sdk import READERS
from fanfare.channels import CHANNELS, Channel
from fanfare.channels.base import Opening
from fanfare.runtime import signing, stores
from fanfare.runtime.clients import PROVIDER, open_client, quick
from fanfare.runtime.registry import opened
from fanfare.runtime.settings import clock


@opened.once
def channel() -> Channel:
    """The channel that this function delivers on."""
    opening = Opening(
        environment=os.environ,
        clock=clock(),
        keys=signing.webhook_keys,
        client=_provider_client,
        notes=stores.inboxes,
    )
    return CHANNELS[os.environ["FANFARE_CHANNEL"]].open(opening)


def _provider_client(service: str) -> Any:
    client = open_client(service, PROVIDER)
    return quick(client) if client.meta.service_model.resolved_protocol in READERS else client
