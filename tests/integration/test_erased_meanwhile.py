"""What was decided for somebody who is erased before it leaves goes to nobody, and not to the next under the id."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conftest import Aws, Clock
from tests.integration.internal_api import call
from tests.integration.pipeline import TOPIC, Pipeline
from tests.integration.provider import Ses

BODY: dict[str, Any] = {"content": {"subject": "Hello", "text": "World"}}
ASLEEP = {"quiet_hours": {"start": "08:00", "end": "09:00"}}  # it is 08:00
NEXT_HOUR = {"send_at": {"local": "2027-01-01T09:00"}}
STEPS = {"steps": [{"channels": ["push"]}, {"after": "PT1H", "channels": ["email"]}]}
TO_ADA = BODY | {"recipients": ["ada"], "channels": ["email"]}
# How it waits: the profile of the first user, and the message
WAITING: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "quiet hours": (ASLEEP, TO_ADA),
    "quiet hours, on a topic": (ASLEEP, BODY | {"topic": TOPIC}),
    "quiet hours, in a message to many": (
        ASLEEP,
        TO_ADA | {"recipients": ["ada", *(f"x-{each}" for each in range(50))]},
    ),
    "a local time": ({}, TO_ADA | NEXT_HOUR),
    "a later step": ({}, BODY | {"recipients": ["ada"]} | STEPS),
}


@pytest.fixture
def pipeline(aws: Aws, clock: Clock, ses: Ses) -> Pipeline:
    pipeline = Pipeline.opened(aws, clock, ses, delays=False)
    pipeline.topic(channels=("email",), required=True)
    return pipeline


def put(email: str, **profile: Any) -> None:
    assert call("PUT", "/v1/users/ada", {"email": email, **profile}).status in (200, 201)
    call("PUT", f"/v1/users/ada/subscriptions/{TOPIC}/email")


def posted(pipeline: Pipeline, profile: dict[str, Any], fields: dict[str, Any]) -> str:
    put("ada@example.com", **profile)
    answer = call("POST", "/v1/messages", fields)
    assert answer.status == 202, answer.body
    pipeline.run()
    return str(answer.body["id"])


def counts(message: str) -> dict[str, int]:
    body = call("GET", f"/v1/messages/{message}").body
    return {name: number for name, number in body["counts"].items() if number and name != "recipients"}


@pytest.mark.parametrize(("profile", "fields"), WAITING.values(), ids=WAITING)
def test_the_next_user_under_the_id_gets_nothing(
    pipeline: Pipeline, ses: Ses, clock: Clock, profile: dict[str, Any], fields: dict[str, Any]
) -> None:
    message = posted(pipeline, profile, fields)
    assert call("DELETE", "/v1/users/ada").status == 204
    put("next@example.com")
    clock.advance(hours=2)
    pipeline.settle()
    assert ses.outbox == []
    found = call("GET", f"/v1/messages/{message}/deliveries").body["items"]
    assert [each["reason"] for each in found if (each["user_id"], each["channel"]) == ("ada", "email")] == ["erased"]
    assert "outstanding" not in counts(message)


@pytest.mark.parametrize(("profile", "fields"), WAITING.values(), ids=WAITING)
def test_who_was_not_erased_gets_it(
    pipeline: Pipeline, ses: Ses, clock: Clock, profile: dict[str, Any], fields: dict[str, Any]
) -> None:
    posted(pipeline, profile, fields)
    put("ada@new.example.com")  # the same user, with another address
    clock.advance(hours=2)
    pipeline.settle()
    assert [mail.to for mail in ses.outbox] == ["ada@new.example.com"]


def test_a_redrive_sends_nothing_to_the_next_user(pipeline: Pipeline, ses: Ses) -> None:
    ses.entry_status = {"ada@example.com": ["INVALID_PARAMETER"]}
    message = posted(pipeline, {}, TO_ADA)
    assert counts(message) == {"failed": 1}
    assert call("DELETE", "/v1/users/ada").status == 204
    put("next@example.com")
    assert call("POST", f"/v1/messages/{message}/redrives").status == 202
    pipeline.settle()
    assert ses.outbox == []
    assert counts(message) == {"skipped": 1}
