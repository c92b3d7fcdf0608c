"""SQS → record_receipt: what a provider reported is found with the delivery, and holds for the next message."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from fanfare.channels.receipts import Receipt
from fanfare.runtime import stores

from functions.record_receipt.handler import handler
from tests.integration.conftest import Aws, Clock
from tests.integration.pipeline import Context

SAMPLE = json.loads((Path(__file__).parents[2] / "events" / "record_receipt.json").read_text())
MESSAGE = "01941f29-7c00-7abc-8def-0123456789ab"
KEY = ("ada", MESSAGE, "email")


@pytest.fixture
def ada(aws: Aws) -> str:
    """Somebody who has an address."""
    stores.audience().users.put("ada", {"email": "Ada@Example.com"})
    return "ada"


def reporting(*kinds: str, bounce: str = "Permanent", message: str = MESSAGE, address_no: int = 0) -> dict[str, Any]:
    """The sample event, with a record for each kind."""
    records = []
    for number, kind in enumerate(kinds):
        record = copy.deepcopy(SAMPLE["Records"][0])
        body = json.loads(record["body"])
        body["detail"] |= {"eventType": kind, "bounce": {"bounceType": bounce, "bounceSubType": "General"}}
        body["detail"]["mail"]["tags"]["message_id"] = [message]
        body["detail"]["mail"]["tags"]["address_no"] = [str(address_no)]
        records.append({**record, "messageId": f"record-{number}", "body": json.dumps(body)})
    return {"Records": records}


def record(event: dict[str, Any]) -> list[str]:
    """The ids of the records that were not taken."""
    answer = handler(event, Context())
    return [str(each["itemIdentifier"]) for each in answer["batchItemFailures"]]


def known() -> set[Receipt]:
    return set(stores.deliveries().receipts([KEY]).get(KEY, {}))


def test_a_hard_bounce_is_recorded_and_its_address_suppressed(ada: str) -> None:
    assert record(SAMPLE) == []
    assert known() == {Receipt.BOUNCED}
    found = stores.audience().suppressions.get("email", "ada@example.com")
    assert found is not None
    assert found.cause == "bounce"
    assert stores.audience().users.get_many([ada])[ada].suppressed == {"email": "bounce"}


def test_a_complaint_suppresses_and_the_first_cause_stays(ada: str) -> None:
    record(reporting("Complaint"))
    record(SAMPLE)
    assert stores.audience().users.get_many([ada])[ada].suppressed == {"email": "complaint"}


def test_receipts_that_repeat_or_come_out_of_order_are_the_same_facts(ada: str) -> None:
    assert record(reporting("Delivery", "DeliveryDelay", "Delivery")) == []
    assert record(reporting("DeliveryDelay")) == []
    assert known() == {Receipt.DELIVERED, Receipt.DELAYED}
    assert stores.audience().users.get_many([ada])[ada].suppressed == {}


def bounce_softly(number: int, at: Clock) -> None:
    """The mail of one message comes back, for now."""
    event = reporting("Bounce", bounce="Transient", message=f"01941f29-7c00-7abc-8def-{number:012d}")
    event["Records"][0]["body"] = event["Records"][0]["body"].replace("2027-01-01T08:00:07Z", at().isoformat())
    record(event)


def test_the_fifth_message_that_bounces_softly_suppresses(ada: str, clock: Clock) -> None:
    for number in range(4):
        bounce_softly(number, clock)
    assert stores.audience().users.get_many([ada])[ada].suppressed == {}
    bounce_softly(4, clock)
    assert stores.audience().users.get_many([ada])[ada].suppressed == {"email": "soft_bounces"}


def test_a_soft_bounce_that_is_told_of_again_counts_once(ada: str, clock: Clock) -> None:
    for _ in range(6):
        bounce_softly(0, clock)
    assert stores.audience().users.get_many([ada])[ada].suppressed == {}


def test_soft_bounces_count_for_thirty_days(ada: str, clock: Clock) -> None:
    for number in range(8):
        bounce_softly(number, clock)
        clock.advance(days=10)
    assert stores.audience().users.get_many([ada])[ada].suppressed == {}


@pytest.mark.parametrize("kind", ["Bounce", "Complaint"])
def test_what_was_sent_to_an_address_before_says_nothing_of_the_one_after(ada: str, kind: str) -> None:
    for address in ("ada@example.org", None, "ada@example.net"):
        stores.audience().users.put(ada, {"email": address})
    for before in (0, 1):
        assert record(reporting(kind, address_no=before)) == []
    assert stores.audience().users.get_many([ada])[ada].suppressed == {}
    record(reporting(kind, address_no=2))
    assert stores.audience().users.get_many([ada])[ada].suppressed != {}


def test_a_profile_that_keeps_its_address_keeps_its_bounces(ada: str, clock: Clock) -> None:
    clock.advance(hours=1)
    stores.audience().users.put(ada, {"email": "Ada@example.com", "name": "Ada"})
    record(SAMPLE)
    assert stores.audience().users.get_many([ada])[ada].suppressed == {"email": "bounce"}


def test_a_receipt_of_somebody_erased_is_kept_and_suppresses_nobody(aws: Aws) -> None:
    assert record(SAMPLE) == []
    assert list(stores.audience().suppressions.of_channel("email", after=None, limit=10)) == []


def test_one_record_that_can_t_be_read_is_left_alone_with_its_trouble(ada: str) -> None:
    event = reporting("Delivery", "Bounce", "Delivery")
    for place, body in ((0, "not JSON"), (1, '{"source": "aws.ses"}')):
        event["Records"][place]["body"] = body
    assert record(event) == ["record-0", "record-1"]
    assert known() == {Receipt.DELIVERED}


def test_an_event_that_is_no_receipt_is_done_with(ada: str) -> None:
    assert record(reporting("Open")) == []
    assert known() == set()
