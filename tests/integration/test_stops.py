"""What a provider reports of people who want nothing more is remembered as a complaint about a mail is."""

from __future__ import annotations

from typing import Any

import pytest
from fanfare.channels.reasons import Reason
from fanfare.domain.audience import Subscription
from fanfare.pipeline.refusals import remember
from fanfare.runtime import stores

from tests.integration.conftest import Aws, Clock
from tests.integration.internal_api import call

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture(autouse=True)
def ada(aws: Aws) -> None:
    call("PUT", "/v1/topics/news", {"title": "News", "channels": ["sms", "webhook"]})
    call("PUT", "/v1/topics/other", {"title": "Other", "channels": ["sms", "webhook"]})
    profile = {"phone": "+436641234567", "webhook": {"url": "https://example.com/hook?key=1"}}
    call("PUT", "/v1/users/ada", profile)
    for topic in ("news", "other"):
        for channel in ("sms", "webhook"):
            call("PUT", f"/v1/users/ada/subscriptions/{topic}/{channel}")


def told(reason: Reason, channel: str, clock: Clock) -> None:
    clock.advance(seconds=1)
    remember(reason, "ada", channel, "message-1", audience=stores.audience(), clock=clock)


def subscribed() -> list[tuple[str, str]]:
    return [(each["topic"], each["channel"]) for each in call("GET", "/v1/users/ada/subscriptions").body["items"]]


def test_a_stop_suppresses_the_number_and_ends_what_comes_to_it(clock: Clock) -> None:
    for _ in range(2):
        told(Reason.OPTED_OUT, "sms", clock)
    assert call("GET", "/v1/suppressions/sms/+436641234567").body["cause"] == "opt_out"
    assert subscribed() == [("news", "webhook"), ("other", "webhook")]
    consents = call("GET", "/v1/users/ada/consents").body["items"][:2]
    assert [(each["state"], each["by"], each["message_id"]) for each in consents] == [
        ("unsubscribed", "stop", "message-1")
    ] * 2
    assert call("PUT", "/v1/users/ada/subscriptions/news/sms").body["code"] == "unsubscribed_by_person"
    again = call("PUT", "/v1/users/ada/subscriptions/news/sms/resubscription", {"evidence": "e"})
    assert again.body["code"] == "too_soon"


def test_an_endpoint_that_is_gone_is_suppressed(clock: Clock) -> None:
    told(Reason.ENDPOINT_GONE, "webhook", clock)
    (found,) = call("GET", "/v1/suppressions", channel="webhook").body["items"]
    assert (found["address"], found["cause"]) == ("https://example.com/hook?key=1", "opt_out")
    assert dict(stores.audience().users.get_many(["ada"])["ada"].suppressed) == {"webhook": "opt_out"}
    assert len(subscribed()) == 4
    call("PATCH", "/v1/users/ada", {"webhook": {"url": "https://example.com/new"}})
    assert dict(stores.audience().users.get_many(["ada"])["ada"].suppressed) == {}


@pytest.mark.parametrize(
    ("reason", "channel"), [(Reason.INVALID_PARAMETER, "sms"), (Reason.ENDPOINT_REFUSED, "webhook")]
)
def test_another_refusal_is_not_remembered(reason: Reason, channel: str, clock: Clock) -> None:
    told(reason, channel, clock)
    assert (call("GET", "/v1/suppressions").body["items"], len(subscribed())) == ([], 4)


def test_a_user_who_is_erased_meanwhile_leaves_nothing(aws: Aws, clock: Clock) -> None:
    call("DELETE", "/v1/users/ada")
    told(Reason.OPTED_OUT, "sms", clock)
    items: list[Any] = aws.dynamodb.scan(TableName=aws.tables["audience"])["Items"]
    assert not [item for item in items if "ada" in str(item) or "1234567" in str(item)]


def test_a_yes_of_an_earlier_version_is_ended_by_a_stop(clock: Clock) -> None:
    stores.audience().subscriptions.remove("ada", "news", "sms")
    stores.audience().subscriptions.add(
        Subscription(user_id="ada", topic="news", channel="sms", created_at="2026-01-01"), shards=1
    )
    told(Reason.OPTED_OUT, "sms", clock)
    assert ("news", "sms") not in subscribed()


def test_an_endpoint_of_a_user_of_an_earlier_version_is_suppressed(aws: Aws, clock: Clock) -> None:
    table = stores.audience().table
    table.delete("address#webhook", "https://example.com/hook?key=1#ada")
    table.update("user#ada", "user", "REMOVE listed, place, found_by")
    told(Reason.ENDPOINT_GONE, "webhook", clock)
    assert dict(stores.audience().users.get_many(["ada"])["ada"].suppressed) == {"webhook": "opt_out"}
    call("PATCH", "/v1/users/ada", {"name": "Ada"})  # from now on it is found by its address
    call("DELETE", "/v1/suppressions/webhook/https://example.com/hook%253Fkey=1")
    assert dict(stores.audience().users.get_many(["ada"])["ada"].suppressed) == {}
