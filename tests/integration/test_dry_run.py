"""A dry run says what a message would do, and does nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fanfare.domain.audience import Subscription
from fanfare.insight import dry_run
from fanfare.runtime import stores
from fanfare.runtime.registry import opened
from fanfare.runtime.settings import settings

from tests.integration.conftest import Aws, Clock
from tests.integration.internal_api import Answer, call
from tests.integration.pipeline import TOPIC, Pipeline
from tests.integration.provider import Ses

TEMPLATE = {
    "channels": {
        "email": {"subject": "Order {{ data.order }}", "text": "Hello {{ user.name }}"},
        "sms": {"text": "Order {{ data.order }} has left"},
    },
    "locales": {"de": {"email": {"subject": "Bestellung {{ data.order }}", "text": "Hallo {{ user.name }}"}}},
    "example": {"order": "A-17"},
}


@pytest.fixture
def pipeline(aws: Aws, clock: Clock) -> Pipeline:
    pipeline = Pipeline.opened(aws, clock, Ses())
    pipeline.topic(channels=("email", "sms"))
    call("PUT", "/v1/templates/order-shipped", TEMPLATE)
    return pipeline


def ask(**fields: Any) -> Answer:
    body = {"topic": TOPIC, "template": {"id": "order-shipped"}, "data": {"order": "A-17"}} | fields
    return call("POST", "/v1/messages", body, dry_run="true")


def test_a_dry_run_says_who_would_get_it_and_why_others_would_not(pipeline: Pipeline) -> None:
    pipeline.subscribers(5)
    pipeline.subscribers(2, start=10, email=None)
    pipeline.subscribers(1, start=20, quiet_hours={"start": "07:00", "end": "09:00"})
    call("PUT", "/v1/suppressions/email/user-0000@example.com", {"cause": "bounce"})
    answer = ask(channels=["email"])
    assert (answer.status, answer.body["sampled"], answer.body["looked_at"]) == (200, False, 8)
    assert (answer.body["audience"], answer.body["deliver"]) == ({"email": 8}, {"email": 4})
    assert answer.body["skipped"] == {"email": {"no_address": 2, "suppressed_bounce": 1}}
    assert answer.body["deferred"] == {"email": {"quiet_hours": 1}}


def test_a_dry_run_stores_and_queues_nothing(pipeline: Pipeline, aws: Aws, calls: Callable[[], list[str]]) -> None:
    pipeline.subscribers(3)
    calls()
    assert ask().status == 200
    assert {call.split(":")[1] for call in calls()} <= {"GetItem", "BatchGetItem", "Query"}
    assert (aws.bodies("fan_out"), call("GET", "/v1/messages").body["items"]) == ([], [])


def test_a_dry_run_says_what_the_fan_out_then_does(pipeline: Pipeline) -> None:
    limit = {"count": 1, "per_seconds": 3600, "overflow": "drop"}
    call("PUT", f"/v1/topics/{TOPIC}", {"title": "Orders", "channels": ["email"], "limit": limit})
    pipeline.subscribers(3)
    pipeline.post(recipients=["user-0001"])
    pipeline.run()
    told = ask().body
    message = pipeline.post()
    pipeline.run()
    counts = pipeline.counts(message)
    assert (told["deliver"], told["skipped"]) == ({"email": 2}, {"email": {"rate_limited": 1}})
    assert (counts["sent"], counts["skipped"]) == (2, 1)


def test_a_limit_that_defers_is_a_reason_of_its_own(pipeline: Pipeline) -> None:
    limit = {"count": 1, "per_seconds": 3600, "overflow": "defer"}
    call("PUT", f"/v1/topics/{TOPIC}", {"title": "Orders", "channels": ["email"], "limit": limit})
    pipeline.subscribers(2)
    pipeline.post(recipients=["user-0001"])
    pipeline.run()
    told = ask().body
    assert (told["deliver"], told["skipped"]) == ({"email": 1}, {})
    assert told["deferred"] == {"email": {"rate_limited": 1}}


def test_each_channel_and_locale_has_a_sample(pipeline: Pipeline) -> None:
    pipeline.subscribers(2)
    pipeline.subscribers(1, start=10, locale="de-AT", phone="+436641234567")
    stores.audience().subscriptions.add(
        Subscription(user_id="user-0010", topic=TOPIC, channel="sms", created_at="2027-01-01"), shards=1
    )
    samples = {(each["channel"], each["locale"]): each for each in ask().body["samples"]}
    assert samples.keys() == {("email", None), ("email", "de"), ("sms", None)}
    german = samples["email", "de"]
    assert (german["recipients"], german["user_id"]) == (1, "user-0010")
    assert german["content"]["text"] == (
        "Hallo User-0010\n\n----\nSie erhalten diese E-Mail, weil Sie „Orders“ von Fanfare abonniert haben.\n"
        "Abbestellen: https://people.example.com/v1/unsubscribe/unsubscribe-of-the-reader\n"
    )
    assert samples["sms", None]["segments"] == 1


def test_a_sample_that_does_not_render_says_why(pipeline: Pipeline) -> None:
    (sample,) = ask(channels=["sms"], data={}).body["samples"]
    assert (sample["content"], sample["segments"]) == (None, None)
    assert "line 1" in sample["error"]


def test_segments_and_cost_are_those_of_the_provider(pipeline: Pipeline) -> None:
    pipeline.subscribers(2, phone="+436641234567")
    content = {"subject": "Hello", "text": "ü€" * 100}
    told = ask(topic=None, template=None, data=None, content=content, recipients=["user-0000", "user-0001"]).body
    assert told["segments"] == {"sms": 4}
    lines = {line["what"]: line for line in told["estimated_cost"]["lines"]}
    assert (lines["sms"]["quantity"], lines["sms"]["amount"]) == (4, 0.2)
    assert (lines["email"]["quantity"], lines["email"]["amount"]) == (2, 0.00032)
    assert told["estimated_cost"]["total"] > 0.2


def test_a_deployment_names_its_own_prices(pipeline: Pipeline) -> None:
    opened.put(settings, replace(settings(), piece_prices={"email": 0.0001}))
    pipeline.subscribers(1)
    (line,) = (each for each in ask().body["estimated_cost"]["lines"] if each["what"] == "email")
    assert (line["price"], line["per"], line["amount"]) == (0.0001, 1, 0.0001)


def test_a_large_audience_is_sampled_and_extrapolated(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dry_run, "LOOKED_AT", 4)
    monkeypatch.setattr(dry_run, "ROWS", 3)
    pipeline.subscribers(6)
    pipeline.subscribers(6, start=10, email=None)
    told = ask().body
    assert (told["sampled"], told["looked_at"], told["audience"]) == (True, 4, {"email": 12, "sms": 0})
    assert told["deliver"] == {"email": 12, "sms": 0}


def test_of_several_shards_each_is_sampled(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dry_run, "LOOKED_AT", 8)
    call("PUT", "/v1/topics/wide", {"title": "Wide", "channels": ["email"], "shards": 4})
    users = [f"user-{number}" for number in range(40)]
    call("POST", "/v1/users", {"items": [{"id": user, "email": f"{user}@example.com"} for user in users]})
    call("POST", "/v1/topics/wide/subscriptions", {"items": [{"user_id": user, "channel": "email"} for user in users]})
    told = ask(topic="wide").body
    assert (told["sampled"], told["looked_at"]) == (True, 8)
    assert 20 <= told["audience"]["email"] <= 60


def test_a_scheduled_message_is_decided_at_its_time(pipeline: Pipeline) -> None:
    pipeline.subscribers(1, quiet_hours={"start": "22:00", "end": "07:00"})
    told = ask(send_at="2027-01-01T23:30:00Z").body
    assert (told["at"], told["deferred"]) == ("2027-01-01T23:30:00.000Z", {"email": {"quiet_hours": 1}})


def test_what_can_not_be_submitted_can_not_be_tried(pipeline: Pipeline) -> None:
    answer = ask(topic="nothing", template={"id": "nothing"})
    assert (answer.status, answer.pointers) == (422, ["/topic", "/template"])


@pytest.mark.parametrize("flag", ["yes", "", "True", "1"])
def test_a_dry_run_is_true_or_false(flag: str) -> None:
    answer = call("POST", "/v1/messages", {"recipients": ["a"], "content": {"text": "a"}}, dry_run=flag)
    assert (answer.status, answer.pointers) == (422, ["?dry_run"])


def test_a_dry_run_that_is_false_is_a_submit(pipeline: Pipeline) -> None:
    body = {"topic": TOPIC, "template": {"id": "order-shipped"}, "data": {"order": "A-17"}}
    assert call("POST", "/v1/messages", body, dry_run="false").status == 202
