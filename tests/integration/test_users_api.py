"""Users found, listed and changed in part, as a service sees it over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fanfare.runtime import stores

from tests.integration import public_api
from tests.integration.conftest import Aws
from tests.integration.internal_api import Answer, call

pytestmark = pytest.mark.usefixtures("aws")


def find(**address: Any) -> list[str]:
    answer = call("GET", "/v1/users", **address)
    assert answer.status == 200, answer.text
    return [each["id"] for each in answer.body["items"]]


# Attributes


def test_attributes_read_as_they_were_written() -> None:
    attributes = {"plan": "pro", "seats": 3, "rate": 1.5, "beta": True}
    assert call("PUT", "/v1/users/ada", {"attributes": attributes | {"old": None}}).body["attributes"] == attributes
    assert call("GET", "/v1/users/ada").body["attributes"] == attributes


@pytest.mark.parametrize(
    ("attributes", "pointer", "code"),
    [
        ({"Plan": "x"}, "/attributes/Plan", "invalid_attribute"),
        ({"a" * 65: "x"}, "/attributes/" + "a" * 65, "invalid_attribute"),
        ({"plan": ["x"]}, "/attributes/plan", "wrong_type"),
        ({"plan": {"x": 1}}, "/attributes/plan", "wrong_type"),
        ({"plan": "a\u0000b"}, "/attributes/plan", "control_character"),
        ({"plan": 2**60}, "/attributes/plan", "out_of_range"),
        ({f"a{number}": 1 for number in range(51)}, "/attributes", "too_many_attributes"),
        ({"a": "x" * 4_096}, "/attributes", "too_large"),
    ],
)
def test_attributes_are_few_small_scalars(attributes: dict[str, Any], pointer: str, code: str) -> None:
    for answer in (
        call("PUT", "/v1/users/ada", {"attributes": attributes}),
        call("POST", "/v1/users", {"items": [{"id": "ada", "attributes": attributes}]}),
    ):
        problem = answer.body["items"][0]["error"] if answer.status == 200 else answer.body
        (error,) = problem["errors"]
        assert (error["pointer"].removeprefix("/items/0"), error["code"]) == (pointer, code)


def test_a_reader_changes_no_attributes() -> None:
    answer = public_api.call("PATCH", "/v1/me", {"attributes": {"plan": "pro"}})
    assert (answer.status, answer.pointers) == (422, ["/attributes"])


# Changed in part


def patch(body: Any, **more: Any) -> Answer:
    return call("PATCH", "/v1/users/ada", body, **more)


def test_a_patch_changes_what_it_names_and_nothing_else() -> None:
    call(
        "PUT",
        "/v1/users/ada",
        {
            "name": "Ada",
            "email": "ada@example.com",
            "push": [{"platform": "ios", "token": "t-1"}, {"platform": "ios", "token": "t-2"}],
            "quiet_hours": {"start": "22:00", "end": "07:00"},
            "attributes": {"plan": "pro", "seats": 3},
        },
    )
    changed = patch(
        {
            "name": None,
            "push": [{"platform": "web", "token": "t-3"}],
            "quiet_hours": {"end": "08:00"},
            "attributes": {"seats": 4, "plan": None, "city": "Wien"},
        },
        content_type="application/merge-patch+json",
    )
    assert (changed.status, changed.body) == (200, call("GET", "/v1/users/ada").body)
    assert (changed.body["name"], changed.body["email"]) == (None, "ada@example.com")
    assert changed.body["push"] == [{"platform": "web", "token": "t-3"}]
    assert changed.body["quiet_hours"] == {"start": "22:00", "end": "08:00"}
    assert changed.body["attributes"] == {"seats": 4, "city": "Wien"}


def test_a_patch_of_nobody_makes_nobody() -> None:
    assert (patch({"name": "Ada"}).status, call("GET", "/v1/users/ada").status) == (404, 404)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"email": "ada@"}, "/email"),
        ({"nickname": "A"}, "/nickname"),
        ({"quiet_hours": {"start": None}}, "/quiet_hours/start"),
        ({"attributes": {"plan": []}}, "/attributes/plan"),
        ({"id": "grace"}, "/id"),
    ],
)
def test_a_patch_is_checked_like_the_whole(body: Any, pointer: str) -> None:
    before = {"name": "Ada", "quiet_hours": {"start": "22:00", "end": "07:00"}}
    call("PUT", "/v1/users/ada", before)
    answer = patch(body)
    assert (answer.status, answer.pointers) == (422, [pointer])
    assert call("GET", "/v1/users/ada").body["name"] == "Ada"


def test_what_is_from_before_a_rule_does_not_stop_a_patch_of_something_else(aws: Aws) -> None:
    stores.audience().users.put("ada", {"name": "Ada", "phone": "+4312345678901234"})
    assert (patch({"name": "Ada L."}).status, patch({"phone": "+4312345678901234"}).pointers) == (200, ["/phone"])


def test_a_nightly_patch_leaves_what_the_person_set() -> None:
    public_api.call("PATCH", "/v1/me", {"quiet_hours": {"start": "21:00", "end": "06:00"}})
    assert patch({"name": "Ada", "attributes": {"plan": "pro"}}).body["quiet_hours"]["start"] == "21:00"


def test_many_users_are_merged_each_by_what_it_names() -> None:
    hours = {"start": "22:00", "end": "07:00"}
    call("PUT", "/v1/users/ada", {"name": "Ada", "quiet_hours": hours, "attributes": {"plan": "pro", "seats": 3}})
    items = [
        {"id": "ada", "email": "ada@example.com", "attributes": {"seats": None}},
        {"id": "ada", "quiet_hours": {"start": "21:00"}, "name": None},
        {"id": "bob", "quiet_hours": {"start": "21:00"}},
        {"id": "eve", "phone": "06641234567"},
        {"id": "new", "name": "New", "email": None},
    ]
    answer = call("POST", "/v1/users", {"items": items, "merge": True})
    results = answer.body["items"]
    assert [each["status"] for each in results] == [200, 200, 422, 422, 201]
    assert [each["error"]["errors"][0]["pointer"] for each in results[2:4]] == [
        "/items/2/quiet_hours/end",
        "/items/3/phone",
    ]
    ada = call("GET", "/v1/users/ada").body
    assert (ada["name"], ada["email"], ada["attributes"]) == (None, "ada@example.com", {"plan": "pro"})
    assert ada["quiet_hours"] == {"start": "21:00", "end": "07:00"}
    assert (call("GET", "/v1/users/new").body["name"], call("GET", "/v1/users/bob").status) == ("New", 404)


def test_who_opted_out_elsewhere_is_opted_out_here_until_they_end_it() -> None:
    call("POST", "/v1/users", {"items": [{"id": "ada", "opted_out": True}, {"id": "bob"}], "merge": True})
    assert find(opted_out="true") == ["ada"]
    call("POST", "/v1/users", {"items": [{"id": "ada", "name": "Ada"}]})
    assert find(opted_out="true") == ["ada"]
    refused = call("POST", "/v1/users", {"items": [{"id": "ada", "opted_out": False}]}).body["items"][0]
    assert refused["error"]["errors"][0]["pointer"] == "/items/0/opted_out"
    assert "opted_out" not in call("GET", "/v1/users/ada").body


def test_what_a_get_of_a_user_answers_a_put_takes() -> None:
    call("PUT", "/v1/users/ada", {"name": "Ada", "attributes": {"plan": "pro"}})
    user = call("GET", "/v1/users/ada").body
    assert (call("PUT", "/v1/users/ada", user).body, call("PUT", "/v1/users/bob", user).pointers) == (user, ["/id"])


# At the door


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ({"phone": "+4312345678901234"}, "invalid_phone"),
        ({"phone": "+99912345678"}, "invalid_phone"),
        ({"push": [{"platform": "windows", "token": "t"}]}, "unknown_platform"),
        ({"push": [{"platform": "ios", "token": "t\u0000"}]}, "control_character"),
        ({"name": "A\u0000da"}, "control_character"),
        ({"name": "A\u0085da"}, "control_character"),
        ({"webhook": {"url": "https://example.com/\u0000"}}, "control_character"),
    ],
)
def test_services_and_readers_are_told_the_same(field: dict[str, Any], code: str) -> None:
    for answer in (call("PUT", "/v1/users/ada", field), public_api.call("PATCH", "/v1/me", field)):
        assert (answer.status, [error["code"] for error in answer.body["errors"]]) == (422, [code])


def writes(user: str) -> list[Callable[[], Answer]]:
    path = f"/v1/users/{user}"
    topic = f"{path}/subscriptions/news/email"
    return [
        lambda: call("PUT", path, {}),
        lambda: call("PATCH", path, {}),
        lambda: call("POST", f"{path}/devices", {"platform": "ios", "token": "t"}),
        lambda: call("PUT", topic),
        lambda: call("DELETE", topic),
        lambda: call("PUT", f"{topic}/resubscription", {"evidence": "e"}),
        lambda: public_api.call("PATCH", "/v1/me", {"name": "A"}, user=user),
        lambda: public_api.call("PUT", "/v1/me/subscriptions/news/email", user=user),
    ]


@pytest.mark.parametrize("number", range(8))
def test_an_id_that_is_reserved_is_refused_by_every_write(number: int) -> None:
    answer = writes("addr_x")[number]()
    codes = {answer.body["code"], *(error["code"] for error in answer.body["errors"])}
    assert (answer.status, "reserved_id" in codes) == (422, True)


def test_an_id_that_is_reserved_is_refused_in_bulk() -> None:
    call("PUT", "/v1/topics/news", {"title": "News", "channels": ["email"]})
    users = call("POST", "/v1/users", {"items": [{"id": "addr_x"}]}).body["items"]
    yeses = call("POST", "/v1/topics/news/subscriptions", {"items": [{"user_id": "addr_x", "channel": "email"}]})
    for (result,) in (users, yeses.body["items"]):
        assert (result["status"], result["error"]["errors"][0]["code"]) == (422, "reserved_id")


def test_an_id_that_is_reserved_may_be_read_and_erased() -> None:
    assert call("GET", "/v1/users/addr_x").body["code"] == "user_not_found"
    assert call("DELETE", "/v1/users/addr_x").status == 204


# Devices


def post(user: str, token: str, platform: str = "ios") -> int:
    return call("POST", f"/v1/users/{user}/devices", {"platform": platform, "token": token}).status


def tokens(user: str) -> list[str]:
    return [each["token"] for each in call("GET", f"/v1/users/{user}").body["push"]]


def test_a_device_is_new_once(aws: Aws) -> None:
    call("PUT", "/v1/users/ada", {"name": "Ada"})
    assert [post("ada", "t-1"), post("ada", "t-2"), post("ada", "t-1")] == [201, 201, 200]
    assert tokens("ada") == ["t-2", "t-1"]
    assert call("POST", "/v1/users/nobody/devices", {"platform": "ios", "token": "t"}).body["code"] == "user_not_found"


def test_a_token_belongs_to_the_last_user_who_posted_it() -> None:
    call("PUT", "/v1/users/ada", {"push": [{"platform": "ios", "token": "t-1"}]})
    call("PUT", "/v1/users/bob", {"name": "Bob"})
    assert (post("bob", "t-1"), tokens("ada"), tokens("bob")) == (201, [], ["t-1"])
    assert (post("ada", "t-1"), tokens("ada"), tokens("bob")) == (201, ["t-1"], [])


def test_of_more_than_twenty_devices_the_oldest_goes() -> None:
    call("PUT", "/v1/users/ada", {"name": "Ada"})
    for number in range(21):
        post("ada", f"t-{number}")
    assert tokens("ada") == [f"t-{number}" for number in range(1, 21)]


# As a posted device: the newest is the last
@pytest.mark.parametrize(
    ("listed", "stored"),
    [
        ("a a", "a"),
        ("a b a", "b a"),
        ("a b a b c", "a b c"),
        ("a b c", "a b c"),
    ],
)
def test_a_device_that_is_listed_twice_is_stored_once(listed: str, stored: str) -> None:
    def devices(text: str) -> list[dict[str, str]]:
        return [{"platform": "ios", "token": each} for each in text.split()]

    call("PUT", "/v1/users/ada", {"push": devices(listed)})
    call("PUT", "/v1/users/bob", {"name": "Bob"})
    call("PATCH", "/v1/users/bob", {"push": devices(listed)})
    call("POST", "/v1/users", {"items": [{"id": "cy", "push": devices(listed)}]})
    assert {user: tokens(user) for user in ("ada", "bob", "cy")} == dict.fromkeys(("ada", "bob", "cy"), stored.split())


def test_one_token_of_two_platforms_is_two_devices() -> None:
    both = [{"platform": "ios", "token": "t"}, {"platform": "fcm", "token": "t"}]
    assert call("PUT", "/v1/users/ada", {"push": both}).body["push"] == both


def test_a_device_is_removed_once_or_twice() -> None:
    call("PUT", "/v1/users/ada", {"push": [{"platform": "ios", "token": "t-1"}]})
    for user in ("ada", "ada", "nobody"):
        assert call("DELETE", f"/v1/users/{user}/devices", token="t-1").status == 204
    assert tokens("ada") == []


# Found by address


def test_an_address_is_found_in_any_spelling() -> None:
    call("PUT", "/v1/users/ada", {"email": "Ada@Example.COM", "phone": "+436641234567"})
    call("PUT", "/v1/users/uwe", {"email": "uwe@b\u00fccher.example"})
    for spelling in ("ADA@Example.COM", "ada@example.com"):
        assert find(email=spelling) == ["ada"]
    for spelling in ("uwe@b\u00fccher.example", "uwe@xn--bcher-kva.example", "UWE@B\u00dcCHER.EXAMPLE"):
        assert find(email=spelling) == ["uwe"]
    for spelling in ("+43 664 1234567", "+43 (664) 123-4567", " 43 664 1234567"):
        assert find(phone=spelling) == ["ada"]
    assert find(email="ada@example.com", phone="+436641234567") == ["ada"]
    assert find(email="uwe@b\u00fccher.example", phone="+436641234567") == []
    assert call("GET", "/v1/users", email="no address").pointers == ["?email"]


def test_after_a_change_the_old_address_finds_nobody_and_is_not_kept(aws: Aws) -> None:
    call("PUT", "/v1/users/ada", {"email": "ada@example.com", "phone": "+436641234567"})
    call("PUT", "/v1/users/bob", {"email": "ada@example.com"})
    assert find(email="ada@example.com") == ["ada", "bob"]
    patch({"email": "ada@example.org", "phone": None})
    assert (find(email="ada@example.com"), find(email="ada@example.org")) == (["bob"], ["ada"])
    assert find(phone="+436641234567") == []
    rows = aws.dynamodb.scan(TableName=aws.tables["audience"])["Items"]
    directory = sorted(row["sk"]["S"] for row in rows if row["pk"]["S"].startswith("who#"))
    assert directory == ["ada", "bob"]  # one address each
    call("DELETE", "/v1/users/ada")
    assert find(email="ada@example.org") == []


def test_a_look_up_takes_one_call_and_one_read_unit_before_the_users_are_read(
    calls: Callable[[], list[str]],
) -> None:
    call("PUT", "/v1/users/ada", {"email": "ada@example.com"})
    calls()
    assert stores.audience().directory.at("email", "ada@example.com") == ["ada"]
    assert calls() == ["dynamodb:Query"]


def test_a_user_of_an_earlier_version_is_found_before_and_after_their_next_write() -> None:
    call("PUT", "/v1/users/ada", {"email": "ada@example.com"})
    table = stores.audience().table
    user = stores.audience().users.get("ada")
    assert user is not None
    table.delete(f"who#{user.found_by['email']}", "ada")
    table.update("user#ada", "user", "REMOVE found_by, listed, place")
    assert (find(email="ADA@example.com"), find()) == (["ada"], [])
    call("PATCH", "/v1/users/ada", {"name": "Ada"})
    assert (find(email="ADA@example.com"), find()) == (["ada"], ["ada"])


# Listed


def test_all_users_are_listed_by_id_page_by_page() -> None:
    ids = ["_x=y", "a.b+c@example.com", "auth0|5f7c", *(f"user-{number:02}" for number in range(12))]
    call("POST", "/v1/users", {"items": [{"id": each} for each in reversed(ids)]})
    found: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = call("GET", "/v1/users", limit=4, **cursor).body
        found += [each["id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == sorted(ids)
    call("DELETE", "/v1/users/auth0|5f7c")
    assert find() == [each for each in sorted(ids) if each != "auth0|5f7c"]


# Erased


def test_erasure_leaves_no_trace_in_any_table(aws: Aws) -> None:
    call("PUT", "/v1/topics/news", {"title": "News", "channels": ["email", "sms"], "public": True})
    person = "auth0|ada-lovelace"
    call(
        "PUT",
        f"/v1/users/{person}",
        {"email": "ada@lovelace.example", "phone": "+436641234567", "attributes": {"city": "Lovelacetown"}},
    )
    post(person, "lovelace-token")
    path = f"/v1/users/{person}/subscriptions/news/email"
    for _ in range(12):
        call("PUT", path, {"evidence": "lovelace form"})
        call("DELETE", path)
    call("PUT", path)
    public_api.call("PUT", "/v1/me/subscriptions/news/sms", user=person)
    public_api.call("DELETE", "/v1/me/subscriptions/news/sms", user=person)
    public_api.call("PATCH", "/v1/me", {"name": "Lovelace"}, user=person)
    digests = stores.audience().users.get(person)
    assert digests is not None
    marks = ["lovelace", "436641234567", *digests.found_by.values()]
    assert call("DELETE", f"/v1/users/{person}").status == 204
    for table in aws.tables.values():
        stored = str(aws.dynamodb.scan(TableName=table)["Items"]).lower()
        assert not [mark for mark in marks if mark in stored], table
