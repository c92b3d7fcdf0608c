"""SQS → record_receipt: what a provider reported is found with the delivery, and holds for the next message."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from fanfare import wiring
from fanfare.receipts import Receipt

from functions.record_receipt.handler import handler
from tests.integration.conftest import Aws
from tests.integration.pipeline import Context

SAMPLE = json.loads((Path(__file__).parents[2] / "events" / "record_receipt.json").read_text())
MESSAGE = "01941f29-7c00-7abc-8def-0123456789ab"
KEY = ("ada", MESSAGE, "email")


@pytest.fixture
def ada(aws: Aws) -> str:
    """Somebody who has an address."""
    wiring.audience().put_user("ada", {"email": "Ada@Example.com"})
    return "ada"


def reporting(*kinds: str, bounce: str = "Permanent") -> dict[str, Any]:
    """The sample event, with a record for each kind."""
    records = []
    for number, kind in enumerate(kinds):
        record = copy.deepcopy(SAMPLE["Records"][0])
        body = json.loads(record["body"])
        body["detail"] |= {"eventType": kind, "bounce": {"bounceType": bounce, "bounceSubType": "General"}}
        records.append({**record, "messageId": f"record-{number}", "body": json.dumps(body)})
    return {"Records": records}


def record(event: dict[str, Any]) -> list[str]:
    """The ids of the records that were not taken."""
    answer = handler(event, Context())
    return [str(each["itemIdentifier"]) for each in answer["batchItemFailures"]]


def known() -> set[Receipt]:
    return set(wiring.deliveries().receipts([KEY]).get(KEY, {}))


def test_a_hard_bounce_is_recorded_and_its_address_suppressed(ada: str) -> None:
    assert record(SAMPLE) == []
    assert known() == {Receipt.BOUNCED_HARD}
    found = wiring.audience().suppression("email", "ada@example.com")
    assert found is not None
    assert found.cause == "bounce"
    assert wiring.audience().users([ada])[ada].suppressed == {"email": "bounce"}


def test_a_complaint_suppresses_and_the_first_cause_stays(ada: str) -> None:
    record(reporting("Complaint"))
    record(SAMPLE)
    assert wiring.audience().users([ada])[ada].suppressed == {"email": "complaint"}


def test_receipts_that_repeat_or_come_out_of_order_are_the_same_facts(ada: str) -> None:
    assert record(reporting("Delivery", "DeliveryDelay", "Delivery")) == []
    assert record(reporting("DeliveryDelay")) == []
    assert known() == {Receipt.DELIVERED, Receipt.DELAYED}
    assert wiring.audience().users([ada])[ada].suppressed == {}


def test_the_fifth_soft_bounce_suppresses(ada: str) -> None:
    for _ in range(4):
        record(reporting("Bounce", bounce="Transient"))
    assert wiring.audience().users([ada])[ada].suppressed == {}
    record(reporting("Bounce", bounce="Transient"))
    assert wiring.audience().users([ada])[ada].suppressed == {"email": "soft_bounces"}


def test_a_receipt_of_somebody_erased_is_kept_and_suppresses_nobody(aws: Aws) -> None:
    assert record(SAMPLE) == []
    assert list(wiring.audience().suppressions("email", after=None, limit=10)) == []


def test_one_record_that_can_t_be_read_is_left_alone_with_its_trouble(ada: str) -> None:
    event = reporting("Delivery", "Bounce", "Delivery")
    for place, body in ((0, "not JSON"), (1, '{"source": "aws.ses"}')):
        event["Records"][place]["body"] = body
    assert record(event) == ["record-0", "record-1"]
    assert known() == {Receipt.DELIVERED}


def test_an_event_that_is_no_receipt_is_done_with(ada: str) -> None:
    assert record(reporting("Open")) == []
    assert known() == set()
