"""What viewers, and services that see only their own messages, do not get to see."""

from __future__ import annotations

import json

import pytest

from tests.integration.conftest import Aws
from tests.integration.internal_api import Answer, call

CRM = "arn:aws:sts::123456789012:assumed-role/crm"
SHOP = "arn:aws:sts::123456789012:assumed-role/shop"
OPERATORS = "arn:aws:sts::123456789012:assumed-role/operators"
PROFILE = {
    "name": "Ada",
    "email": "ada.lovelace@people.example.com",
    "phone": "+436641234567",
    "push": [{"platform": "ios", "token": "device-token"}],
    "webhook": {"url": "https://hooks.example.com/in?key=secret"},
}


def test_a_viewer_sees_a_user_with_every_address_masked(aws: Aws) -> None:
    call("PUT", "/v1/users/ada", PROFILE)
    shown = call("GET", "/v1/masked/users/ada").body
    assert (shown["email"], shown["phone"]) == ("a***@p***.com", "+43***67")
    assert (shown["push"], shown["webhook"]) == (
        [{"platform": "ios", "token": "***"}],
        {"url": "https://h***.com/***"},
    )
    assert (shown["id"], shown["name"]) == ("ada", "Ada")
    full = call("GET", "/v1/users/ada").body
    assert {name: value for name, value in full.items() if name not in PROFILE} == {
        name: value for name, value in shown.items() if name not in PROFILE
    }


def test_a_user_without_addresses_has_none_to_mask(aws: Aws) -> None:
    call("PUT", "/v1/users/ada", {"name": "Ada"})
    assert call("GET", "/v1/masked/users/ada").body == call("GET", "/v1/users/ada").body
    assert call("GET", "/v1/masked/users/bob").status == 404


def test_a_viewer_sees_suppressions_without_their_addresses(aws: Aws) -> None:
    for path in ("email/ada@example.com", "sms/+436641234567"):
        assert call("PUT", f"/v1/suppressions/{path}", {}).status == 201
    first = call("GET", "/v1/masked/suppressions", limit=1).body
    second = call("GET", "/v1/masked/suppressions", limit=1, cursor=first["next_cursor"]).body
    assert [page["items"][0]["address"] for page in (first, second)] == ["a***@e***.com", "+43***67"]
    assert second["next_cursor"] is None


def submit(caller: str) -> str:
    body = {"recipients": ["ada"], "channels": ["inbox"], "content": {"text": "x"}, "send_at": "2027-01-01T10:00:00Z"}
    answer = call("POST", "/v1/messages", body, caller=f"{caller}/1")
    assert answer.status == 202
    found: str = answer.body["id"]
    return found


@pytest.fixture
def apart(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """A message of each service, in a deployment that keeps them apart."""
    monkeypatch.setenv("FANFARE_OWN_MESSAGES_ONLY", "true")
    monkeypatch.setenv("FANFARE_MESSAGE_OVERSEERS", OPERATORS)
    return submit(CRM), submit(SHOP)


def told(answer: Answer) -> tuple[int, str]:
    return answer.status, json.dumps({**answer.body, "instance": ""})


@pytest.mark.parametrize(
    ("method", "more"),
    [("GET", ""), ("DELETE", ""), ("GET", "/deliveries"), ("GET", "/explanations/ada"), ("POST", "/redrives")],
)
def test_a_message_of_another_service_is_not_there(apart: tuple[str, str], method: str, more: str) -> None:
    nowhere = "0198c2a1-7d7e-7b5c-8f6e-3f1d2c4b5a69"
    others, missing = (call(method, f"/v1/messages/{id}{more}", caller=f"{SHOP}/9") for id in (apart[0], nowhere))
    assert told(others) == told(missing)
    assert others.status == 404
    assert call("GET", f"/v1/messages/{apart[0]}", caller=f"{CRM}/9").body["state"] == "pending"


def test_a_list_has_ones_own_messages_alone(apart: tuple[str, str]) -> None:
    lists = {
        name: {each["id"] for each in call("GET", "/v1/messages", caller=f"{name}/9").body["items"]}
        for name in (CRM, SHOP, OPERATORS)
    }
    assert lists == {CRM: {apart[0]}, SHOP: {apart[1]}, OPERATORS: {*apart}}  # posted at one moment


def test_by_default_services_see_each_others_messages(aws: Aws) -> None:
    assert call("GET", f"/v1/messages/{submit(CRM)}", caller=f"{SHOP}/9").status == 200
