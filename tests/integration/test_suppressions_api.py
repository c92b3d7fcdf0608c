"""Suppressions, as a service sees them over HTTP."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

import pytest
from fanfare.runtime import stores
from fanfare_client.calls import address_path

from tests.integration.conftest import Clock
from tests.integration.internal_api import Answer, call

pytestmark = pytest.mark.usefixtures("aws")


def suppress(address: str, channel: str = "email", **body: str) -> Answer:
    return call("PUT", address_path(channel, address), body)


def test_an_address_is_suppressed_once_and_keeps_its_first_cause(clock: Clock) -> None:
    first = suppress("Ada@Example.com")
    clock.advance(hours=1)
    again = suppress("ada@example.com", cause="complaint")
    told = {"channel": "email", "address": "ada@example.com", "cause": "manual"}
    assert (first.status, again.status) == (201, 200)
    assert first.body == again.body == told | {"created_at": "2027-01-01T08:00:00.000Z"}


def test_a_suppression_needs_no_body() -> None:
    answer = call("PUT", "/v1/suppressions/email/ada@example.com", content_type=None)
    assert (answer.status, answer.body["cause"]) == (201, "manual")


def test_an_address_is_known_however_it_is_written() -> None:
    assert suppress("+43 664 1234567".replace(" ", ""), "sms", cause="opt_out").body["address"] == "+436641234567"
    for written in ("+436641234567", "%2B436641234567"):
        assert call("GET", f"/v1/suppressions/sms/{written}").body["cause"] == "opt_out"
    suppress("ada+news@example.com")
    for written in ("ada+news@example.com", "ADA%2Bnews%40example.com"):
        assert call("GET", f"/v1/suppressions/email/{written}").status == 200


@pytest.mark.parametrize("address", ["50%40off@example.com", "100%@example.com", "really?@example.com"])
def test_an_address_that_the_client_escapes_twice_is_read_as_it_is(address: str) -> None:
    suppress(address)
    assert call("GET", address_path("email", address)).body["address"] == address


@pytest.mark.parametrize("address", ["a/b@example.com", "a#b@example.com", "`a`@example.com", "a/b/c@example.com"])
@pytest.mark.parametrize("encoded", [True, False])  # API Gateway decodes both
def test_an_address_may_have_letters_that_a_path_may_not(address: str, encoded: bool) -> None:
    path = f"/v1/suppressions/email/{quote(address, safe='') if encoded else address}"
    assert [call("PUT", path).body["address"], call("GET", path).body["address"]] == [address, address]
    assert [call("DELETE", path).status, call("GET", path).status] == [204, 404]


@pytest.mark.parametrize(
    ("channel", "address", "pointer"),
    [
        ("email", "nobody", "{address}"),
        ("sms", "12", "{address}"),
        ("webhook", "https:x", "{address}"),
        ("inbox", "ada", "{channel}"),
    ],
)
def test_what_can_not_be_suppressed_is_refused(channel: str, address: str, pointer: str) -> None:
    answer = suppress(address, channel)
    assert (answer.status, answer.pointers) == (422, [pointer])
    assert call("GET", f"/v1/suppressions/{channel}/{address}").body["code"] == "suppression_not_found"
    assert call("DELETE", f"/v1/suppressions/{channel}/{address}").status == 204


def test_a_cause_is_one_of_ours() -> None:
    assert suppress("ada@example.com", cause="spite").pointers == ["/cause"]


def test_who_has_the_address_is_passed_over_until_it_is_taken_back() -> None:
    call("PUT", "/v1/users/ada", {"email": "Ada@example.com"})
    suppress("ada@example.com", cause="bounce")
    assert dict(stores.audience().users.get_many(["ada"])["ada"].suppressed) == {"email": "bounce"}
    path = "/v1/suppressions/email/ada@example.com"
    assert [call("DELETE", path).status for _ in range(2)] == [204, 204]
    assert dict(stores.audience().users.get_many(["ada"])["ada"].suppressed) == {}
    assert (call("GET", path).status, call("GET", path).body["code"]) == (404, "suppression_not_found")


def test_suppressions_are_listed_page_by_page_by_channel_and_address() -> None:
    for address in ("c@example.com", "a@example.com", "b@example.com"):
        suppress(address)
    suppress("+436641234567", "sms")
    found, cursor = [], None
    while True:
        page = call("GET", "/v1/suppressions", limit=2, **({"cursor": cursor} if cursor else {})).body
        found += [each["address"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == ["a@example.com", "b@example.com", "c@example.com", "+436641234567"]


@pytest.mark.parametrize(("channel", "count"), [("email", 1), ("sms", 1), ("inbox", 0)])
def test_suppressions_are_listed_of_one_channel(channel: str, count: int) -> None:
    suppress("ada@example.com")
    suppress("+436641234567", "sms")
    assert len(call("GET", "/v1/suppressions", channel=channel).body["items"]) == count


def test_what_a_get_of_a_suppression_answers_a_put_takes() -> None:
    suppress("Ada@Example.com", cause="bounce")
    path = "/v1/suppressions/email/ada@example.com"
    stored = call("GET", path).body
    assert (call("PUT", path, stored).status, call("PUT", path, stored).body) == (200, stored)
    call("DELETE", path)
    restored = call("PUT", path, stored | {"created_at": "2026-05-01T08:00:00.000Z", "cause": "soft_bounces"})
    assert (restored.status, restored.body["created_at"][:10], restored.body["cause"]) == (
        201,
        "2026-05-01",
        "soft_bounces",
    )
    assert call("PUT", path, stored | {"address": "other@example.com"}).pointers == ["/address"]
    assert call("PUT", path, {"created_at": "2099-01-01T00:00:00Z"}).pointers == ["/created_at"]


def test_many_are_each_suppressed_or_refused_in_order() -> None:
    suppress("known@example.com", cause="complaint")
    items: list[Any] = [
        {"channel": "email", "address": "New@Example.com", "cause": "bounce", "at": "2026-05-01T08:00:00Z"},
        {"channel": "email", "address": "known@example.com"},
        {"channel": "sms", "address": "+43 664 1234567"},
        {"channel": "webhook", "address": "https://example.com/hook?key=1"},
        {"channel": "inbox", "address": "ada"},
        {"channel": "email", "address": "nobody"},
        {"channel": "email", "address": "a@example.com", "cause": "spite"},
        None,
    ]
    answer = call("POST", "/v1/suppressions", {"items": items})
    results = answer.body["items"]
    assert (answer.status, [each["status"] for each in results]) == (200, [201, 200, 201, 201, 422, 422, 422, 422])
    pointers = [each["error"] and each["error"]["errors"][0]["pointer"] for each in results]
    assert pointers == [None] * 4 + ["/items/4/channel", "/items/5/address", "/items/6/cause", "/items/7"]
    assert [(each["channel"], each["address"]) for each in results[:2]] == [
        ("email", "New@Example.com"),
        ("email", "known@example.com"),
    ]
    stored = call("GET", "/v1/suppressions/email/new@example.com").body
    assert (stored["cause"], stored["created_at"]) == ("bounce", "2026-05-01T08:00:00.000Z")
    assert call("GET", "/v1/suppressions/email/known@example.com").body["cause"] == "complaint"


@pytest.mark.parametrize(("count", "status"), [(0, 422), (500, 200), (501, 422)])
def test_up_to_500_suppressions_come_at_once(count: int, status: int) -> None:
    answer = call("POST", "/v1/suppressions", {"items": [{"channel": "inbox", "address": "x"}] * count})
    assert (answer.status, len(answer.body.get("items", []))) == (status, count if status == 200 else 0)


def test_a_cursor_shows_no_address_that_it_stands_at() -> None:
    """Cursors are in URLs, which are logged."""
    addresses = [f"reader{n}@example.com" for n in range(3)]
    for address in addresses:
        assert call("PUT", f"/v1/suppressions/email/{address}").status == 201
    first = call("GET", "/v1/suppressions", limit=2).body
    said = base64.urlsafe_b64decode(first["next_cursor"] + "==")
    assert b"reader" not in said
    assert b"email" not in said
    rest = call("GET", "/v1/suppressions", limit=2, cursor=first["next_cursor"]).body
    assert [each["address"] for each in first["items"] + rest["items"]] == addresses
