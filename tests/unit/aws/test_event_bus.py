"""What services are told: as published, after the state is written, and never at a message's cost."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fanfare.aws import event_bus as module
from fanfare.aws.event_bus import Events
from fanfare.channels.reasons import Reason
from fanfare.channels.receipts import Receipt, ReceiptEvent
from fanfare.domain.audience import Answer, By, EndpointHealth, Subscription, SuppressionChange
from fanfare.domain.delivery import Delivery
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message
from fanfare.domain.outcomes import Outcome
from fanfare.store.deliveries import Deliveries
from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).parents[3] / "docs" / "events"
AT = "2027-01-01T08:00:00.000Z"
TOLD = [State.SENT, State.FAILED, State.STALE, State.DELETED]
COUNTS = {"recipients": 3, "sent": 1, "failed": 1, "skipped": 1, "deleted": 0, "digested": 0, "outstanding": 0}


class Bus:
    """Keeps what is put on it, until it is told to break."""

    def __init__(self, *, broken: bool = False, refused: int = 0) -> None:
        self.calls: list[list[dict[str, Any]]] = []
        self.broken = broken
        self.refused = refused

    def put_events(self, *, Entries: Any) -> dict[str, Any]:
        if self.broken:
            raise ConnectionError("the bus has left")
        self.calls.append(list(Entries))
        return {"FailedEntryCount": self.refused}

    @property
    def told(self) -> list[tuple[str, dict[str, Any]]]:
        return [(entry["DetailType"], json.loads(entry["Detail"])) for call in self.calls for entry in call]


def events(bus: Bus) -> Events:
    return Events(lambda: bus, bus="bus")


def message(state: State, **fields: Any) -> Message:
    defaults: dict[str, Any] = {
        "id": "message-1",
        "caller": "arn:aws:iam::123456789012:role/shop",
        "topic": "orders.shipped",
        "template": {"id": "order-shipped", "version": 3},
        "channels": ("email", "push"),
        "priority": "normal",
        "on_doubt": "resend",
        "shards": 1,
        "created_at": AT,
        "send_at": None,
        "expires_at": None,
        "retain_until": 0,
        "timeline": ({"state": "pending", "at": AT}, {"state": state, "at": AT, "reason": "because"}),
    }
    return Message(state=state, **defaults | fields)


def delivery(user_id: str, status: Outcome = Outcome.SENT, **fields: Any) -> Delivery:
    defaults: dict[str, Any] = {"message_id": "message-1", "channel": "email", "batch_id": "b", "attempts": 1}
    return Delivery(user_id=user_id, status=status, updated_at=AT, retain_until=0, **defaults | fields)


def validator(detail_type: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{detail_type.replace(' ', '-')}.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_every_schema_is_of_an_event_and_every_event_has_a_schema() -> None:
    titles = {json.loads(path.read_text())["title"] for path in SCHEMAS.glob("*.json")}
    assert titles == {
        "message moved",
        "deliveries recorded",
        "receipts recorded",
        "subscription changed",
        "suppression changed",
        "endpoint switched off",
    }


@pytest.mark.parametrize("state", TOLD)
@pytest.mark.parametrize(
    "fields", [{}, {"counts": COUNTS}, {"topic": None, "template": None}, {"timeline": ({"state": "x", "at": AT},)}]
)
def test_a_message_that_moved_is_told_as_the_schema_says(state: State, fields: dict[str, Any]) -> None:
    bus = Bus()
    told = events(bus)
    told.moved(message(state, **fields))
    told.flush()
    ((detail_type, detail),) = bus.told
    validator(detail_type).validate(detail)
    assert detail["state"] == state


@pytest.mark.parametrize("status", [Outcome.SENT, Outcome.FAILED, Outcome.SKIPPED, Outcome.DELETED])
def test_deliveries_are_told_as_the_schema_says(status: Outcome) -> None:
    bus = Bus()
    told = events(bus)
    told.recorded([delivery("ada", status, reason=None), delivery("bob", status, reason="no_address")])
    told.flush()
    ((detail_type, detail),) = bus.told
    validator(detail_type).validate(detail)
    assert [each["user_id"] for each in detail["deliveries"]] == ["ada", "bob"]


def test_an_endpoint_that_was_switched_off_is_told_as_the_schema_says() -> None:
    off = Reason.ENDPOINT_SWITCHED_OFF
    bus = Bus()
    told = events(bus)
    told.endpoint_off("ada", "webhook", EndpointHealth(since=AT, day=AT[:10], off=off, off_at=AT))
    told.flush()
    ((detail_type, detail),) = bus.told
    validator(detail_type).validate(detail)
    assert (detail["user_id"], detail["reason"]) == ("ada", off)
    assert bus.calls[0][0]["Resources"] == ["user/ada"]


def test_the_schema_lists_the_states_that_are_published_and_counts_what_the_api_counts() -> None:
    schema = json.loads((SCHEMAS / "message-moved.json").read_text())["properties"]
    assert set(schema["state"]["enum"]) == set(TOLD)
    assert set(schema["counts"]["required"]) == set(COUNTS)


def test_a_state_on_the_way_to_another_is_not_told() -> None:
    bus = Bus()
    told = events(bus)
    for state in (State.PENDING, State.ACTIVE):
        told.moved(message(state))
    told.flush()
    assert bus.calls == []


def test_counts_of_a_message_that_may_have_some_in_flight_are_not_told() -> None:
    assert module.message_moved(message(State.DELETED, counts=COUNTS))["counts"] is None
    assert module.message_moved(message(State.SENT, counts=COUNTS))["counts"] == COUNTS


def no(**fields: Any) -> Subscription:
    defaults: dict[str, Any] = {"topic": "news", "channel": "email", "created_at": AT, "state": Answer.NO}
    return Subscription(user_id="auth0|ada", by=By.ONE_CLICK, **defaults | fields)


@pytest.mark.parametrize("fields", [{}, {"state": Answer.YES, "given_at": AT}, {"message_id": "message-1"}])
def test_a_subscription_that_changed_is_told_as_the_schema_says(fields: dict[str, Any]) -> None:
    bus = Bus()
    events(bus).subscriptions_changed([no(**fields)])
    ((detail_type, detail),) = bus.told
    validator(detail_type).validate(detail)
    assert (detail["user_id"], detail["topic"], detail["by"]) == ("auth0|ada", "news", "one_click")


@pytest.mark.parametrize(("cause", "users"), [("complaint", 1), (None, 0), ("manual", 250)])
def test_a_suppression_that_changed_is_told_as_the_schema_says(cause: str | None, users: int) -> None:
    bus = Bus()
    user_ids = tuple(f"user-{number}" for number in range(users))
    events(bus).suppressions_changed([SuppressionChange(channel="email", cause=cause, at=AT, user_ids=user_ids)])
    for detail_type, detail in bus.told:
        validator(detail_type).validate(detail)
    assert [user for _, detail in bus.told for user in detail["user_ids"]] == list(user_ids)
    assert {detail["suppressed"] for _, detail in bus.told} == {cause is not None}


def test_many_changes_are_ten_entries_a_call() -> None:
    bus = Bus()
    events(bus).subscriptions_changed([no() for _ in range(25)])
    assert [len(call) for call in bus.calls] == [10, 10, 5]


def test_an_event_says_whose_it_is() -> None:
    bus = Bus()
    told = events(bus)
    told.moved(message(State.SENT))
    told.flush()
    ((entry,),) = bus.calls
    assert (entry["EventBusName"], entry["Source"], entry["Resources"]) == ("bus", "fanfare", ["message/message-1"])


def test_what_one_invocation_has_to_tell_is_gathered() -> None:
    bus = Bus()
    told = events(bus)
    for batch in range(3):
        told.recorded([delivery(f"user-{batch}")])
    told.moved(message(State.SENT))
    assert bus.calls == []
    told.flush()
    assert [detail_type for detail_type, _ in bus.told] == ["deliveries recorded"] * 3 + ["message moved"]
    assert len(bus.calls) == 1


def test_a_call_takes_no_more_entries_than_eventbridge_does() -> None:
    bus = Bus()
    told = events(bus)
    for batch in range(21):
        told.recorded([delivery(f"user-{batch}")])
    told.flush()
    # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html: at most 10 entries
    assert [len(call) for call in bus.calls] == [10, 10, 1]


@pytest.mark.parametrize("receipt", Receipt)
def test_receipts_are_published_as_the_schema_says(receipt: Receipt) -> None:
    bus = Bus()
    at = datetime(2027, 1, 1, 8, tzinfo=UTC)
    events(bus).receipts_recorded(
        [
            ReceiptEvent(
                message_id=f"message-{user % 2}", user_id=f"user-{user}", channel="email", receipt=receipt, at=at
            )
            for user in range(201)
        ]
    )
    assert [len(detail["receipts"]) for _, detail in bus.told] == [100, 1, 100]
    for detail_type, detail in bus.told:
        validator(detail_type).validate(detail)
    assert bus.told[0][1]["receipts"][1] == {"user_id": "user-2", "receipt": receipt.value, "at": AT}


def test_many_recipients_are_several_entries_and_a_full_call_has_room() -> None:
    longest = [
        delivery(f"{number:0128}", Outcome.SKIPPED, reason="suppressed_soft_bounces", message_id="m" * 36)
        for number in range(1_000)
    ]
    details = list(module.deliveries_recorded(longest))
    assert [len(detail["deliveries"]) for detail in details] == [100] * 10
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html: 256 KB, of all entries together
    assert sum(len(json.dumps(detail, separators=(",", ":"))) + 100 for detail in details) < 256 * 1024


def test_nothing_recorded_is_nothing_told() -> None:
    assert list(module.deliveries_recorded([])) == []


@pytest.mark.parametrize("bus", [Bus(broken=True), Bus(refused=1)], ids=["broken", "refused"])
def test_a_bus_that_fails_fails_nothing_else(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    told = events(bus)
    told.recorded([delivery("ada")])
    told.moved(message(State.FAILED))
    told.flush()
    assert "events lost" in caplog.text
    told.flush()  # and what was lost is not kept for ever


class Rows:
    """A table whose every write succeeds, and that says in which order things happened."""

    def __init__(self, order: list[str]) -> None:
        self.order = order

    def write_many(self, _: Any) -> None:
        self.order.append("written")


def test_deliveries_are_told_after_they_are_written() -> None:
    order: list[str] = []
    Deliveries(Rows(order), recorded=lambda _: order.append("told")).record([delivery("ada")])  # type: ignore[arg-type]
    assert order == ["written", "told"]
