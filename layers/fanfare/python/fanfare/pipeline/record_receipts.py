"""Records receipts of providers: delivered, bounced, complained. They resolve doubts and cause suppressions.

Receipts may repeat, arrive out of order, and arrive before our own record of the delivery. Each is stored
separately, and nothing here depends on earlier ones.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from fanfare.channels import CHANNELS
from fanfare.channels.receipts import Bounce, Receipt, ReceiptEvent
from fanfare.clock import Clock, from_text, to_text
from fanfare.data_classes import dataclass
from fanfare.domain.audience import User
from fanfare.domain.message import people_of
from fanfare.pipeline.bounces import Undelivered, cause_of
from fanfare.pipeline.refusals import stop
from fanfare.signing.person_ids import is_person_id
from fanfare.store.audience import Audience
from fanfare.store.audience.confirmation_mails import ConfirmationMails
from fanfare.store.batches import Batches
from fanfare.store.deliveries import Deliveries
from fanfare.store.receipts import ReportedReceipts

log = logging.getLogger(__name__)

# Causes of a suppression at once
OF_RECEIPT: Final = {Receipt.COMPLAINED: "complaint", Receipt.OPTED_OUT: "opt_out"}
OF_BOUNCE: Final = {
    Bounce.NO_MAILBOX: "bounce",
    Bounce.ON_ACCOUNT_LIST: "account_list",
    Bounce.UNSUBSCRIBED: "opt_out",
}
MEMORY: Final = timedelta(days=180)  # of bounces
# SES tries for 14 hours at most, then it reports a bounce. https://docs.aws.amazon.com/ses/latest/dg/send-email-concepts-deliverability.html
SILENT: Final = timedelta(days=1)
CONFIRMATION: Final = "confirmation-"  # before the id of a confirmation mail
SHARED: Final = 20  # users of one address whose deliveries are read


def read(event: Mapping[str, Any]) -> ReceiptEvent | None:
    """The receipt in a provider's event; None if the event is not about one of our deliveries. Raises KeyError if no
    channel reads events of its source."""
    readers = [channel.read_receipt for channel in CHANNELS.values() if channel.receipt_source == event["source"]]
    if not readers:
        raise KeyError(event["source"])
    return next((found for reader in readers if (found := reader(event)) is not None), None)


@dataclass(frozen=True, kw_only=True)
class RecordReceipts:
    """`deliveries_reported`: the provider reports them; otherwise an automatic reply looks like a bounce.

    `recorded` is called with receipts after they are stored.
    """

    deliveries: Deliveries
    reported: ReportedReceipts
    batches: Batches
    audience: Audience
    confirmations: ConfirmationMails
    clock: Clock
    retention: timedelta
    deliveries_reported: bool = True
    recorded: Callable[[Sequence[ReceiptEvent]], None] | None = None

    def run(self, reports: Sequence[ReceiptEvent]) -> Counter[str]:
        """Store the receipts and suppress addresses if necessary. Returns the number of receipts by kind."""
        now = self.clock()
        ours = [each for each in reports if not each.confirmation]
        retain_until = int((now + self.retention).timestamp())
        self.deliveries.record_receipts(ours, retain_until=retain_until)
        self.reported.add(ours, retain_until=retain_until)
        serious = [each for each in reports if each.receipt in OF_RECEIPT or each.bounce is not None]
        users = self._users([each for each in serious if not each.confirmation])
        for report in serious:
            if report.confirmation:
                address = self.confirmations.address_of(report)
            else:
                address = _present_address(report, users.get((report.message_id, report.user_id)))
            cause = self._cause(report, address) if address is not None else None
            if address is not None and cause is not None:
                self.audience.suppressions.add(report.channel, address, cause, at=to_text(now))
                if report.receipt is Receipt.OPTED_OUT:
                    stop(report.user_id, report.channel, report.message_id, audience=self.audience)
                log.info("suppressed", extra={"user_id": report.user_id, "channel": report.channel, "cause": cause})
        if self.recorded is not None and ours:
            self.recorded(ours)
        return Counter(report.receipt.value for report in reports)

    def _users(self, reports: Sequence[ReceiptEvent]) -> dict[tuple[str, str], User]:
        """(Message id, user id) → the recipient, stored or by address. Erased ones are left out."""
        names = {each.user_id for each in reports if not is_person_id(each.user_id)}
        users = self.audience.users.get_many(names) if names else {}
        found = {(each.message_id, each.user_id): users[each.user_id] for each in reports if each.user_id in users}
        of_people = {
            (each.message_id, each.batch_id) for each in reports if each.batch_id and each.user_id not in names
        }
        batches = self.batches.recipients(of_people) if of_people else {}
        for (message_id, _), own in self.batches.own.read(batches.values()).items():
            for user_id, profile in people_of(own, own).items():
                found[message_id, user_id] = User(id=user_id, profile=profile, by_address=True)
        return found

    def _cause(self, report: ReceiptEvent, address: str) -> str | None:
        """The cause for which to suppress the address; None if it is not suppressed."""
        if report.bounce is None:
            return OF_RECEIPT[report.receipt]
        if report.bounce in OF_BOUNCE:
            return OF_BOUNCE[report.bounce]
        if report.bounce is Bounce.CONTENT:
            return None
        if report.bounce is Bounce.SOFT_OR_REPLY and not self.deliveries_reported:
            return None
        return self._cause_of_row(report, address)

    def _cause_of_row(self, report: ReceiptEvent, address: str) -> str | None:
        """Note the bounce, and decide by all messages since the last one that arrived at the address."""
        noted = self.audience.suppressions.note_bounce(
            report.channel,
            address,
            report.message_id if not report.confirmation else f"{CONFIRMATION}{report.user_id}",
            permanent=report.bounce is Bounce.PERMANENT,
            at=to_text(report.at),
            forget=int((report.at + MEMORY).timestamp()),
        )
        row = [Undelivered(message, from_text(at), permanent) for message, (at, permanent) in noted.items()]
        if not report.confirmation:
            earlier = [each.message_id for each in _deliveries(row) if each.message_id < report.message_id]
            since = max(earlier, default=report.message_id)  # what came before was looked at when that one bounced
            row = self._since_it_was_alive(report, address, row, report.user_id, since)
        row = _without_gaps(row, self.retention)
        if cause_of(row) is None:
            return None
        first = min((each.message_id for each in _deliveries(row)), default=None)
        for other in self.audience.users.at_address(report.channel, address)[:SHARED]:
            if other != report.user_id:
                row = self._since_it_was_alive(report, address, row, other, first)
        return cause_of(row)

    def _since_it_was_alive(
        self, report: ReceiptEvent, address: str, row: list[Undelivered], user_id: str, since: str | None
    ) -> list[Undelivered]:
        """The part of the row after the last message to the user that arrived. The rest is forgotten."""
        silent_before = to_text(self.clock() - SILENT)
        alive = self.deliveries.last_alive(user_id, report.channel, since=since, silent_before=silent_before)
        if alive is None:
            return row
        after = [each for each in _deliveries(row) if each.message_id > alive]
        before = [each.message_id for each in row if each not in after]
        if before:
            self.audience.suppressions.forget_bounces(report.channel, address, before)
        return after


def _deliveries(row: Iterable[Undelivered]) -> list[Undelivered]:
    """The messages, without confirmation mails."""
    return [each for each in row if not each.message_id.startswith(CONFIRMATION)]


def _without_gaps(row: Sequence[Undelivered], retention: timedelta) -> list[Undelivered]:
    """The last messages of the row without a gap in which records of deliveries have been removed."""
    kept: list[Undelivered] = []
    for each in sorted(row, key=lambda each: each.at):
        if kept and each.at - kept[-1].at > retention + SILENT:
            kept = []
        kept.append(each)
    return kept


def _present_address(report: ReceiptEvent, user: User | None) -> str | None:
    """The user's address; None if the user was erased, or the receipt is about an earlier or later address."""
    if user is None or (report.address_no is not None and report.address_no != user.readdressed.get(report.channel, 0)):
        return None
    return CHANNELS[report.channel].identity(user.profile)
