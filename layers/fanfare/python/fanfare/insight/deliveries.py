"""Outcomes of the recipients of a message, and of the messages of a user."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from fanfare.channels.receipts import Receipt, strongest
from fanfare.data_classes import dataclass
from fanfare.domain.delivery import Delivery
from fanfare.domain.lifecycle import State
from fanfare.domain.outcomes import NO_WORD, Outcome, by_place
from fanfare.errors import NotFound
from fanfare.insight.messages import find_message
from fanfare.management.users import find_user
from fanfare.pagination import take
from fanfare.schemas.operations import DeliveryView, UserDeliveryView
from fanfare.signing.person_ids import is_person_id
from fanfare.store.audience import Audience
from fanfare.store.deliveries import Deliveries
from fanfare.store.messages import Messages
from fanfare.store.receipts import ReportedReceipts
from fanfare.store.recipients import RecipientEntry, RecipientList

BATCHES_A_CALL = 25
LOOK_AT = 10_000  # recipients read for one page with a filter: about 40 calls for the smallest batches
LOOK_AT_BATCHES = 50  # per call with a filter: their states fit one call, too
RECEIPTS_AT_ONCE = 2_500  # recipients: 50 batches of e-mail
# Outcomes for which a provider may send receipts
HANDED_OVER: Final = frozenset({Outcome.SENT, Outcome.FAILED, Outcome.IN_DOUBT})


@dataclass(frozen=True, kw_only=True)
class DeliveryFilter:
    """The recipients that a list shows. `receipt`: the one under which they count, or `no_word`."""

    status: str | None = None
    channel: str | None = None
    receipt: str | None = None

    def wants(self, entry: RecipientEntry, receipt: Receipt | None) -> bool:
        if self.channel not in (None, entry.channel) or self.status not in (None, entry.outcome.label):
            return False
        if self.receipt is None:
            return True
        return entry.outcome is Outcome.SENT and self.receipt == (receipt or NO_WORD)


ALL: Final = DeliveryFilter()


@dataclass(frozen=True, kw_only=True)
class ListMessageDeliveries:
    messages: Messages
    recipients: RecipientList
    deliveries: Deliveries
    reported: ReportedReceipts

    def run(
        self, message_id: str, only: DeliveryFilter, *, after: Sequence[int | str] | None, limit: int
    ) -> tuple[list[DeliveryView], Any]:
        """A page of a message's recipients, and the position to continue after. Raises NotFound.

        With a filter, a page may have fewer than `limit`, or none, and still continue: it reads at most `LOOK_AT`.
        """
        message = find_message(message_id, self.messages)
        size = BATCHES_A_CALL if only == ALL else LOOK_AT_BATCHES
        entries = self.recipients.entries(
            message.id, message.shards, after=after, size=size, deleted=message.state is State.DELETED
        )
        read = ((entry, None) for entry in entries) if only.receipt is None else self._read(message.id, entries)
        page, position = _page(read, only, limit)
        keys = {entry: (entry.user_id, message.id, entry.channel) for entry in page}
        records = self.deliveries.get_many(keys.values())
        receipts = self.deliveries.receipts(key for entry, key in keys.items() if entry.outcome in HANDED_OVER)
        views = [_view(entry, records.get(key), strongest(receipts.get(key, ()))) for entry, key in keys.items()]
        return views, position

    def _read(
        self, message_id: str, entries: Iterator[RecipientEntry]
    ) -> Iterator[tuple[RecipientEntry, Receipt | None]]:
        """Each entry with the receipt under which it counts, read for many batches at once."""
        while some := list(islice(entries, RECEIPTS_AT_ONCE)):
            batches = dict.fromkeys(_batch_of(entry) for entry in some)
            reported = self.reported.of_batches(message_id, [each for each in batches if each])
            strongest_by_place = {batch: by_place(each) for batch, each in reported.items()}
            for entry in some:
                yield entry, strongest_by_place.get(_batch_of(entry), {}).get(entry.position[2])


@dataclass(frozen=True, kw_only=True)
class ListUserDeliveries:
    audience: Audience
    deliveries: Deliveries

    def run(self, user_id: str, *, before: str | None, limit: int) -> tuple[list[UserDeliveryView], str | None]:
        """A page of a user's deliveries, newest first, and the position to continue before.

        Raises NotFound.
        """
        if not is_person_id(user_id):
            find_user(user_id, self.audience)
        elif not self.deliveries.any_of(user_id):
            raise NotFound("No such user.", code="user_not_found")
        page, position = take(self.deliveries.of_user(user_id, before=before), limit, lambda last: last[0])
        return [user_delivery_view(delivery) for _, delivery in page], position


def _batch_of(entry: RecipientEntry) -> str:
    """The id of the entry's batch; empty for who was skipped by the fan-out."""
    kind, _, batch_id = entry.position[1].partition("#")
    return batch_id if kind == "batch" else ""


def _page(
    entries: Iterable[tuple[RecipientEntry, Receipt | None]], only: DeliveryFilter, limit: int
) -> tuple[list[RecipientEntry], Any]:
    """Up to `limit` wanted entries, and the position of the last one read; None at the end."""
    page: list[RecipientEntry] = []
    position = None
    for looked, (entry, receipt) in enumerate(entries):
        wanted = only.wants(entry, receipt)
        if looked == LOOK_AT or (len(page) == limit and wanted):
            return page, position
        if wanted:
            page.append(entry)
        position = entry.position
    return page, None


def _view(entry: RecipientEntry, record: Delivery | None, receipt: Receipt | None) -> DeliveryView:
    """The outcome is from the batch. The record adds details only if it has the same outcome."""
    told = record if record is not None and record.status.label == entry.outcome.label else None
    return DeliveryView(
        user_id=entry.user_id,
        channel=entry.channel,
        status=entry.outcome.label,  # type: ignore[arg-type]
        reason=told.reason if told and told.reason else entry.reason,
        attempts=told.attempts if told else entry.attempts,
        provider_id=told.provider_id if told else None,
        receipt=receipt,
        digest_id=told.digest_id if told else None,
        updated_at=record.updated_at if record else None,
    )


def user_delivery_view(delivery: Delivery) -> UserDeliveryView:
    """The delivery as the API shows it to services and the user."""
    return UserDeliveryView(
        message_id=delivery.message_id,
        channel=delivery.channel,
        status=delivery.status.label,  # type: ignore[arg-type]
        reason=delivery.reason,
        attempts=delivery.attempts,
        provider_id=delivery.provider_id,
        receipt=delivery.receipt,
        digest_id=delivery.digest_id,
        updated_at=delivery.updated_at,
    )
