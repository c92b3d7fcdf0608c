"""The local console shows what was sent, and to nobody else; its switches are turned by programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from local.api import Api
from local.console import local_console
from local.providers import inboxes
from local.providers.inboxes import Inboxes
from local.providers.outbox import Mail, Outbox
from local.providers.simulator import Simulator
from testing.aws_calls import AwsCalls

NOTES = [("grace", "2027-01-01T08:00:01.000Z"), ("ada", "2027-01-01T08:00:00.000Z")]


class Table:
    def get_paginator(self, _: str) -> Table:
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        note = {"title": {"S": "Hi"}, "body": {"S": "Hello"}, "sk": {"S": "m-1"}}
        return [{"Items": [note | {"pk": {"S": f"user#{user}"}, "at": {"S": at}}]} for user, at in NOTES]


@pytest.fixture
def outbox() -> Outbox:
    outbox = Outbox()
    for number, channel in enumerate(["email", "email", "sms"], start=1):
        to = f"Ada{number}@example.com" if channel == "email" else "+436641234567"
        html = "<script>alert(1)</script><p>Hi</p>" if channel == "email" else None
        outbox.add(Mail(channel=channel, to=to, provider_id="p", subject="<b>Hi</b>", html=html, text="Hi"))
    return outbox


@pytest.fixture
def console(outbox: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setattr(inboxes, "client", lambda *_: Table())
    app = local_console(
        Api("http://127.0.0.1:1"),
        outbox=outbox,
        simulator=Simulator(),
        calls=AwsCalls(tmp_path / "calls"),
        inboxes=Inboxes("http://127.0.0.1:1", "inbox"),
    )
    return app.test_client()


def test_the_outbox_has_the_fields_of_the_contract_the_newest_last(console: FlaskClient) -> None:
    items = console.get("/outbox.json").json["items"]  # type: ignore[index]
    contract = {"channel", "to", "subject", "text", "html", "headers", "message_id", "user_id", "at"}
    assert contract <= items[0].keys()
    assert [item["number"] for item in items] == [1, 2, 3]
    assert items[0]["at"].endswith("Z")


def test_the_outbox_can_be_narrowed(console: FlaskClient) -> None:
    assert len(console.get("/outbox.json?channel=sms").json["items"]) == 1  # type: ignore[index]
    (item,) = console.get("/outbox.json?channel=email&to=ada2@EXAMPLE.com").json["items"]  # type: ignore[index]
    assert item["number"] == 2


@pytest.mark.parametrize("path", ["/outbox", "/outbox/1"])
def test_pages_escape_what_was_sent(console: FlaskClient, path: str) -> None:
    page = console.get(path).text
    assert "&lt;b&gt;Hi" in page
    assert "alert(1)" not in page


def test_a_mail_is_shown_in_a_sandbox(console: FlaskClient) -> None:
    assert "<iframe sandbox " in console.get("/outbox/1").text
    policy = console.get("/outbox/1/body").headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize("path", ["/outbox/0", "/outbox/4", "/outbox/3/body", "/nowhere"])
def test_what_is_not_there_is_not_found(console: FlaskClient, path: str) -> None:
    assert console.get(path).status_code == 404


def test_the_switches_are_shown_and_changed(console: FlaskClient) -> None:
    assert console.get("/simulator").json == {"down": [], "down_address": True, "rate": None, "receipts": True}
    answer = console.post("/simulator", json={"down": ["email"]})
    assert answer.json["down"] == ["email"]  # type: ignore[index]


@pytest.mark.parametrize("body", [[], {"down": "email"}, {"down": ["fax"]}, {"rate": 0}, {"up": []}])
def test_wrong_switches_are_refused(console: FlaskClient, body: Any) -> None:
    answer = console.post("/simulator", json=body)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")


def test_a_page_elsewhere_turns_no_switch(console: FlaskClient) -> None:
    assert console.post("/simulator", data='{"down": ["email"]}', content_type="text/plain").status_code == 415
    assert console.get("/simulator", headers={"Host": "evil.example"}).status_code == 421
    assert console.get("/simulator").json["down"] == []  # type: ignore[index]


def test_inboxes_are_read_where_they_are(console: FlaskClient) -> None:
    items = console.get("/outbox.json?channel=inbox").json["items"]  # type: ignore[index]
    assert [(item["to"], item["subject"], item["text"], item["message_id"]) for item in items] == [
        ("ada", "Hi", "Hello", "m-1"),
        ("grace", "Hi", "Hello", "m-1"),
    ]
    assert len(console.get("/outbox.json?channel=inbox&to=ada").json["items"]) == 1  # type: ignore[index]


def test_an_api_that_does_not_answer_is_told_as_a_page(console: FlaskClient) -> None:
    answer = console.get("/messages")
    assert answer.status_code == 502
    assert "The API does not answer" in answer.text
