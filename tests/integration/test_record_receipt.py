"""SQS → record_receipt: what a provider reported is found with the delivery, and holds for the next message."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fanfare.channels.email_events import from_tag_value, tag_value
from fanfare.channels.receipts import Receipt
from fanfare.runtime import stores
from fanfare.store.audience.confirmation_mails import tags_of_sign_up, tags_of_user
from fanfare.store.audience.confirmations import Confirmations, Pending, SignUp

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


def reporting(
    *kinds: str, bounce: str = "Permanent/NoEmail", message: str = MESSAGE, address_no: int | str = 0
) -> dict[str, Any]:
    """The sample event, with a record for each kind."""
    bounced, _, subtype = bounce.partition("/")
    records = []
    for number, kind in enumerate(kinds):
        record = copy.deepcopy(SAMPLE["Records"][0])
        body = json.loads(record["body"])
        body["detail"] |= {"eventType": kind, "bounce": {"bounceType": bounced, "bounceSubType": subtype or "General"}}
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


def test_a_mailbox_that_is_not_there_is_recorded_and_its_address_suppressed(ada: str) -> None:
    assert record(reporting("Bounce")) == []
    assert known() == {Receipt.BOUNCED}
    found = stores.audience().suppressions.get("email", "ada@example.com")
    assert found is not None
    assert found.cause == "bounce"
    assert stores.audience().users.get_many([ada])[ada].suppressed == {"email": "bounce"}


def test_a_complaint_suppresses_and_the_first_cause_stays(ada: str) -> None:
    record(reporting("Complaint"))
    record(reporting("Bounce"))
    assert stores.audience().users.get_many([ada])[ada].suppressed == {"email": "complaint"}


def test_receipts_that_repeat_or_come_out_of_order_are_the_same_facts(ada: str) -> None:
    assert record(reporting("Delivery", "DeliveryDelay", "Delivery")) == []
    assert record(reporting("DeliveryDelay")) == []
    assert known() == {Receipt.DELIVERED, Receipt.DELAYED}
    assert stores.audience().users.get_many([ada])[ada].suppressed == {}


def bounced(kind: str, number: int, at: Clock) -> str | None:
    """The mail of one message comes back. Returns the cause for which the address is suppressed, if it is."""
    event = reporting("Bounce", bounce=kind, message=f"01941f29-7c00-7abc-8def-{number:012d}")
    event["Records"][0]["body"] = event["Records"][0]["body"].replace("2027-01-01T08:00:07Z", at().isoformat())
    record(event)
    return stores.audience().users.get_many(["ada"])["ada"].suppressed.get("email")


@pytest.mark.parametrize(
    ("kind", "days", "causes"),
    [
        ("Permanent/NoEmail", (0,), ["bounce"]),
        ("Permanent/General", (0, 0.9, 1), [None, None, "bounce"]),
        ("Permanent/Suppressed", (0, 1), [None, "bounce"]),
        ("Permanent/OnAccountSuppressionList", (0,), ["account_list"]),
        ("Permanent/UnsubscribedRecipient", (0,), ["opt_out"]),
        ("Transient/MailboxFull", (0, 3, 6, 7), [None, None, None, "soft_bounces"]),
        ("Transient/General", (0, 3, 7), [None, None, "soft_bounces"]),
        ("Undetermined/Undetermined", (0, 1, 8), [None, None, "soft_bounces"]),
        ("Transient/ContentRejected", (0, 3, 7, 30), [None] * 4),
        ("Transient/AttachmentRejected", (0, 3, 7, 30), [None] * 4),
        ("Transient/MessageTooLarge", (0, 3, 7, 30), [None] * 4),
    ],
)
def test_bounces_suppress_by_what_they_say_of_the_mailbox(
    ada: str, clock: Clock, kind: str, days: tuple[float, ...], causes: list[str | None]
) -> None:
    start = clock()
    found = []
    for number, day in enumerate(days):
        clock.now = start + timedelta(days=day)
        found.append(bounced(kind, number, clock))
    assert found == causes


def test_a_bounce_that_is_told_of_again_counts_once(ada: str, clock: Clock) -> None:
    for _ in range(4):
        assert bounced("Transient/MailboxFull", 0, clock) is None
        clock.advance(days=3)


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
    record(reporting("Bounce"))
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


def told_of_a_confirmation(kind: str, *, message_id: str, user_id: str, address_no: str = "0") -> dict[str, Any]:
    event = reporting(kind, message=message_id)
    body = json.loads(event["Records"][0]["body"])
    body["detail"]["mail"]["tags"] |= {"user_id": [tag_value(user_id)], "address_no": [address_no]}
    return {"Records": [event["Records"][0] | {"body": json.dumps(body)}]}


def tags(sent: dict[str, Any]) -> dict[str, str]:
    """The tags of Fanfare's own mail, as the events will have them."""
    found = {tag["Name"]: tag["Value"] for tag in sent["EmailTags"]}
    assert found.keys() == {"message_id", "user_id", "address_no"}  # the rules of EventBridge want all three
    return {**found, "user_id": from_tag_value(found["user_id"])}


@pytest.mark.parametrize(("kind", "cause"), [("Bounce", "bounce"), ("Complaint", "complaint")])
def test_a_sign_up_whose_mail_comes_back_or_annoys_suppresses_the_address(aws: Aws, kind: str, cause: str) -> None:
    signed = SignUp(id=str(uuid4()), topic="news", address="Stranger@Example.com")
    confirmations = Confirmations(stores.audience().table, keys=dict)
    confirmations.put_sign_up(signed, until=datetime(2027, 1, 4, tzinfo=UTC))
    told = tags({"EmailTags": [{"Name": n, "Value": v} for n, v in tags_of_sign_up(signed.id).items()]})
    assert record(told_of_a_confirmation(kind, **told)) == []
    found = stores.audience().suppressions.get("email", "stranger@example.com")
    assert (found.cause if found else None) == cause
    assert known() == set()  # it is no delivery


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_new_address_whose_mail_comes_back_is_suppressed_and_the_present_one_is_not(
    ada: str, confirmed: bool
) -> None:
    confirmations = Confirmations(stores.audience().table, keys=dict)
    until = datetime(2027, 1, 4, tzinfo=UTC)
    pending = Pending(user_id=ada, channel="email", address="new@example.com", secret="s-1", until=until)
    confirmations.put_pending(pending)
    if confirmed:
        stores.audience().users.put(ada, {"email": "new@example.com"})
        confirmations.confirmed(pending)
    record(told_of_a_confirmation("Bounce", **tags_read(ada, "s-1")))
    suppressions = stores.audience().suppressions
    assert suppressions.get("email", "new@example.com") is not None
    assert suppressions.get("email", "ada@example.com") is None


def tags_read(user_id: str, secret: str) -> dict[str, str]:
    return tags({"EmailTags": [{"Name": n, "Value": v} for n, v in tags_of_user(user_id, secret).items()]})


def test_what_is_told_of_an_earlier_confirmation_says_nothing_of_the_address_asked_for_since(ada: str) -> None:
    confirmations = Confirmations(stores.audience().table, keys=dict)
    until = datetime(2027, 1, 4, tzinfo=UTC)
    confirmations.put_pending(
        Pending(user_id=ada, channel="email", address="second@example.com", secret="s-2", until=until)
    )
    record(told_of_a_confirmation("Bounce", **tags_read(ada, "s-1")))
    assert list(stores.audience().suppressions.of_channel("email", after=None, limit=10)) == []


def test_a_confirmation_that_nobody_knows_any_more_is_left_alone(aws: Aws) -> None:
    assert record(told_of_a_confirmation("Complaint", message_id="sign_up", user_id="gone")) == []
    assert record(told_of_a_confirmation("Complaint", **tags_read("nobody", "s-1"))) == []


@pytest.mark.parametrize(
    ("complaint", "suppressed"),
    [
        ({}, {"email": "complaint"}),
        ({"complaintFeedbackType": "abuse"}, {"email": "complaint"}),
        ({"complaintFeedbackType": "not-spam"}, {}),
        ({"complaintSubType": "OnAccountSuppressionList"}, {"email": "account_list"}),
    ],
)
def test_a_complaint_suppresses_unless_the_reader_rescued_the_mail(
    ada: str, complaint: dict[str, str], suppressed: dict[str, str]
) -> None:
    event = reporting("Complaint")
    body = json.loads(event["Records"][0]["body"])
    body["detail"]["complaint"] = complaint
    assert record({"Records": [event["Records"][0] | {"body": json.dumps(body)}]}) == []
    assert stores.audience().users.get_many([ada])[ada].suppressed == suppressed
