"""Bounces suppress the dead and spare the living: 13 kinds of mailbox, 7 frequencies, 90 days."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

import pytest
from fanfare.aws.dynamodb import DynamoTable
from fanfare.channels.receipts import Bounce, Receipt, ReceiptEvent
from fanfare.clock import to_text
from fanfare.domain.delivery import Delivery
from fanfare.domain.outcomes import Outcome
from fanfare.pipeline.bounces import Undelivered, cause_of
from fanfare.pipeline.record_receipts import RecordReceipts
from fanfare.store.audience import Audience
from fanfare.store.audience.confirmation_mails import ConfirmationMails
from fanfare.store.batches import Batches
from fanfare.store.deliveries import Deliveries
from fanfare.store.receipts import ReportedReceipts

from testing.memory_aws.aws import Memory

START: Final = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)
DAYS: Final = 90
RETENTION: Final = timedelta(days=30)
DELIVERED = (Receipt.DELIVERED, None)
Told = tuple[tuple[Receipt, Bounce | None], ...]  # what SES reports of one mail, in order


def soft(bounce: Bounce) -> tuple[Receipt, Bounce]:
    return Receipt.BOUNCED_SOFT, bounce


def hard(bounce: Bounce) -> tuple[Receipt, Bounce]:
    return Receipt.BOUNCED, bounce


def during(first: float, last: float, trouble: Told) -> Callable[[float, int], Told]:
    """Fine, but for these days."""
    return lambda day, _: trouble if first <= day < last else (DELIVERED,)


# What SES reports by day and number of the mail. What the subtypes mean:
# https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
LIVING: Final[Mapping[str, Callable[[float, int], Told]]] = {
    "well": lambda _, __: (DELIVERED,),
    # https://repost.aws/knowledge-center/ses-understand-soft-bounces: out of office is Transient/General
    "away for three weeks": during(10, 31, (DELIVERED, soft(Bounce.SOFT_OR_REPLY))),
    "full for three days": during(20, 23, (soft(Bounce.SOFT),)),
    "full for six days": during(20, 26, (soft(Bounce.SOFT),)),
    "rejects the content of every second mail": lambda _, number: (
        (soft(Bounce.CONTENT),) if number % 2 else (DELIVERED,)
    ),
    "takes no mail so large": lambda _, __: (soft(Bounce.CONTENT),),
    "on a server that is down for five days": during(40, 45, ((Receipt.DELAYED, None), soft(Bounce.SOFT_OR_REPLY))),
    "on a server that knows nobody for six hours": during(28, 28.3, (hard(Bounce.PERMANENT),)),
    "undetermined every third time": lambda _, number: (DELIVERED,) if number % 3 else (soft(Bounce.SOFT),),
}
DEAD: Final[Mapping[str, Callable[[float, int], Told]]] = {
    "never was": lambda _, __: (hard(Bounce.NO_MAILBOX),),
    "unknown user": lambda _, __: (hard(Bounce.PERMANENT),),
    "abandoned and full": lambda _, __: (soft(Bounce.SOFT),),
    "on a domain that is gone": lambda _, __: ((Receipt.DELAYED, None), soft(Bounce.SOFT_OR_REPLY)),
}
EVERY_HOURS: Final = (12, 24, 48, 84, 168, 336, 720)


@dataclass
class World:
    """Receipts of one person with one address, recorded for real."""

    deliveries_reported: bool = True
    now: datetime = START
    numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        memory = Memory(lambda: self.now, metered=False)
        client: Any = memory.dynamodb
        self.audience = Audience(DynamoTable(client, "audience"))
        self.deliveries = Deliveries(DynamoTable(client, "deliveries"))
        self.record = RecordReceipts(
            deliveries=self.deliveries,
            reported=ReportedReceipts(DynamoTable(client, "batches")),
            batches=Batches(DynamoTable(client, "batches"), DynamoTable(client, "messages")),
            audience=self.audience,
            confirmations=ConfirmationMails(self.audience.table),
            clock=lambda: self.now,
            retention=RETENTION,
            deliveries_reported=self.deliveries_reported,
        )
        self.audience.users.put("ada", {"email": "ada@example.com"})
        self.sent: list[tuple[str, datetime]] = []

    def cause(self) -> str | None:
        found = self.audience.suppressions.get("email", "ada@example.com")
        return found.cause if found else None

    def send(self, user: str = "ada") -> str:
        message = f"{int(self.now.timestamp()):012d}-{next(self.numbers):06d}"  # sorts by time, like our ids
        self.sent.append((message, self.now))
        self.deliveries.record(
            [
                Delivery(
                    message_id=message,
                    user_id=user,
                    channel="email",
                    batch_id="b",
                    status=Outcome.SENT,
                    updated_at=to_text(self.now),
                    retain_until=int((self.now + RETENTION).timestamp()),
                )
            ]
        )
        return message

    def report(self, message: str, *told: tuple[Receipt, Bounce | None], user: str = "ada") -> None:
        for receipt, bounce in told:
            if receipt is Receipt.DELIVERED and not self.deliveries_reported:
                continue
            self.record.run(
                [
                    ReceiptEvent(
                        message_id=message, user_id=user, channel="email", receipt=receipt, at=self.now, bounce=bounce
                    )
                ]
            )

    def forget(self) -> None:
        """Remove the deliveries whose retention has ended, as TTL does."""
        while self.sent and self.sent[0][1] + RETENTION < self.now:
            message, _ = self.sent.pop(0)
            rows = [f"{message}#email", *(f"{message}#email#{kind}" for kind in Receipt)]
            self.deliveries.table.write_many([], deletes=[("user#ada", row) for row in rows])


def after_ninety_days(
    mailbox: Callable[[float, int], Told], hours: int, *, deliveries_reported: bool = True
) -> str | None:
    """The cause for which the mailbox is suppressed in the end, if it is."""
    world = World(deliveries_reported)
    for number in range(DAYS * 24 // hours):
        world.now = START + number * timedelta(hours=hours)
        world.forget()
        if world.cause() is None:
            message = world.send()
            world.now += timedelta(minutes=1)
            world.report(message, *mailbox(number * hours / 24, number))
    return world.cause()


@pytest.mark.parametrize("kind", LIVING)
def test_no_living_mailbox_is_suppressed_at_any_frequency(kind: str) -> None:
    assert {hours: after_ninety_days(LIVING[kind], hours) for hours in EVERY_HOURS} == dict.fromkeys(EVERY_HOURS)


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("never was", "bounce"),
        ("unknown user", "bounce"),
        ("abandoned and full", "soft_bounces"),
        ("on a domain that is gone", "soft_bounces"),
    ],
)
def test_every_dead_mailbox_is_suppressed_at_every_frequency(kind: str, cause: str) -> None:
    assert {hours: after_ninety_days(DEAD[kind], hours) for hours in EVERY_HOURS} == dict.fromkeys(EVERY_HOURS, cause)


@pytest.mark.parametrize("kind", LIVING)
def test_none_is_if_the_provider_reports_no_deliveries(kind: str) -> None:
    found = {hours: after_ninety_days(LIVING[kind], hours, deliveries_reported=False) for hours in EVERY_HOURS}
    assert found == dict.fromkeys(EVERY_HOURS)


@pytest.mark.parametrize("kind", DEAD)
def test_without_reports_of_deliveries_only_a_bounce_like_a_reply_is_no_evidence(kind: str) -> None:
    found = {hours: after_ninety_days(DEAD[kind], hours, deliveries_reported=False) for hours in EVERY_HOURS}
    assert all(cause is None for cause in found.values()) is (kind == "on a domain that is gone")
    assert all(found.values()) is (kind != "on a domain that is gone")


def row(*when: float, permanent: bool = False) -> list[Undelivered]:
    return [Undelivered(f"m{number}", START + timedelta(days=day), permanent) for number, day in enumerate(when)]


@pytest.mark.parametrize(
    ("bounced", "cause"),
    [
        ([], None),
        (row(0, 3, 6.99), None),
        (row(0, 3, 7), "soft_bounces"),
        (row(0, 7), None),
        (row(0, 60), None),
        (row(7, 0, 3), "soft_bounces"),  # in any order
        (row(0, 30, 60), "soft_bounces"),
        (row(*[each / 10 for each in range(60)]), None),  # sixty in six days
        (row(0, permanent=True), None),
        (row(0, 0.99, permanent=True), None),
        (row(0, 1, permanent=True), "bounce"),
        ([*row(0, permanent=True), *row(1)], None),
        ([*row(0, permanent=True), *row(3, 7)], "soft_bounces"),
    ],
)
def test_a_row_suppresses_by_number_and_time(bounced: list[Undelivered], cause: str | None) -> None:
    assert cause_of(bounced) == cause


AT_ONCE = [
    (hard(Bounce.NO_MAILBOX), "bounce"),
    (hard(Bounce.ON_ACCOUNT_LIST), "account_list"),
    (hard(Bounce.UNSUBSCRIBED), "opt_out"),
    ((Receipt.COMPLAINED, None), "complaint"),
    (hard(Bounce.PERMANENT), None),
    (soft(Bounce.SOFT), None),
    (soft(Bounce.SOFT_OR_REPLY), None),
    (soft(Bounce.CONTENT), None),
]


@pytest.mark.parametrize(("told", "cause"), AT_ONCE)
def test_what_suppresses_at_once(told: tuple[Receipt, Bounce | None], cause: str | None) -> None:
    world = World()
    world.report(world.send(), told)
    assert world.cause() == cause


def bounces(world: World, *days: float, told: tuple[Receipt, Bounce | None] = soft(Bounce.SOFT)) -> list[str]:
    """A mail on each of these days, which bounces."""
    messages = []
    for day in days:
        world.now = START + timedelta(days=day)
        messages.append(world.send())
        world.report(messages[-1], told)
    return messages


def test_a_delivery_in_between_begins_a_new_row() -> None:
    world = World()
    bounces(world, 0, 4)
    world.now = START + timedelta(days=5)
    world.report(world.send(), DELIVERED)
    bounces(world, 8, 12)
    assert world.cause() is None
    bounces(world, 15)
    assert world.cause() == "soft_bounces"


def test_a_bounce_that_is_told_again_counts_once() -> None:
    world = World()
    first, _ = bounces(world, 0, 8)
    world.report(first, soft(Bounce.SOFT))
    assert world.cause() is None


def test_a_delivery_that_is_told_of_after_the_bounce_of_the_same_mail_counts() -> None:
    world = World()
    for day in (0, 4, 8, 12):
        (message,) = bounces(world, day, told=soft(Bounce.SOFT_OR_REPLY))
        world.report(message, DELIVERED)
    assert world.cause() is None


def test_mail_to_another_user_of_the_address_shows_that_it_lives() -> None:
    world = World()
    world.audience.users.put("countess", {"email": "Ada@example.com"})
    bounces(world, 0, 4)
    world.report(world.send("countess"), DELIVERED, user="countess")
    bounces(world, 8, 12)
    assert world.cause() is None


def test_after_the_suppression_is_removed_the_row_begins_anew() -> None:
    world = World()
    bounces(world, 0, 4, 8)
    assert world.cause() == "soft_bounces"
    world.audience.suppressions.remove("email", "ada@example.com")
    bounces(world, 9, 13)
    assert world.cause() is None


def test_mail_whose_records_are_gone_makes_no_row() -> None:
    """Between the two there may have been deliveries: nobody knows any more."""
    world = World()
    bounces(world, 0, 1)
    world.now = START + timedelta(days=40)
    world.forget()
    bounces(world, 40, 41)
    assert world.cause() is None
