"""The console shows what was sent, and to nobody else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local import inboxes
from local.aws_calls import AwsCalls
from local.console import Console
from local.http import Answer, Request
from local.outbox import Mail, Outbox
from local.simulator import Simulator


@pytest.fixture
def outbox() -> Outbox:
    outbox = Outbox()
    for number, channel in enumerate(["email", "email", "sms"], start=1):
        to = f"Ada{number}@example.com" if channel == "email" else "+436641234567"
        html = "<script>alert(1)</script><p>Hi</p>" if channel == "email" else None
        outbox.add(Mail(channel=channel, to=to, provider_id="p", subject="<b>Hi</b>", html=html, text="Hi"))
    return outbox


@pytest.fixture
def console(outbox: Outbox, tmp_path: Path) -> Console:
    return Console(outbox=outbox, simulator=Simulator(), calls=AwsCalls(tmp_path / "calls"))


def ask(console: Console, path: str, method: str = "GET", body: Any = None, **query: str) -> Answer:
    content = b"" if body is None else json.dumps(body).encode()
    return console.handle(Request(method, path, query, {"content-type": "application/json"}, content))


def test_the_outbox_has_the_fields_of_the_contract_the_newest_last(console: Console) -> None:
    items = json.loads(ask(console, "/outbox.json").body)["items"]
    contract = {"channel", "to", "subject", "text", "html", "headers", "message_id", "user_id", "at"}
    assert contract <= items[0].keys()
    assert [item["number"] for item in items] == [1, 2, 3]
    assert items[0]["at"].endswith("Z")


def test_the_outbox_can_be_narrowed(console: Console) -> None:
    assert len(json.loads(ask(console, "/outbox.json", channel="sms").body)["items"]) == 1
    (item,) = json.loads(ask(console, "/outbox.json", channel="email", to="ada2@EXAMPLE.com").body)["items"]
    assert item["number"] == 2


def test_pages_escape_what_was_sent(console: Console) -> None:
    for path in ("/", "/outbox/1"):
        page = ask(console, path)
        assert b"&lt;b&gt;Hi" in page.body
        assert b"<script" not in page.body
        assert "script" not in page.headers["Content-Security-Policy"]


def test_a_mail_is_shown_in_a_sandbox(console: Console) -> None:
    assert b"<iframe sandbox " in ask(console, "/outbox/1").body
    policy = ask(console, "/outbox/1/body").headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize("path", ["/outbox/0", "/outbox/4", "/outbox/3/body", "/nowhere"])
def test_what_is_not_there_is_not_found(console: Console, path: str) -> None:
    assert ask(console, path).status == 404


def test_the_switches_are_shown_and_changed(console: Console) -> None:
    assert json.loads(ask(console, "/simulator").body) == {
        "down": [],
        "down_address": True,
        "rate": None,
        "receipts": True,
    }
    answer = ask(console, "/simulator", "POST", {"down": ["email"]})
    assert json.loads(answer.body)["down"] == ["email"]


@pytest.mark.parametrize("body", [[], {"down": "email"}, {"down": ["fax"]}, {"rate": 0}, {"up": []}])
def test_wrong_switches_are_refused(console: Console, body: Any) -> None:
    assert ask(console, "/simulator", "POST", body).status == 422


def test_inboxes_are_read_where_they_are(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    assert json.loads(ask(console, "/outbox.json", channel="inbox").body) == {"items": []}

    class Table:
        def get_paginator(self, _: str) -> Table:
            return self

        def paginate(self, **_: str) -> list[dict[str, Any]]:
            note = {"title": {"S": "Hi"}, "body": {"S": "Hello"}, "sk": {"S": "m-1"}}
            return [
                {"Items": [note | {"pk": {"S": f"user#{user}"}, "at": {"S": at}}]}
                for user, at in [("grace", "2027-01-01T08:00:01.000Z"), ("ada", "2027-01-01T08:00:00.000Z")]
            ]

    monkeypatch.setattr(inboxes, "client", lambda *_: Table())
    console.inboxes = inboxes.Inboxes("http://127.0.0.1:1", "inbox")
    items = json.loads(ask(console, "/outbox.json", channel="inbox").body)["items"]
    assert [(item["to"], item["subject"], item["text"], item["message_id"]) for item in items] == [
        ("ada", "Hi", "Hello", "m-1"),
        ("grace", "Hi", "Hello", "m-1"),
    ]
    assert len(json.loads(ask(console, "/outbox.json", channel="inbox", to="ada").body)["items"]) == 1
