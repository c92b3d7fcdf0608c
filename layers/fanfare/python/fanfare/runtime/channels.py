"""The channel that a worker delivers on."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Final

from fanfare.channels import Channel, Email, Inbox, Push, Sms, Webhook
from fanfare.channels.push import SERVICES as PUSH_SERVICES
from fanfare.runtime import signing, stores
from fanfare.runtime.clients import PROVIDER, open_client, quick
from fanfare.runtime.registry import opened
from fanfare.runtime.settings import clock


@opened.once
def channel() -> Channel:
    """The channel that this function delivers on."""
    return OPEN[os.environ["FANFARE_CHANNEL"]]()


def _email() -> Channel:
    return Email(
        quick(open_client("sesv2", PROVIDER)),
        sender=os.environ["FANFARE_SENDER"],
        configuration_set=os.environ.get("FANFARE_CONFIGURATION_SET"),
    )


def _sms() -> Channel:
    return Sms(open_client("sns", PROVIDER))


def _push() -> Channel:
    named = {name: os.environ.get(f"FANFARE_PUSH_{name.upper()}_APPLICATION_ARN") for name in PUSH_SERVICES}
    applications = {name: arn for name, arn in named.items() if arn}
    return Push(open_client("sns", PROVIDER), applications=applications)


def _webhook() -> Channel:
    allowed = os.environ.get("FANFARE_WEBHOOK_ALLOWED", "").split(",")
    return Webhook(keys=signing.signing_keys, clock=clock(), allowed=frozenset(filter(None, allowed)))


def _inbox() -> Channel:
    return Inbox(stores.inboxes())


OPEN: Final[Mapping[str, Callable[[], Channel]]] = {
    "email": _email,
    "sms": _sms,
    "push": _push,
    "webhook": _webhook,
    "inbox": _inbox,
}
