"""Why a user did or did not get a message: what is recorded, and apart from it what the rules say now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fanfare.channels.receipts import Receipt, ReceiptEvent
from fanfare.runtime import stores
from fanfare.runtime.settings import clock

from tests.integration.conftest import Aws, Clock
from tests.integration.internal_api import Answer, call
from tests.integration.pipeline import TOPIC, Pipeline
from tests.integration.provider import Ses


@pytest.fixture
def pipeline(aws: Aws, clock: Clock) -> Pipeline:
    pipeline = Pipeline.opened(aws, clock, Ses())
    pipeline.topic()
    pipeline.subscribers(3)
    return pipeline


def ask(message: str, user: str = "user-0001") -> Answer:
    return call("GET", f"/v1/messages/{message}/explanations/{user}")


def explained(message: str, user: str = "user-0001") -> dict[str, Any]:
    """The one channel's explanation."""
    answer = ask(message, user)
    assert answer.status == 200
    (channel,) = answer.body["channels"]
    return dict(channel)


def results(recorded: Any) -> list[tuple[str, str]]:
    return [(step["step"], step["result"]) for step in recorded["steps"]]


def reported(message: str, user: str, *receipts: Receipt) -> None:
    now = clock()()
    reports = [
        ReceiptEvent(message_id=message, user_id=user, channel="email", receipt=each, at=now + timedelta(seconds=place))
        for place, each in enumerate(receipts)
    ]
    stores.deliveries().record_receipts(reports, retain_until=2_000_000_000)


def test_who_got_it_is_told_step_by_step(pipeline: Pipeline) -> None:
    message = pipeline.post()
    pipeline.run()
    reported(message, "user-0001", Receipt.ACCEPTED, Receipt.DELIVERED)
    recorded = explained(message)["recorded"]
    assert (recorded["status"], recorded["reason"], recorded["receipt"]) == ("sent", None, "delivered")
    assert results(recorded) == [
        ("audience", f"subscribers of {TOPIC}"),
        ("fan_out", "ended"),
        ("choice", "let_through"),
        ("batch", "settled"),
        ("delivery", "sent"),
        ("receipt", "accepted"),
        ("receipt", "delivered"),
    ]


def test_what_happened_and_what_the_rules_say_now_are_told_apart(pipeline: Pipeline) -> None:
    pipeline.subscribers(1, start=200, email=None)
    message = pipeline.post()
    pipeline.run()
    call("PUT", "/v1/users/user-0200", {"email": "late@example.com"})
    told = explained(message, "user-0200")
    assert (told["recorded"]["status"], told["recorded"]["reason"]) == ("skipped", "no_address")
    assert ("choice", "skipped") in results(told["recorded"])
    assert told["rules_now"]["action"] == "deliver"
    assert {"rule": "address", "result": "passed"} in told["rules_now"]["steps"]


def test_the_rule_that_stops_it_now_is_the_last_step(pipeline: Pipeline) -> None:
    message = pipeline.post()
    pipeline.run()
    call("DELETE", f"/v1/users/user-0001/subscriptions/{TOPIC}/email")
    told = explained(message)
    assert told["recorded"]["status"] == "sent"
    assert (told["rules_now"]["action"], told["rules_now"]["reason"]) == ("skip", "not_subscribed")
    assert told["rules_now"]["steps"][-1] == {"rule": "subscription", "result": "not_subscribed"}


def test_before_the_fan_out_nobody_is_reached(pipeline: Pipeline) -> None:
    recorded = explained(pipeline.post())["recorded"]
    assert (recorded["status"], results(recorded)[1:]) == (
        "not_reached",
        [("fan_out", "not_begun"), ("choice", "none")],
    )


def test_a_batch_that_waits_says_what_for(pipeline: Pipeline) -> None:
    message = pipeline.post()
    pipeline.step("fan_out")
    recorded = explained(message)["recorded"]
    assert (recorded["status"], results(recorded)[-1]) == ("pending", ("batch", "waits: queued"))
    pipeline.ses.down = 1
    pipeline.step("email")
    recorded = explained(message)["recorded"]
    assert (recorded["reason"], results(recorded)[-1]) == ("provider_unavailable", ("batch", "waits: retry"))
    assert recorded["steps"][-1]["at"] > clock()().isoformat()


def test_who_subscribed_too_late_was_not_in_the_audience(pipeline: Pipeline) -> None:
    message = pipeline.post()
    pipeline.run()
    pipeline.subscribers(1, start=300)
    told = explained(message, "user-0300")
    assert (told["recorded"]["status"], told["recorded"]["reason"]) == ("not_chosen", "not_in_the_audience")
    assert told["rules_now"]["action"] == "deliver"


def test_who_a_deletion_came_before_was_not_reached(pipeline: Pipeline) -> None:
    message = pipeline.post()
    pipeline.cancel(message)
    pipeline.run()
    recorded = explained(message)["recorded"]
    assert (recorded["status"], results(recorded)[1]) == ("not_reached", ("fan_out", "stopped"))


def test_who_was_not_named_is_told_so(pipeline: Pipeline) -> None:
    message = pipeline.post(recipients=["user-0000"])
    pipeline.run()
    assert explained(message, "user-0001")["recorded"]["reason"] == "not_named"
    assert explained(message, "user-0000")["recorded"]["status"] == "sent"


def test_each_channel_is_explained_by_itself(pipeline: Pipeline) -> None:
    content = {"subject": "Hello", "text": "Hello"}
    message = pipeline.post(topic=None, template=None, data=None, content=content, recipients=["user-0001"])
    pipeline.run()
    channels = {each["channel"]: each["recorded"] for each in ask(message).body["channels"]}
    assert {name: recorded["status"] for name, recorded in channels.items() if name in ("email", "sms")} == {
        "email": "sent",
        "sms": "skipped",
    }
    assert channels["sms"]["reason"] == "no_address"


def test_of_an_erased_user_the_batch_still_tells(pipeline: Pipeline) -> None:
    message = pipeline.post()
    pipeline.run()
    call("DELETE", "/v1/users/user-0001")
    told = explained(message)
    assert (told["recorded"]["status"], told["rules_now"]["reason"]) == ("sent", "unknown_user")
    assert "delivery" not in [step for step, _ in results(told["recorded"])]


def test_of_nobody_there_is_nothing_to_explain(pipeline: Pipeline) -> None:
    answer = ask(pipeline.post(), "nobody")
    assert (answer.status, answer.body["code"]) == (404, "user_not_found")


def test_both_lists_show_the_strongest_receipt(pipeline: Pipeline) -> None:
    message = pipeline.post()
    pipeline.run()
    reported(message, "user-0001", Receipt.DELIVERED, Receipt.COMPLAINED, Receipt.ACCEPTED)
    reported(message, "user-0002", Receipt.BOUNCED)
    listed = call("GET", f"/v1/messages/{message}/deliveries").body["items"]
    assert {each["user_id"]: each["receipt"] for each in listed} == {
        "user-0000": None,
        "user-0001": "complained",
        "user-0002": "bounced",
    }
    (own,) = call("GET", "/v1/users/user-0001/deliveries").body["items"]
    assert own["receipt"] == "complained"


# A delivery's own charge against a limit is left out of the question


def limited(pipeline: Pipeline, overflow: str) -> list[str]:
    """Two messages on a topic of one message an hour."""
    pipeline.topic(limit={"count": 1, "per_seconds": 3600, "overflow": overflow})
    ids = [pipeline.post(), pipeline.post()]
    pipeline.run()
    return ids


@pytest.mark.parametrize("overflow", ["drop", "defer"])
def test_what_was_sent_is_not_over_the_limit_by_itself(pipeline: Pipeline, clock: Clock, overflow: str) -> None:
    first, _ = limited(pipeline, overflow)
    for seconds in (0, 40):
        clock.advance(seconds=seconds)
        assert explained(first)["rules_now"]["action"] == "deliver"


def test_what_waits_for_the_limit_leaves_when_it_says(pipeline: Pipeline, clock: Clock) -> None:
    _, second = limited(pipeline, "defer")
    explanation = explained(second)
    (waits,) = (each for each in explanation["recorded"]["steps"] if each["step"] == "batch")
    now = explanation["rules_now"]
    assert (now["action"], now["until"]) == ("defer", waits["at"])
    clock.advance(minutes=10)
    assert explained(second)["rules_now"]["until"] == waits["at"]


def test_who_was_not_let_through_is_over_the_limit(pipeline: Pipeline) -> None:
    _, second = limited(pipeline, "drop")
    now = explained(second)["rules_now"]
    assert (now["action"], now["reason"]) == ("skip", "rate_limited")


def test_nothing_is_said_to_be_retried_once_all_attempts_failed(pipeline: Pipeline) -> None:
    pipeline.ses.entry_status = {"user-0001@example.com": ["TRANSIENT_FAILURE"] * 20}
    message = pipeline.post()
    pipeline.settle(minutes=45)
    recorded = explained(message)["recorded"]
    assert (recorded["status"], recorded["advice"]) == (
        "failed",
        "All attempts failed: send the message again when this is over.",
    )
