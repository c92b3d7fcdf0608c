"""What the environment that the stack gives a function is made into."""

from __future__ import annotations

import gc
import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from fanfare.aws.event_bus import Events
from fanfare.channels import CHANNELS, Push, Webhook
from fanfare.channels.webhook import Owner, secret, signatures
from fanfare.domain.audience import User
from fanfare.domain.lifecycle import State
from fanfare.errors import NotFound
from fanfare.runtime import clients, signing, stores
from fanfare.runtime.channels import channel
from fanfare.runtime.registry import opened
from fanfare.runtime.use_cases.deliver import deliver
from fanfare.signing.links import Links
from standardwebhooks import Webhook as Signature

from tests.integration.conftest import Aws, Clock
from tests.integration.pipeline import Pipeline
from tests.integration.provider import Ses


class Bus:
    """Keeps what is put on it."""

    def __init__(self) -> None:
        self.calls: list[list[dict[str, Any]]] = []

    def put_events(self, *, Entries: Any) -> dict[str, Any]:
        self.calls.append(list(Entries))
        return {"FailedEntryCount": 0}

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [json.loads(each["Detail"]) for call in self.calls for each in call if each["DetailType"] == kind]


@pytest.fixture
def bus(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Bus:
    bus = Bus()
    monkeypatch.setenv("FANFARE_EVENT_BUS_NAME", "bus")
    monkeypatch.setenv("FANFARE_DELIVERY_EVENTS", "true")
    opened.put(clients.events, Events(lambda: bus, bus="bus"))
    return bus


@pytest.fixture
def pipeline(aws: Aws, clock: Clock) -> Pipeline:
    return Pipeline.opened(aws, clock, Ses())


@pytest.mark.parametrize("name", CHANNELS)
def test_every_channel_opens(aws: Aws, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("FANFARE_CHANNEL", name)
    assert isinstance(channel(), CHANNELS[name])
    assert deliver().channel is channel()


def test_push_has_the_applications_that_are_named(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANFARE_CHANNEL", "push")
    monkeypatch.setenv("FANFARE_PUSH_FCM_APPLICATION_ARN", "arn:app/GCM/shop")
    push = channel()
    assert isinstance(push, Push)
    assert push.applications == {"fcm": "arn:app/GCM/shop"}


def test_webhooks_are_signed_with_every_key_that_is_kept(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANFARE_CHANNEL", "webhook")
    webhook = channel()
    assert isinstance(webhook, Webhook)
    assert (webhook.keys, webhook.guard.allowed) == (signing.webhook_keys, frozenset())
    monkeypatch.setenv("FANFARE_WEBHOOK_ALLOWED", "localhost:8080,localhost:8081")
    opened.reset()
    assert channel().guard.allowed == {"localhost:8080", "localhost:8081"}  # type: ignore[attr-defined]


def test_links_are_made_where_it_is_known_where_they_lead(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FANFARE_PUBLIC_URL")
    assert signing.links() is None
    monkeypatch.setenv("FANFARE_PUBLIC_URL", "https://notify.shop.example/")
    links = signing.links()
    assert links is not None
    ada = User(id="ada", profile={})
    assert links.unsubscribe_link(ada, "orders", "email").startswith("https://notify.shop.example/v1/unsubscribe/")


def test_inboxes_are_kept_for_as_long_as_messages_are(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANFARE_RETENTION_DAYS", "7")
    assert stores.inboxes().retention == timedelta(days=7)


def test_a_user_gets_no_more_on_a_channel_than_the_deployment_allows(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {"email": {"count": 1, "per_seconds": 3600, "overflow": "drop"}}
    monkeypatch.setenv("FANFARE_USER_LIMITS", json.dumps(limits))
    pipeline.topic()
    pipeline.subscribers(3)
    first, second = pipeline.post(), pipeline.post()
    pipeline.run()
    assert pipeline.counts(first)["sent"] == 3
    assert pipeline.counts(second)["skipped"] == 3
    assert pipeline.delivery("user-0000", second).reason == "rate_limited"


def test_services_are_told_when_a_message_is_sent_and_to_whom(bus: Bus, pipeline: Pipeline) -> None:
    pipeline.topic()
    users = pipeline.subscribers(60)
    bus.calls.clear()  # of the subscriptions
    message = pipeline.post()
    pipeline.run()
    (moved,) = bus.told("message moved")
    assert (moved["message_id"], moved["state"], moved["counts"]["sent"]) == (message, "sent", 60)
    told = [each["user_id"] for detail in bus.told("deliveries recorded") for each in detail["deliveries"]]
    assert sorted(told) == users
    assert len(bus.calls) <= 2


def test_services_are_told_of_a_deletion_once(bus: Bus, pipeline: Pipeline) -> None:
    pipeline.topic()
    message = pipeline.post()
    for _ in range(2):
        pipeline.cancel(message)
    clients.flush_events()
    assert [(each["message_id"], each["state"]) for each in bus.told("message moved")] == [(message, "deleted")]


def test_where_there_is_no_bus_nobody_is_told(pipeline: Pipeline) -> None:
    assert stores.messages().moved is None
    assert stores.deliveries().recorded is None
    clients.flush_events()


def test_keys_that_cant_be_read_again_are_the_ones_that_are_known(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    keys = signing.SigningKeys(lambda: signing.read_secret("FANFARE_SECRET_ARN"), monotonic=lambda: now[0])
    before = keys()
    with monkeypatch.context() as outage:
        outage.setenv("FANFARE_SECRET_ARN", "not-there")
        now[0] += 300
        assert keys() == before
    client = boto3.client("secretsmanager")
    rotated = {**before, "k2": "a newer key"}
    client.put_secret_value(SecretId=os.environ["FANFARE_SECRET_ARN"], SecretString=json.dumps(rotated))
    assert keys() == before  # one call in five minutes, whatever comes of it
    now[0] += 300
    assert keys() == rotated


def test_keys_that_were_never_read_are_asked_for_each_time(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as outage:
        outage.setenv("FANFARE_SECRET_ARN", "not-there")
        with pytest.raises(ClientError):
            signing.signing_keys()
    assert signing.signing_keys()


def test_the_collector_walks_what_stays_no_more(aws: Aws) -> None:
    opened.reset()
    assert gc.get_freeze_count() == 0
    stores.audience()
    assert gc.get_freeze_count() > 10_000
    opened.reset()
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize("plain", [False, True], ids=["lean", "plain"])
def test_a_message_goes_its_way_over_the_sdk_as_it_is_too(
    aws: Aws, clock: Clock, monkeypatch: pytest.MonkeyPatch, plain: bool
) -> None:
    monkeypatch.setenv("FANFARE_PLAIN_SDK", str(int(plain)))
    ses = Ses()
    client: Any = channel().client  # type: ignore[attr-defined]
    ses.install(client)
    pipeline = Pipeline(aws, clock, ses)
    pipeline.topic()
    pipeline.subscribers(3)
    message_id = pipeline.post()
    pipeline.run()
    assert pipeline.message(message_id).state is State.SENT
    of_stores: Any = (stores.messages().table.client, clients.queues().client)
    for each in (client, *of_stores):
        assert isinstance(each._make_api_call.__self__, BaseClient) is plain


def test_each_purpose_has_keys_that_no_other_purpose_takes(aws: Aws) -> None:
    keys = [next(iter(each().values())) for each in signing.PURPOSES]
    assert len(set(keys)) == len(signing.PURPOSES) >= 6
    for other in signing.PURPOSES[1:]:
        ada = User(id="ada", profile={})
        forged = Links("https://people.example.com", keys=other).unsubscribe_link(ada, "news", "email")
        with pytest.raises(NotFound):
            signing.public_links().open_unsubscribe(forged.rpartition("/")[2])


def test_a_new_key_of_links_changes_no_secret_of_a_webhook(aws: Aws) -> None:
    before = secret(signing.webhook_keys, Owner("ada"))
    opened.put(signing.signing_keys.opened, lambda: {"k2": "a newer key"})
    assert secret(signing.webhook_keys, Owner("ada")) == before


def test_receivers_with_a_secret_of_before_the_split_can_be_kept_until_they_have_the_new_one(aws: Aws) -> None:
    shared = signing.signing_keys()  # what signed webhooks, too
    theirs = secret(lambda: shared, Owner("ada"))
    opened.put(signing.webhook_keys.opened, lambda: {"old": shared["k1"], "k1": "a key of webhooks"})
    at = datetime(2027, 1, 1, tzinfo=UTC)
    known = signatures(signing.webhook_keys, Owner("ada"), "message-1", at, "{}").split()
    new = secret(signing.webhook_keys, Owner("ada"))
    assert new != theirs
    assert [Signature(each).sign("message-1", at, "{}") in known for each in (theirs, new)] == [True, True]
