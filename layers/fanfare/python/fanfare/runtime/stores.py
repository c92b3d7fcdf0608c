"""The repositories, each with its table, and the renderer, which caches compiled templates."""

from __future__ import annotations

import os
from collections.abc import Sequence

from fanfare.aws.dynamodb import DynamoTable
from fanfare.domain.delivery import Delivery
from fanfare.domain.message import Message
from fanfare.runtime import clients, signing
from fanfare.runtime.registry import opened
from fanfare.runtime.settings import clock, settings
from fanfare.store.audience import Audience
from fanfare.store.audience.confirmations import Confirmations
from fanfare.store.batches import Batches
from fanfare.store.catalogue import Catalogue
from fanfare.store.deliveries import Deliveries
from fanfare.store.inbox import Inboxes
from fanfare.store.messages import Messages
from fanfare.store.recipients import RecipientList
from fanfare.templates.renderer import Renderer


def _table(name: str) -> DynamoTable:
    return DynamoTable(clients.dynamodb(), os.environ[f"FANFARE_{name.upper()}_TABLE"])


@opened.once
def audience() -> Audience:
    return Audience(_table("audience"))


@opened.once
def catalogue() -> Catalogue:
    return Catalogue(_table("catalogue"))


@opened.once
def messages() -> Messages:
    return Messages(_table("messages"), moved=_publish_moved if clients.has_event_bus() else None)


@opened.once
def batches() -> Batches:
    return Batches(_table("batches"))


@opened.once
def recipients() -> RecipientList:
    return RecipientList(_table("batches"))


@opened.once
def deliveries() -> Deliveries:
    publish = clients.has_event_bus() and os.environ.get("FANFARE_DELIVERY_EVENTS") == "true"
    return Deliveries(_table("deliveries"), recorded=_publish_recorded if publish else None)


@opened.once
def inboxes() -> Inboxes:
    return Inboxes(_table("inbox"), clock=clock(), retention=settings().retention)


@opened.once
def confirmations() -> Confirmations:
    return Confirmations(_table("audience"), keys=signing.signing_keys)


@opened.once
def renderer() -> Renderer:
    return Renderer()


def _publish_moved(message: Message) -> None:
    clients.events().moved(message)


def _publish_recorded(recorded: Sequence[Delivery]) -> None:
    clients.events().recorded(recorded)
