"""Who may submit, and what is taken."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from local.api import Reply

from .conftest import World

CONTENT = {"subject": "Hi {{ user.name }}", "text": "Hello"}


@pytest.fixture(scope="module")
def topic(world: World) -> str:
    return world.topic()


@pytest.fixture(scope="module")
def body(topic: str) -> dict[str, Any]:
    return {"topic": topic, "content": CONTENT}


def refused(reply: Reply, status: int) -> Any:
    """The problem that was answered."""
    assert reply.status == status, reply.content
    assert reply.headers["content-type"].startswith("application/problem+json")
    problem = reply.json()
    assert problem["status"] == status
    assert {"type", "title", "detail", "code", "retryable"} <= problem.keys()
    return problem


def test_nobody_calls_unsigned(world: World, body: dict[str, Any]) -> None:
    assert world.unsigned.call("POST", "/v1/messages", body).status == 403


def test_a_stranger_with_valid_keys_may_not_call(world: World, body: dict[str, Any]) -> None:
    assert world.stranger.call("POST", "/v1/messages", body).status == 403
    assert world.stranger.call("GET", "/v1/messages").status == 403


def test_a_service_submits_within_the_contract(world: World, body: dict[str, Any]) -> None:
    reply = world.api.call("POST", "/v1/messages", body)
    assert reply.status == 202
    accepted = reply.json()
    assert reply.headers["location"].endswith(f"/v1/messages/{accepted['id']}")
    assert reply.headers["x-request-id"]
    assert world.get(accepted["id"])["topic"] == body["topic"]


def test_the_same_key_twice_makes_one_message(world: World, body: dict[str, Any], topic: str) -> None:
    def listed() -> int:
        return len(world.api.expect(200, "GET", f"/v1/messages?topic={topic}&limit=100")["items"])

    key, before = str(uuid.uuid4()), listed()
    first = world.api.call("POST", "/v1/messages", body, Idempotency_Key=key)
    again = world.api.call("POST", "/v1/messages", body, Idempotency_Key=f'"{key}"')
    assert (first.status, again.status) == (202, 202)
    assert again.json() == first.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert listed() == before + 1


def test_the_same_key_with_another_body_is_refused(world: World, body: dict[str, Any]) -> None:
    key = str(uuid.uuid4())
    assert world.api.call("POST", "/v1/messages", body, Idempotency_Key=key).status == 202
    other = body | {"data": {"order": "B-18"}}
    problem = refused(world.api.call("POST", "/v1/messages", other, Idempotency_Key=key), 422)
    assert problem["code"] == "idempotency_key_reused"


def test_malformed_json_is_refused(world: World) -> None:
    refused(world.api.call("POST", "/v1/messages", raw=b'{"topic": '), 400)


def test_an_unknown_field_is_refused_with_its_pointer(world: World, body: dict[str, Any]) -> None:
    problem = refused(world.api.call("POST", "/v1/messages", body | {"colour": "red"}), 422)
    assert [error["pointer"] for error in problem["errors"]] == ["/colour"]


def test_a_body_of_300_kib_is_refused(world: World, body: dict[str, Any]) -> None:
    refused(world.api.call("POST", "/v1/messages", body | {"data": {"a": "x" * 300 * 1024}}), 413)


def test_another_media_type_is_refused(world: World) -> None:
    refused(world.api.call("POST", "/v1/messages", raw=b"a=b", Content_Type="text/plain"), 415)


def test_another_method_is_refused(world: World) -> None:
    refused(world.api.call("PATCH", "/v1/messages"), 405)


def test_a_message_to_nobody_is_sent_with_zeros(world: World, body: dict[str, Any]) -> None:
    message_id = world.api.expect(202, "POST", "/v1/messages", body)["id"]
    message = world.rest(message_id, seconds=30)
    assert message["state"] == "sent"
    assert set(message["counts"].values()) == {0}


def test_a_scheduled_message_waits_for_its_time(world: World, body: dict[str, Any]) -> None:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 6))
    message_id = world.api.expect(202, "POST", "/v1/messages", body | {"send_at": at})["id"]
    message = world.rest(message_id, seconds=30)
    active = next(move for move in message["timeline"] if move["state"] == "active")
    assert active["at"] >= at.removesuffix("Z")
