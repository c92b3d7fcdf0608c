"""What is kept on a person: exported and erased, by services and by the person."""

from __future__ import annotations

from typing import Any

import pytest
from fanfare.insight import export
from fanfare.runtime import stores

from tests.integration import public_api
from tests.integration.conftest import Aws
from tests.integration.internal_api import call
from tests.integration.letters import Post

pytestmark = pytest.mark.usefixtures("aws")
ADA = "auth0|ada"


@pytest.fixture(autouse=True)
def ada(aws: Aws, post: Post) -> None:
    call("PUT", "/v1/topics/news", {"title": "News", "channels": ["email", "sms"], "public": True})
    call("PUT", f"/v1/users/{ADA}", {"name": "Ada", "email": "ada@example.com", "attributes": {"plan": "pro"}})
    call("PUT", f"/v1/users/{ADA}/subscriptions/news/email")
    call("DELETE", f"/v1/users/{ADA}/subscriptions/news/email")
    call("PUT", f"/v1/users/{ADA}/subscriptions/news/sms")
    call("PUT", "/v1/suppressions/email/ada@example.com", {"cause": "bounce"})
    public_api.call("PATCH", "/v1/me", {"phone": "+436641234567"}, user=ADA)
    stores.inboxes().put([(ADA, f"message-{number}", "Hello", "Ada") for number in range(3)])


def exported(by_reader: bool) -> dict[str, Any]:
    answer = public_api.call("GET", "/v1/me/export", user=ADA) if by_reader else call("GET", f"/v1/users/{ADA}/export")
    assert answer.status == 200, answer.text
    found: dict[str, Any] = answer.body
    return found


@pytest.mark.parametrize("by_reader", [True, False])
def test_an_export_has_all_that_is_kept(by_reader: bool) -> None:
    found = exported(by_reader)
    assert (found["user"]["email"], found["user"]["attributes"]) == ("ada@example.com", {"plan": "pro"})
    assert (found["opted_out"], found["pending"], found["suppressed"]) == (
        False,
        {"sms": "+436641234567"},
        {"email": "bounce"},
    )
    assert [(each["channel"], each["state"]) for each in found["subscriptions"]] == [
        ("sms", "subscribed"),
        ("email", "unsubscribed"),
    ]
    assert len(found["consents"]) == 3
    assert [each["message_id"] for each in found["inbox"]] == ["message-2", "message-1", "message-0"]
    assert found["next_cursor"] is None


def test_a_long_export_goes_on_with_a_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "DELIVERIES", 2)
    first = exported(by_reader=False)
    rest = call("GET", f"/v1/users/{ADA}/export", cursor=first["next_cursor"]).body
    notes = [each["message_id"] for each in first["inbox"] + rest["inbox"]]
    assert notes == ["message-2", "message-1", "message-0"]
    assert (rest["user"], rest["next_cursor"]) == (None, None)


def test_a_person_erases_all_that_is_kept(aws: Aws) -> None:
    assert [public_api.call("DELETE", "/v1/me", user=ADA).status for _ in range(2)] == [204, 204]
    for table in aws.tables.values():
        stored = str(aws.dynamodb.scan(TableName=table)["Items"])
        assert not [mark for mark in (ADA, "+436641234567", "message-1") if mark in stored], table
    assert public_api.call("GET", "/v1/me/export", user=ADA).body["code"] == "user_not_found"


def test_nobody_is_exported_who_is_not_there() -> None:
    assert call("GET", "/v1/users/nobody/export").body["code"] == "user_not_found"
