"""The channels. To add one, write its file and add its class to `CHANNELS`."""

from __future__ import annotations

from typing import Final

from fanfare.channels.base import Channel
from fanfare.channels.email import Email
from fanfare.channels.inbox import Inbox
from fanfare.channels.push import Push
from fanfare.channels.sms import Sms
from fanfare.channels.webhook import Webhook

__all__ = ["CHANNELS", "REPORTING", "Channel", "Email", "Inbox", "Push", "Sms", "Webhook"]

CHANNELS: Final[dict[str, type[Channel]]] = {channel.name: channel for channel in (Email, Sms, Push, Webhook, Inbox)}
# Their providers send receipts
REPORTING: Final = frozenset(name for name, channel in CHANNELS.items() if channel.receipt_source is not None)
