"""What the API takes: each refusal names the field."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from fanfare.pipeline.recipients import resolve
from fanfare.schemas.errors import faults
from fanfare.schemas.messages import SubmitRequest
from fanfare.schemas.scalars import Request
from fanfare.schemas.templates import PutTemplateRequest
from fanfare.schemas.topics import PutTopicRequest
from fanfare.schemas.users import PutUserRequest
from pydantic import ValidationError

MESSAGE: dict[str, Any] = {"topic": "orders.shipped", "content": {"subject": "Hello", "text": "Hello"}}
TOPIC: dict[str, Any] = {"title": "Order shipped", "channels": ["email"]}
TEMPLATE: dict[str, Any] = {"channels": {"email": {"subject": "Hello", "text": "Hello"}}}


def refused(model: type[Request], body: object) -> list[tuple[str, str]]:
    """Where and why a body is refused."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(body)
    return [(fault.pointer, fault.code) for fault in faults(caught.value.errors())]


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"topic": None}, "/topic", "missing"),
        ({"content": None}, "/template", "missing"),
        ({"template": {"id": "t"}}, "/content", "too_many"),
        ({"topic": "a b"}, "/topic", "invalid_id"),
        ({"topic": "a" * 129}, "/topic", "invalid_id"),
        ({"topic": "orders\n"}, "/topic", "invalid_id"),
        ({"topic": 3}, "/topic", "wrong_type"),
        ({"recipients": []}, "/recipients", "too_short"),
        ({"recipients": ["u"] * 1_001}, "/recipients", "too_long"),
        ({"recipients": ["u", 3]}, "/recipients/1", "wrong_type"),
        ({"recipients": "u"}, "/recipients", "wrong_type"),
        ({"channels": []}, "/channels", "too_short"),
        ({"channels": ["smoke"]}, "/channels/0", "unknown_channel"),
        ({"priority": "urgent"}, "/priority", "not_allowed"),
        ({"on_doubt": True}, "/on_doubt", "not_allowed"),
        ({"send_at": "2027-01-01T08:00:00"}, "/send_at", "invalid_time"),
        ({"send_at": "2027-02-30T08:00:00Z"}, "/send_at", "invalid_time"),
        ({"send_at": "0001-01-01T00:00:00+14:00"}, "/send_at", "invalid_time"),
        ({"send_at": 1798790400}, "/send_at", "invalid_time"),
        ({"steps": []}, "/steps", "too_short"),
        ({"steps": [{"channels": ["push"]}], "channels": ["email"]}, "/channels", "channels_with_steps"),
        ({"steps": [{"channels": ["push"], "after": "PT1M"}]}, "/steps/0/after", "first_step"),
        ({"steps": [{"channels": ["push"], "unless": "sent"}]}, "/steps/0/unless", "first_step"),
        ({"send_at": {}}, "/send_at/local", "missing"),
        ({"send_at": {"local": "2027-01-01T09:00Z"}}, "/send_at/local", "invalid_local_time"),
        ({"send_at": {"local": "2027-02-30T09:00"}}, "/send_at/local", "invalid_local_time"),
        ({"send_at": {"local": "0001-01-01T00:00"}}, "/send_at/local", "invalid_local_time"),
        ({"send_at": {"local": 9}}, "/send_at/local", "wrong_type"),
        ({"send_at": {"local": "2027-01-01T09:00", "zone": "UTC"}}, "/send_at/zone", "unknown_field"),
        ({"send_at": "2027-01-02T08:00:00Z", "expires_at": "2027-01-02T09:00:00+01:00"}, "/expires_at", "expired"),
        ({"content": {"subject": "Hello"}}, "/content", "missing"),
        ({"content": {"text": "Hello", "body": "x"}}, "/content/body", "unknown_field"),
        ({"data": []}, "/data", "wrong_type"),
        ({"a/b~c": 1}, "/a~1b~0c", "unknown_field"),
    ],
)
def test_a_message_that_is_wrong_names_the_field(change: dict[str, Any], pointer: str, code: str) -> None:
    assert (pointer, code) in refused(SubmitRequest, MESSAGE | change)


@pytest.mark.parametrize("version", [0, -1, 1.5, "1", True])
def test_a_template_version_is_a_number_from_1(version: object) -> None:
    body = {"topic": "t", "template": {"id": "t", "version": version}}
    assert [pointer for pointer, _ in refused(SubmitRequest, body)] == ["/template/version"]


def test_null_is_the_same_as_left_out() -> None:
    body = MESSAGE | {"template": None, "data": None, "priority": None, "on_doubt": None, "send_at": None}
    assert SubmitRequest.model_validate(body) == SubmitRequest.model_validate(MESSAGE)


def test_a_recipient_named_twice_is_one_recipient() -> None:
    request = SubmitRequest.model_validate({"recipients": ["b", "a", "b"], "content": {"text": "Hello"}})
    assert resolve(request.recipients or (), ["email"], lambda kind, address: kind + address).ids == ("b", "a")


def test_times_are_read_with_their_offset() -> None:
    request = SubmitRequest.model_validate(MESSAGE | {"send_at": "2027-01-01t09:00:00.5+01:00"})
    assert request.send_at == datetime(2027, 1, 1, 8, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"title": None}, "/title", "wrong_type"),
        ({"title": ""}, "/title", "too_short"),
        ({"channels": ["email", "fax"]}, "/channels/1", "unknown_channel"),
        ({"required": "true"}, "/required", "wrong_type"),
        ({"public": 1}, "/public", "wrong_type"),
        ({"shards": 0}, "/shards", "too_small"),
        ({"shards": 65}, "/shards", "too_large"),
        ({"shards": "2"}, "/shards", "wrong_type"),
        ({"limit": {"count": 0, "per_seconds": 60, "overflow": "drop"}}, "/limit/count", "too_small"),
        (
            {"limit": {"count": 1, "per_seconds": 31 * 86_400 + 1, "overflow": "drop"}},
            "/limit/per_seconds",
            "too_large",
        ),
        ({"limit": {"count": 1, "per_seconds": 60}}, "/limit/overflow", "missing"),
        ({"limit": {"count": 1, "per_seconds": 60, "overflow": "queue"}}, "/limit/overflow", "not_allowed"),
        ({"limit": {"count": 1, "per_seconds": 60, "overflow": "digest"}}, "/limit/overflow", "digest_missing"),
    ],
)
def test_a_topic_that_is_wrong_names_the_field(change: dict[str, Any], pointer: str, code: str) -> None:
    assert (pointer, code) in refused(PutTopicRequest, TOPIC | change)


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"channels": {}}, "/channels", "too_short"),
        ({"channels": {"fax": {"text": "x"}}}, "/channels/fax", "unknown_channel"),
        ({"channels": {"email": {"subject": 3}}}, "/channels/email/subject", "wrong_type"),
        ({"locales": {"de AT": {"email": {"subject": "x"}}}}, "/locales/de AT", "invalid_locale"),
        ({"schema": True}, "/schema", "wrong_type"),
        ({"example": "x"}, "/example", "wrong_type"),
        ({"data_schema": {}}, "/data_schema", "unknown_field"),
    ],
)
def test_a_template_that_is_wrong_names_the_field(change: dict[str, Any], pointer: str, code: str) -> None:
    assert (pointer, code) in refused(PutTemplateRequest, TEMPLATE | change)


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"email": "ada"}, "/email", "invalid_email"),
        ({"email": "ada@example.com "}, "/email", "invalid_email"),
        ({"email": "Ada <ada@example.com>"}, "/email", "invalid_email"),
        ({"email": "ädä@example.com"}, "/email", "invalid_email"),
        ({"email": "a@b.c\r\nBcc: x@example.com"}, "/email", "invalid_email"),
        ({"phone": "0664 1234567"}, "/phone", "invalid_phone"),
        ({"locale": "deutsch!"}, "/locale", "invalid_locale"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone", "invalid_time_zone"),
        ({"time_zone": "../etc/passwd"}, "/time_zone", "invalid_time_zone"),
        ({"quiet_hours": {"start": "24:00", "end": "07:00"}}, "/quiet_hours/start", "invalid_hour"),
        ({"quiet_hours": {"start": "22:00"}}, "/quiet_hours/end", "missing"),
        ({"quiet_hours": {"start": "22:00", "end": "22:00"}}, "/quiet_hours/end", "empty"),
        ({"webhook": {"url": "ftp://example.com"}}, "/webhook/url", "invalid_url"),
        ({"webhook": {"url": "https://ada:secret@example.com"}}, "/webhook/url", "invalid_url"),
        ({"push": [{"platform": "ios"}]}, "/push/0/token", "missing"),
    ],
)
def test_a_user_that_is_wrong_names_the_field(body: dict[str, Any], pointer: str, code: str) -> None:
    assert (pointer, code) in refused(PutUserRequest, body)


def test_what_is_not_known_of_a_user_is_not_stored() -> None:
    assert PutUserRequest.model_validate({"name": "Ada", "email": None}).profile() == {"name": "Ada"}


@pytest.mark.parametrize("model", [SubmitRequest, PutTopicRequest, PutTemplateRequest, PutUserRequest])
def test_the_examples_in_the_description_are_taken(model: type[Request]) -> None:
    for example in model.model_json_schema()["examples"]:
        model.model_validate(example)


@pytest.mark.parametrize(
    ("later", "pointer", "code"),
    [
        ([{"channels": ["email"]}], "/steps/1/after", "missing"),
        ([{"channels": ["email"], "after": "PT59S"}], "/steps/1/after", "invalid_duration"),
        ([{"channels": ["email"], "after": "P7DT1S"}], "/steps/1/after", "invalid_duration"),
        ([{"channels": ["email"], "after": "P1M"}], "/steps/1/after", "invalid_duration"),
        ([{"channels": ["email"], "after": "P1DT"}], "/steps/1/after", "invalid_duration"),
        ([{"channels": ["push"], "after": "PT1M"}], "/steps/1/channels/0", "channel_repeated"),
        ([{"channels": ["email"], "after": "PT1M", "unless": "read"}], "/steps/1/unless", "inbox_needed"),
        ([{"channels": ["email"], "after": "PT1M", "unless": "seen"}], "/steps/1/unless", "not_allowed"),
        (
            [{"channels": ["email"], "after": "PT1H"}, {"channels": ["sms"], "after": "PT60M"}],
            "/steps/2/after",
            "step_order",
        ),
    ],
)
def test_a_later_step_that_does_not_fit_is_named(later: list[dict[str, Any]], pointer: str, code: str) -> None:
    body = MESSAGE | {"steps": [{"channels": ["push"]}, *later]}
    assert refused(SubmitRequest, body) == [(pointer, code)]


@pytest.mark.parametrize(
    ("after", "seconds"), [("PT1M", 60), ("PT60S", 60), ("P1DT2H3M4S", 93_784), ("P1W", 604_800), ("P7D", 604_800)]
)
def test_a_duration_is_read_as_iso_8601_has_it(after: str, seconds: int) -> None:
    body = MESSAGE | {"steps": [{"channels": ["push"]}, {"channels": ["email"], "after": after}]}
    request = SubmitRequest.model_validate(body)
    assert request.steps is not None
    assert (request.steps[1].after, request.steps[1].seconds) == (after, seconds)


def test_no_value_is_in_the_repr_of_a_request() -> None:
    body = SubmitRequest.model_validate({**MESSAGE, "data": {"name": "Ada Lovelace"}, "recipients": ["ada@home"]})
    assert repr(body) == "SubmitRequest(…)"
    assert repr({"request": body}) == "{'request': SubmitRequest(…)}"
