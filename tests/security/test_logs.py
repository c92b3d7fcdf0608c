"""What is personal or secret is in no log line, queue, dead letter, event or metric: a message's whole way is read."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Final

import pytest
from botocore.exceptions import ClientError
from fanfare import clock as clocks
from fanfare.channels.base import Kind, SendResult
from fanfare.channels.webhook import Owner, Webhook, secret
from fanfare.runtime import clients, signing, stores
from fanfare.runtime.use_cases.deliver import deliver

from functions.internal_api import handler as internal_handler
from functions.public_api import handler as public_handler
from tests.integration import internal_api, public_api, test_runtime
from tests.integration.conftest import Aws, Clock
from tests.integration.letters import Post
from tests.integration.pipeline import Pipeline
from tests.integration.provider import Ses
from tests.integration.test_runtime import Bus
from tests.unit.channels.fakes import envelope

bus = test_runtime.bus

ADDRESS: Final = "marked.address@marked-domain.example"
MARKS: Final = {
    "an address": "marked.address",
    "a domain": "marked-domain",
    "a phone": "6641234599",
    "a device": "marked-device-token",
    "a webhook": "marked-hook",
    "a name": "Markedname",
    "a datum": "marked-datum",
    "a text": "marked-content",
    "a code": "marked-code",
    "a source": "198.51.100.77",
}


class Everything(logging.Handler):
    """Every record, whole: message, arguments, what goes along, and the trace of an error."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        self.records.append(f"{record.getMessage()} {vars(record)!r} {trace}")


@pytest.fixture
def told(aws: Aws) -> Iterator[Everything]:
    """What our own loggers said; boto's, which would name everything at DEBUG, are never turned on."""
    found = Everything()
    loggers = [logging.getLogger(name) for name in ("fanfare", "functions", "urllib3", "root")]
    powertools = [internal_handler.logger._logger, public_handler.logger._logger]
    for each in (*loggers, *powertools):
        each.addHandler(found)
    yield found
    for each in (*loggers, *powertools):
        each.removeHandler(found)


def waiting(aws: Aws) -> list[str]:
    """Every body that waits in a queue or in dead letters."""
    urls = [*aws.queues.values(), *aws.dead_letters.values()]
    return [
        message["Body"] + json.dumps(message.get("MessageAttributes", {}))
        for url in urls
        for message in aws.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
        ).get("Messages", [])
    ]


def marked(texts: list[str]) -> list[tuple[str, str]]:
    return [(name, text[:400]) for text in texts for name, mark in MARKS.items() if mark.lower() in text.lower()]


def test_the_scan_finds_what_is_there(told: Everything) -> None:
    logging.getLogger("fanfare.pipeline.deliver").error("sent", extra={"to": ADDRESS})
    assert {name for name, _ in marked(told.records)} == {"an address", "a domain"}


def way_of_messages(pipeline: Pipeline, provider: Ses) -> list[str]:
    """Two messages that are sent and one that ends in the dead letters; the bodies that waited on the way."""
    pipeline.topic(public=True)
    profile = {
        "name": "Markedname",
        "email": ADDRESS,
        "phone": "+436641234599",
        "push": [{"platform": "ios", "token": "marked-device-token"}],
        "webhook": {"url": "https://marked-hook.example/marked-hook?key=marked-hook"},
    }
    assert internal_api.call("PUT", "/v1/users/ada", profile).status == 201
    internal_api.call("POST", "/v1/users", {"items": [{"id": "eve", **profile}, {"id": "bad", "email": f"{ADDRESS},"}]})
    internal_api.call("PUT", "/v1/users/ada/subscriptions/orders.shipped/email")
    internal_api.call("PUT", f"/v1/suppressions/email/marked.{ADDRESS}", {})
    bodies: list[str] = []
    content = {"subject": "marked-content", "text": "marked-content {{ data.order }}"}
    for key, more, down in (("1", {}, 0), ("2", {"content": content, "template": None}, 0), ("3", {}, 99)):
        provider.down = down
        pipeline.post(data={"order": "marked-datum"}, key=key, **more)
        for queue in ("fan_out", "email", "email", "email", "email"):
            bodies += waiting(pipeline.aws)
            pipeline.step(queue)
    return bodies + waiting(pipeline.aws)


def what_people_do(post: Post) -> list[str]:
    """Right and wrong; the links that they got."""
    mine = {"email": ADDRESS, "phone": "+436641234599", "name": "Markedname"}
    public_api.call("PATCH", "/v1/me", mine, user="bob")
    public_api.call("PATCH", "/v1/me", {"email": f"{ADDRESS} marked-code"}, user="bob")
    public_api.call("POST", "/v1/me/confirmations", {"channel": "sms", "code": "marked-code"}, user="bob")
    told = {"email": ADDRESS, "topic": "orders.shipped"}
    public_api.call("POST", "/v1/subscriptions", told, user=None, source="198.51.100.77")
    links = [
        *(mail.link for mail in post.mails),
        *(mail.stop for mail in post.mails),
        public_api.unsubscribe_link("ada", "orders.shipped"),
    ]
    for link in links:
        public_api.browse(link)
        public_api.browse(link, {})
    public_api.call("GET", "/v1/me/webhook", user="ada")
    wrong = {"topic": "orders.shipped", "data": {"order": "marked-datum"}, "x": ADDRESS}
    internal_api.call("POST", "/v1/messages", wrong)
    internal_api.call("POST", "/v1/messages", raw='{"data": "marked-datum')
    internal_api.call("GET", f"/v1/users/{ADDRESS}")
    return links


def test_nothing_personal_is_logged_queued_or_told(
    told: Everything, bus: Bus, aws: Aws, clock: Clock, post: Post, capsys: pytest.CaptureFixture[str]
) -> None:
    provider = Ses()
    provider.install(deliver().channel.client)  # type: ignore[attr-defined]
    bodies = way_of_messages(Pipeline(aws, clock, provider), provider)
    links = what_people_do(post)
    clients.flush_events()
    out = capsys.readouterr()
    lines = [*told.records, *out.out.splitlines(), *out.err.splitlines()]  # metrics are lines, too
    events = [json.dumps(call) for call in bus.calls]
    assert (len(provider.outbox), len(told.records) > 20, len(bodies) >= 6, len(events) > 0) == (2, True, True, True)
    everywhere = [*lines, *bodies, *events]
    assert marked(everywhere) == []
    tokens = [link.rpartition("/")[2] for link in links]
    secrets = [
        *tokens,
        post.code,
        secret(signing.webhook_keys, Owner("ada", generation=public_api.reader("ada").generation)),
        "a key for tests alone",
    ]
    assert not [each for each in secrets if each in "\n".join(everywhere)]


def test_an_error_that_nobody_expected_names_no_one(
    told: Everything, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ClientError({"Error": {"Code": "ValidationException", "Message": "no"}}, "PutItem")

    monkeypatch.setattr(stores.audience().users, "put", broken)
    answer = internal_api.call("PUT", "/v1/users/ada", {"email": ADDRESS, "name": "Markedname"})
    assert (answer.status, answer.body["code"]) == (500, "internal_error")
    assert told.records
    assert marked([*told.records, answer.text]) == []


def test_a_webhook_that_is_refused_says_why_and_not_where(told: Everything, aws: Aws) -> None:
    channel = Webhook(keys=signing.webhook_keys, clock=clocks.system_clock, resolve=lambda *_: ["127.0.0.1"])
    results: list[SendResult] = channel.send([envelope(address="https://marked-hook.example/")])
    assert [result.kind for result in results] == [Kind.PERMANENT]
    assert marked([*told.records, repr(results)]) == []
