"""A list with a filter does so much for a page, and no more, however little it finds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fanfare.aws.dynamodb import DynamoTable
from fanfare.channels.receipts import Receipt, ReceiptEvent
from fanfare.clock import to_text
from fanfare.domain.catalogue import Topic
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Payload
from fanfare.ids import new_message_id
from fanfare.insight.deliveries import DeliveryFilter, ListMessageDeliveries
from fanfare.store.batches.items import BatchItems
from fanfare.store.catalogue import Catalogue
from fanfare.store.deliveries import Deliveries
from fanfare.store.messages import MessageFilter, Messages
from fanfare.store.receipts import ReportedReceipts
from fanfare.store.recipients import RecipientList

from testing.memory_aws.aws import Memory

NOW = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)
FAILED = DeliveryFilter(status="failed")


@pytest.fixture
def memory() -> Memory:
    return Memory(lambda: NOW, metered=False)


def table(memory: Memory, name: str) -> DynamoTable:
    dynamodb: Any = memory.dynamodb
    return DynamoTable(dynamodb, name)


def post(memory: Memory, number: int, state: State = State.SENT, *, template: str | None = None) -> str:
    at = NOW + timedelta(seconds=number)
    message = Message(
        id=new_message_id(at),
        state=state,
        caller="orders",
        topic="news",
        template={"id": template, "version": 1} if template else None,
        channels=("sms",),
        priority="normal",
        on_doubt="resend",
        shards=1,
        created_at=to_text(at),
        send_at=None,
        expires_at=None,
        retain_until=2_000_000_000,
    )
    Messages(table(memory, "messages")).accept(message, Payload(), idempotency_key=None, fingerprint="")
    return message.id


def messages(memory: Memory, limit: int, **filters: Any) -> tuple[list[str], list[int]]:
    """The ids that are listed, and the calls that each page took."""
    found: list[str] = []
    took: list[int] = []
    position: str | None = None
    while True:
        memory.usage.calls.clear()
        listing = Messages(table(memory, "messages")).listing
        page, position = listing.recent(before=position, limit=limit, only=MessageFilter(**filters))
        found += [message.id for message in page]
        took.append(memory.usage.calls.total())
        if position is None:
            return found, took


CROWD = 12_000  # messages: more than a page looks at
APART = 997  # of so many, one has failed


@pytest.fixture(scope="module")
def crowd() -> tuple[Memory, list[str]]:
    """Many messages, and the ids of the few that have failed, the newest first."""
    memory = Memory(lambda: NOW, metered=False)
    failed = []
    for number in range(CROWD):
        if number % APART:
            post(memory, number)
        else:
            failed.append(post(memory, number, State.FAILED))
    return memory, failed[::-1]


@pytest.mark.parametrize("limit", [1, 50, 100])
def test_messages_that_nobody_finds_take_a_few_calls(crowd: tuple[Memory, list[str]], limit: int) -> None:
    memory, _ = crowd
    found, took = messages(memory, limit, state="deleted")
    assert found == []
    assert took == [20, 8]  # five looks at each of four shards; then the rest


@pytest.mark.parametrize("limit", [2])
def test_few_among_many_messages_are_listed_once_and_no_page_looks_further_than_another(
    crowd: tuple[Memory, list[str]], limit: int
) -> None:
    memory, failed = crowd
    found, took = messages(memory, limit, state="failed")
    assert found == failed
    assert len(took) > 1
    assert max(took) <= 25


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_pages_of_any_size_list_all_messages_that_are_wanted_once(memory: Memory, limit: int) -> None:
    every = [(post(memory, number, state), state) for number, state in enumerate([State.SENT, State.FAILED] * 40)]
    for asked in ({"state": "failed"}, {"topic": "news"}, {}):
        wanted = [message_id for message_id, state in every if asked.get("state") in (None, state)]
        assert messages(memory, limit, **asked)[0] == wanted[::-1]


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_messages_are_listed_by_template_and_time(memory: Memory, limit: int) -> None:
    ids = [post(memory, number, template="receipt" if number % 3 else None) for number in range(30)]
    start, end = NOW + timedelta(seconds=10), NOW + timedelta(seconds=20)
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({"created_after": start}, [*range(10, 30)]),  # at this time or later
        ({"created_before": end}, [*range(20)]),
        ({"created_after": start, "created_before": end}, [*range(10, 20)]),
        ({"created_after": start + timedelta(milliseconds=1), "created_before": end}, [*range(11, 20)]),
        ({"created_after": end, "created_before": start}, []),
        ({"template": "receipt", "created_before": start}, [1, 2, 4, 5, 7, 8]),
        ({"template": "other"}, []),
    ]
    for filters, wanted in cases:
        assert messages(memory, limit, **filters)[0] == [ids[number] for number in reversed(wanted)], filters


def test_messages_of_a_time_long_ago_are_found_without_those_since(crowd: tuple[Memory, list[str]]) -> None:
    memory, failed = crowd
    found, took = messages(memory, 100, created_before=NOW + timedelta(seconds=1))
    assert found == failed[-1:]
    assert took == [5]  # four shards of the index, and the message


def recipients(memory: Memory, message_id: str, codes: Sequence[str]) -> None:
    """A settled batch for each of the codes."""
    items = []
    for number, each in enumerate(codes):
        name = f"0000-{number:06d}-00"
        people = [f"user-{number}-{place}" for place in range(len(each))]
        items.append({"pk": f"{message_id}#0", "sk": f"batch#{name}", "channel": "sms", "recipients": people})
        items.append({"pk": f"{message_id}#0", "sk": f"done#{name}", "codes": each})
    table(memory, "batches").write_many(items)


def deliveries(
    memory: Memory, message_id: str, limit: int, only: DeliveryFilter = FAILED
) -> tuple[list[str], list[int]]:
    """The recipients that are listed, and the calls that each page took."""
    found: list[str] = []
    took: list[int] = []
    position: Any = None
    lists = ListMessageDeliveries(
        messages=Messages(table(memory, "messages")),
        recipients=RecipientList(BatchItems(table(memory, "batches"), table(memory, "messages"))),
        deliveries=Deliveries(table(memory, "deliveries")),
        reported=ReportedReceipts(table(memory, "batches")),
    )
    while True:
        memory.usage.calls.clear()
        page, position = lists.run(message_id, only, after=position, limit=limit)
        found += [view.user_id for view in page]
        took.append(memory.usage.calls.total())
        if position is None:
            return found, took


def test_a_page_of_deliveries_ends_where_it_has_looked_at_so_many(memory: Memory) -> None:
    message_id = post(memory, 0)
    recipients(memory, message_id, ["S" * 10] * 2_500 + ["SSF"])
    found, took = deliveries(memory, message_id, 50)
    assert found == ["user-2500-2"]
    assert len(took) == 3
    assert max(took) <= 45


@pytest.mark.parametrize("limit", [1, 2, 5, 50])
def test_pages_of_any_size_list_everybody_who_is_wanted_once(memory: Memory, limit: int) -> None:
    message_id = post(memory, 0)
    recipients(memory, message_id, ["SFS", "F", "SSSS", "FF", "S"])
    assert deliveries(memory, message_id, limit)[0] == ["user-0-1", "user-1-0", "user-3-0", "user-3-1"]


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_those_about_the_place_where_a_page_ends_are_listed_once(memory: Memory, limit: int) -> None:
    message_id = post(memory, 0)
    around = ["S" * 8 + "FF", "FF" + "S" * 8]  # a page looks at ten thousand recipients
    recipients(memory, message_id, ["S" * 10] * 999 + around + ["S" * 10] * 999 + around)
    found, _ = deliveries(memory, message_id, limit)
    batches = [(999, 8), (999, 9), (1000, 0), (1000, 1), (2000, 8), (2000, 9), (2001, 0), (2001, 1)]
    assert found == [f"user-{batch}-{place}" for batch, place in batches]


def report(memory: Memory, message_id: str, batch: int, place: int, receipt: Receipt) -> None:
    found = ReceiptEvent(
        message_id=message_id,
        user_id=f"user-{batch}-{place}",
        channel="email",
        receipt=receipt,
        at=NOW,
        batch_id=f"0000-{batch:06d}-00",
        place=place,
    )
    ReportedReceipts(table(memory, "batches")).add([found], retain_until=2_000_000_000)


@pytest.mark.parametrize("limit", [1, 50])
def test_recipients_are_listed_by_the_receipt_under_which_they_count(memory: Memory, limit: int) -> None:
    message_id = post(memory, 0)
    recipients(memory, message_id, ["SFS", "F", "SSSS", "S"])
    for batch, place, receipt in (
        (0, 0, Receipt.DELIVERED),
        (0, 1, Receipt.DELIVERED),  # it failed, as far as we know: it counts under no receipt
        (2, 1, Receipt.DELIVERED),
        (2, 1, Receipt.COMPLAINED),
        (2, 3, Receipt.BOUNCED_SOFT),
        (2, 3, Receipt.DELAYED),
    ):
        report(memory, message_id, batch, place, receipt)
    listed = {
        name: deliveries(memory, message_id, limit, DeliveryFilter(receipt=name))[0]
        for name in ("delivered", "complained", "bounced_soft", "delayed", "no_word")
    }
    assert listed == {
        "delivered": ["user-0-0"],
        "complained": ["user-2-1"],
        "bounced_soft": ["user-2-3"],
        "delayed": [],
        "no_word": ["user-0-2", "user-2-0", "user-2-2", "user-3-0"],
    }


def test_few_bounces_in_a_large_message_are_found_with_few_calls(memory: Memory) -> None:
    message_id = post(memory, 0)
    recipients(memory, message_id, ["S" * 50] * 99)
    report(memory, message_id, 98, 49, Receipt.BOUNCED)
    found, took = deliveries(memory, message_id, 50, DeliveryFilter(receipt="bounced"))
    assert found == ["user-98-49"]
    assert max(took) <= 12


def test_topics_that_people_are_not_shown_are_read_many_a_call(memory: Memory) -> None:
    at = to_text(NOW)
    catalogue = Catalogue(table(memory, "catalogue"))
    for number in range(500):
        topic = Topic(id=f"t{number:03d}", title="T", public=number == 499, created_at=at, updated_at=at)
        catalogue.put_topic(topic)
    memory.usage.calls.clear()
    assert [topic.id for topic in catalogue.topics(after=None, limit=1, public=True)] == ["t499"]
    assert memory.usage.calls.total() <= 6
