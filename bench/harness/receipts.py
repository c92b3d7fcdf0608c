"""What receipts take: a provider reports of each mail of a message, in events of 100, in any order."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from fanfare.clock import to_text
from fanfare.insight.deliveries import DeliveryFilter, ListMessageDeliveries
from fanfare.insight.messages import ReadMessages
from fanfare.pipeline.record_receipts import RecordReceipts, read
from fanfare.store.audience.confirmation_mails import ConfirmationMails
from fanfare.store.receipts import ReportedReceipts
from fanfare.store.recipients import RecipientList

from bench.harness.deployment import NOW, Bench
from testing.memory_aws.calls import Usage

AT_ONCE: Final = 100  # receipts per invocation of `record_receipt`
Kind = Mapping[str, Any]  # of an event: what SES says in `detail`
BUDGETS: Final = {"write_units": 0.25, "write_units_to_one": 1.0}
DELIVERED: Final[Kind] = {"eventType": "Delivery"}
BOUNCED: Final[Kind] = {"eventType": "Bounce", "bounce": {"bounceType": "Permanent", "bounceSubType": "General"}}
COMPLAINED: Final[Kind] = {"eventType": "Complaint"}


class Reporting(Bench):
    """A message without a limit, and the tags of its mails."""

    def __init__(self, recipients: int) -> None:
        super().__init__(recipients, limit=None)
        self.tags: list[dict[str, list[str]]] = []
        self.aws.taken = self._taken
        self.record = RecordReceipts(
            deliveries=self.deliveries,
            reported=ReportedReceipts(self.table("batches")),
            batches=self.batches,
            audience=self.audience,
            confirmations=ConfirmationMails(self.audience.table),
            clock=self.clock,
            retention=timedelta(days=30),
        )

    def _taken(self, entry: Any) -> None:
        self.tags.append({tag["Name"]: [tag["Value"]] for tag in entry["ReplacementTags"]})

    @property
    def message_id(self) -> str:
        return self.tags[0]["message_id"][0]

    def event(self, mail: int, kind: Kind) -> dict[str, Any]:
        """As the queue delivers it."""
        detail = {**kind, "mail": {"messageId": "0" * 60, "tags": self.tags[mail]}}
        return {"source": "aws.ses", "time": to_text(NOW), "detail": detail}

    def report(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Record the receipts in these events."""
        reports = [found for event in events if (found := read(event)) is not None]
        for start in range(0, len(reports), AT_ONCE):
            self.record.run(reports[start : start + AT_ONCE])

    def counted(self) -> Mapping[str, int]:
        """The receipts that the API shows."""
        view = ReadMessages(messages=self.messages, batches=self.batches, clock=self.clock).get(self.message_id)
        return view.receipts.model_dump()

    def listed(self, receipt: str) -> int:
        """How many deliveries the API lists under a receipt, page by page."""
        deliveries = ListMessageDeliveries(
            messages=self.messages,
            recipients=RecipientList(self.batches.items),
            deliveries=self.deliveries,
            reported=self.record.reported,
        )
        found, position = 0, None
        while True:
            page, position = deliveries.run(self.message_id, DeliveryFilter(receipt=receipt), after=position, limit=100)
            found += len(page)
            if position is None:
                return found


def in_any_order(events: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The events in an order that is the same in each run."""
    drawn = [*events]
    random.Random(7).shuffle(drawn)  # noqa: S311 - to be the same each time
    return drawn


def measured(recipients: int, *, kind: Kind = DELIVERED) -> Usage:
    """What one receipt for each mail of a message takes."""
    bench = Reporting(recipients)
    bench.run()
    before = replace(bench.memory.usage, **{name: Counter(used) for name, used in vars(bench.memory.usage).items()})
    bench.report(in_any_order(bench.event(mail, kind) for mail in range(recipients)))
    after = bench.memory.usage
    return Usage(
        calls=after.calls - before.calls,
        write_units=after.write_units - before.write_units,
        read_units=after.read_units - before.read_units,
    )


def measure_receipts(recipients: int = 1_000) -> dict[str, float]:
    """Write units of a receipt, in addition to its own record: of a message to so many, and to one person."""
    many, one = measured(recipients), measured(1)
    return {"write_units": many.write_units["batches"] / recipients, "write_units_to_one": one.write_units["batches"]}


def exceeded_by_receipts(figures: Mapping[str, float]) -> list[str]:
    """The exceeded budgets."""
    return [
        f"receipts: {name}: {figures[name]}; the budget is {most}"
        for name, most in BUDGETS.items()
        if figures[name] > most
    ]
