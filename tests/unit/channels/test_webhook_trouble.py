"""Endpoints that throttle, take long, or break the code: what one does, it does to itself."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest
from fanfare.channels import Email, Inbox, Push, Sms, Webhook, webhook_guard
from fanfare.channels.base import Channel, Kind, SendResult
from fanfare.channels.reasons import Reason
from fanfare.channels.webhook_guard import HostSeconds, addresses_of, retry_after

from tests.unit.channels.fakes import envelope

NOW = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)


# The forms of https://www.rfc-editor.org/rfc/rfc9110#field.retry-after and of its dates, section 5.6.7
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0.0),
        ("", 0.0),
        ("120", 120.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("1.5", 0.0),
        ("86400", 3_600.0),
        ("9" * 5_000, 0.0),
        ("١٢٠", 0.0),
        ("soon", 0.0),
        ("Fri, 01 Jan 2027 08:02:00 GMT", 120.0),
        ("Friday, 01-Jan-27 08:02:00 GMT", 120.0),
        ("Fri Jan  1 08:02:00 2027", 120.0),
        ("Fri, 01 Jan 2027 07:00:00 GMT", 0.0),
        ("Fri, 01 Jan 2077 08:00:00 GMT", 3_600.0),
        ("Fri, 99 Jan 2027 08:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_read_in_both_forms_and_bounded(header: str | None, seconds: float) -> None:
    assert retry_after(header, NOW) == seconds


def test_seconds_of_a_host_add_up_and_quick_calls_cost_nothing() -> None:
    hosts = HostSeconds()
    for _ in range(1_000):
        hosts.took("quick.example", "192.0.2.1", 0.9)
    hosts.took("slow.example", "192.0.2.2", 9.0)
    assert hosts.allows("slow.example", "192.0.2.2")
    hosts.took("slow.example", "192.0.2.2", 9.0)
    assert not hosts.allows("slow.example")
    assert hosts.allows("other.example", "192.0.2.2")
    hosts.took("other.example", "192.0.2.2", 9.0)
    assert not hosts.allows("third.example", "192.0.2.2")
    assert hosts.allows("quick.example", "192.0.2.1")


def test_a_name_server_that_never_answers_is_waited_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = Event()
    monkeypatch.setattr(webhook_guard, "LOOK_UP_SECONDS", 0.05)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ended.wait(5) and [])
    with pytest.raises(OSError, match=r"slow\.example"):
        addresses_of("slow.example", 443)
    ended.set()


# One recipient breaks the code: the others of the batch don't feel it. Half of a surrogate pair can't be encoded.
HALF = "\ud83d"


class Client:
    """SES and SNS that take everything, with the SDK's refusal to encode what is no text."""

    def send_bulk_email(self, **request: Any) -> Any:
        str(request).encode()
        return {"BulkEmailEntryResults": [{"Status": "SUCCESS", "MessageId": "1"} for _ in request["BulkEmailEntries"]]}

    def publish(self, **request: Any) -> Any:
        request["Message"].encode()
        if "\\ud83d" in request["Message"]:  # escaped by JSON
            HALF.encode()
        return {"MessageId": "1"}

    def create_platform_endpoint(self, **_: Any) -> Any:
        return {"EndpointArn": "arn"}


class Notes:
    def put(self, notes: Sequence[tuple[str, str, str, str]]) -> None:
        str(notes).encode()


def _resolve(host: str, _: int) -> Sequence[str]:
    if host == "broken.example":
        raise RuntimeError("anything")
    return ["93.184.215.14"]


class Posted(Webhook):
    def _post(self, *_: object) -> SendResult:
        return SendResult(Kind.SENT)


CHANNELS: dict[str, tuple[Channel, Any, dict[str, str]]] = {
    "email": (
        Email(Client(), sender="a@example.com", configuration_set=None),  # type: ignore[arg-type]
        "ada@example.com",
        {"subject": "Hello", "text": "{}"},
    ),
    "sms": (Sms(Client()), "+436641234567", {"text": "{}"}),  # type: ignore[arg-type]
    "push": (Push(Client(), applications={"fcm": "arn"}), (("fcm", "token"),), {"title": "{}"}),  # type: ignore[arg-type]
    "inbox": (Inbox(Notes()), "inbox", {"title": "{}", "body": ""}),
}


@pytest.mark.parametrize("name", CHANNELS)
def test_what_breaks_the_code_for_one_is_a_result_of_this_one_alone(name: str) -> None:
    channel, address, content = CHANNELS[name]
    texts = ["fine", HALF, "fine {{name}}", "fine"]
    envelopes = [
        envelope(address=address, content={part: text.replace("{}", each) for part, text in content.items()})
        for each in texts
    ]
    results = channel.send(envelopes)
    assert [result.kind for result in results] == [Kind.SENT, Kind.PERMANENT, Kind.SENT, Kind.SENT]
    assert results[1].reason == Reason.RECIPIENT_ERROR


def test_a_url_that_breaks_the_code_is_a_result_of_this_one_alone() -> None:
    channel = Posted(keys=lambda: {"k": "key"}, clock=lambda: NOW, resolve=_resolve)
    urls = ["https://a.example/", "https://broken.example/", "https://b.example/"]
    results = channel.send([envelope(address=url) for url in urls])
    assert [result.kind for result in results] == [Kind.SENT, Kind.PERMANENT, Kind.SENT]
    assert results[1].reason == Reason.RECIPIENT_ERROR
