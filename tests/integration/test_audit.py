"""The audit trail: who changed or read whom, through the internal API. Ids as they are, addresses as digests."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from fanfare.runtime import signing
from fanfare.runtime.registry import opened

from functions.internal_api import handler as internal_handler
from tests.integration.conftest import Aws
from tests.integration.internal_api import call

ROLE = "arn:aws:sts::123456789012:assumed-role/crm"
ADDRESS = "ada@example.com"


class Lines(logging.Handler):
    """The lines of the trail, as fields."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.found: list[dict[str, Any]] = []
        self.said: list[str] = []  # the message of each line, of the trail or not

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())
        if record.getMessage() == "audit":
            names = ("principal", "session", "method", "route", "status", "users", "addresses")
            ids = {name: value for name, value in vars(record).items() if name.endswith("_id") or name == "channel"}
            self.found.append({name: vars(record)[name] for name in names} | ids)

    def only(self) -> dict[str, Any]:
        (line,) = self.found
        return line


@pytest.fixture
def trail(aws: Aws) -> Iterator[Lines]:
    call("PUT", "/v1/topics/news", {"title": "News", "channels": ["email"]})
    lines = Lines()
    logger = internal_handler.logger._logger
    logger.addHandler(lines)
    yield lines
    logger.removeHandler(lines)


def by_crm(method: str, path: str, body: Any = None, **more: Any) -> int:
    return call(method, path, body, caller=f"{ROLE}/worker-7", **more).status


def test_a_change_of_a_person_says_who_what_and_whom(trail: Lines) -> None:
    assert by_crm("PUT", "/v1/users/ada", {"email": ADDRESS}) == 201
    line = trail.only()
    assert line | {"correlation_id": ""} == {
        "principal": ROLE,
        "session": "worker-7",
        "method": "PUT",
        "route": "/v1/users/{user_id}",
        "status": 201,
        "users": ["ada"],
        "addresses": [],
        "correlation_id": "",
    }


def test_a_read_of_a_person_is_noted_and_a_read_of_nobody_is_not(trail: Lines) -> None:
    for path in ("/v1/users/ada", "/v1/users/ada/deliveries", "/v1/users/ada/subscriptions", "/v1/masked/users/ada"):
        by_crm("GET", path)
    for path in ("/v1/topics", "/v1/topics/news", "/v1/templates", "/v1/messages", "/v1/queues", "/openapi.json"):
        assert by_crm("GET", path) == 200
    assert [(line["method"], line["users"]) for line in trail.found] == [("GET", ["ada"])] * 4


def test_a_call_has_one_line_of_the_trail_or_else_of_the_log(trail: Lines) -> None:
    by_crm("PUT", "/v1/users/ada", {"email": ADDRESS})
    by_crm("GET", "/v1/topics")
    by_crm("GET", "/v1/nowhere")
    assert trail.said == ["audit", "answered", "answered"]


def test_a_call_that_is_refused_is_noted_with_its_status(trail: Lines) -> None:
    assert by_crm("PUT", "/v1/users/ada", {"mail": ADDRESS}) == 422
    assert (trail.only()["status"], trail.only()["users"]) == (422, ["ada"])


def test_a_bulk_call_names_everybody_it_was_about(trail: Lines) -> None:
    items = [{"id": f"user-{number}"} for number in range(100)]
    assert by_crm("POST", "/v1/users", {"items": items}) == 200
    assert trail.only()["users"] == [f"user-{number}" for number in range(100)]
    pairs = [{"user_id": f"user-{number}", "channel": "email"} for number in range(250)]
    assert by_crm("POST", "/v1/topics/news/subscriptions", {"items": pairs}) == 200
    assert [len(line["users"]) for line in trail.found[1:]] == [100, 100, 50]
    assert {line["topic_id"] for line in trail.found[1:]} == {"news"}


def test_an_address_is_a_digest_and_the_same_one_everywhere(trail: Lines) -> None:
    by_crm("PUT", "/v1/suppressions/email/ada@example.com", {})
    by_crm("GET", "/v1/suppressions/email/ADA%40example.com")
    by_crm("GET", "/v1/suppressions")
    by_crm("DELETE", "/v1/suppressions/email/ada@example.com")
    digests = [line["addresses"] for line in trail.found]
    assert digests == [digests[0]] * 4
    assert digests[0][0].startswith("digest:")
    assert len(digests[0][0]) == len("digest:") + 32
    assert "ada" not in json.dumps(trail.found)


def test_an_address_with_a_slash_is_one_address(trail: Lines) -> None:
    by_crm("PUT", "/v1/suppressions/email/a/b@example.com", {})
    by_crm("PUT", "/v1/suppressions/email/a%2Fb@example.com", {})
    assert trail.found[0]["addresses"] == trail.found[1]["addresses"]


def test_an_id_or_a_session_that_is_an_address_is_a_digest_too(trail: Lines) -> None:
    call("GET", "/v1/users/ada@example.com", caller=f"{ROLE}/ada@example.com")
    by_crm("GET", "/v1/suppressions/email/ada@example.com")
    first, second = trail.found
    assert first["users"] == second["addresses"] == [first["session"]]


def test_another_key_has_another_digest(trail: Lines) -> None:
    by_crm("GET", "/v1/suppressions/email/ada@example.com")
    opened.put(signing.audit_keys.opened, lambda: {"k1": "another key"})
    by_crm("GET", "/v1/suppressions/email/ada@example.com")
    assert trail.found[0]["addresses"] != trail.found[1]["addresses"]


def test_a_message_and_a_reader_of_its_deliveries_are_named(trail: Lines) -> None:
    message = call("POST", "/v1/messages", {"recipients": ["ada"], "channels": ["inbox"], "content": {"text": "x"}})
    assert message.status == 202
    trail.found.clear()
    by_crm("GET", f"/v1/messages/{message.body['id']}/explanations/ada")
    by_crm("DELETE", f"/v1/messages/{message.body['id']}")
    assert [(line["message_id"], line["users"]) for line in trail.found] == [
        (message.body["id"], ["ada"]),
        (message.body["id"], []),
    ]


def test_nobody_reads_a_person_without_a_line(trail: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    call("PUT", "/v1/suppressions/email/ada@example.com", {})
    opened.reset()
    monkeypatch.setenv("FANFARE_AUDIT_KEYS_ARN", "not-there")
    answer = call("GET", "/v1/suppressions/email/ada@example.com")
    assert answer.status >= 500
    assert "ada" not in answer.body["detail"]


@pytest.mark.parametrize("body", ['{"a": NaN}', '{"a": "\\ud83d"}', '{"items": [{"user_id": "bob"}]}', "{"])
def test_a_body_that_nobody_reads_hides_nothing(trail: Lines, body: str) -> None:
    call("PUT", "/v1/users/ada", {"name": "Ada"})
    trail.found.clear()
    answer = call("DELETE", "/v1/users/ada", raw=body, content_type="text/plain")
    assert answer.status == 204
    assert trail.only()["users"] == ["ada"]
