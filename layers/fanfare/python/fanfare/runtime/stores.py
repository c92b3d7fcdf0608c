"""The repositories, each on its table. Those that one API alone has are built with its use cases."""

from __future__ import annotations

import os
from collections.abc import Sequence

from fanfare.aws.dynamodb import DynamoTable
from fanfare.domain.audience import Subscription, SuppressionChange
from fanfare.domain.delivery import Delivery
from fanfare.domain.message import Message
from fanfare.runtime import clients, signing
from fanfare.runtime.registry import opened
from fanfare.runtime.settings import clock, settings
from fanfare.store.audience import Audience
from fanfare.store.batches import Batches
from fanfare.store.catalogue import Catalogue
from fanfare.store.deliveries import Deliveries
from fanfare.store.inbox import Inboxes
from fanfare.store.messages import Messages
from fanfare.store.receipts import ReportedReceipts
from fanfare.store.windows import Windows


def table(name: str) -> DynamoTable:
    """The table of this name."""
    return DynamoTable(clients.dynamodb(), os.environ[f"FANFARE_{name.upper()}_TABLE"])


@opened.once
def audience() -> Audience:
    # only the functions that add addresses have the key
    digest = signing.address_digest if "FANFARE_ADDRESS_KEYS_ARN" in os.environ else None
    publish = clients.has_event_bus()
    return Audience(
        table("audience"),
        clock=clock(),
        changed=_publish_subscriptions if publish else None,
        suppressions_changed=_publish_suppressions if publish else None,
        digest=digest,
    )


@opened.once
def catalogue() -> Catalogue:
    return Catalogue(table("catalogue"))


@opened.once
def messages() -> Messages:
    return Messages(table("messages"), moved=_publish_moved if clients.has_event_bus() else None)


@opened.once
def batches() -> Batches:
    return Batches(table("batches"), table("messages"), moved=_publish_moved if clients.has_event_bus() else None)


@opened.once
def windows() -> Windows:
    return Windows(table("batches"))


@opened.once
def reported_receipts() -> ReportedReceipts:
    return ReportedReceipts(table("batches"))


@opened.once
def deliveries() -> Deliveries:
    publish = clients.has_event_bus() and os.environ.get("FANFARE_DELIVERY_EVENTS") == "true"
    return Deliveries(table("deliveries"), recorded=_publish_recorded if publish else None)


@opened.once
def inboxes() -> Inboxes:
    return Inboxes(table("inbox"), clock=clock(), retention=settings().retention)


def _publish_subscriptions(changes: Sequence[Subscription]) -> None:
    clients.events().subscriptions_changed(changes)


def _publish_suppressions(changes: Sequence[SuppressionChange]) -> None:
    clients.events().suppressions_changed(changes)


def _publish_moved(message: Message) -> None:
    clients.events().moved(message)


def _publish_recorded(recorded: Sequence[Delivery]) -> None:
    clients.events().recorded(recorded)
