"""Messages, as a service sees them over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fanfare.domain.lifecycle import State
from fanfare.runtime import stores

from tests.integration.conftest import Aws, Clock
from tests.integration.internal_api import Answer, call, deliver, event
from tests.integration.pipeline import Pipeline
from tests.integration.provider import Ses

HELLO = {"subject": "Hello", "text": "Hello {{ user.name }}"}


@pytest.fixture(autouse=True)
def catalogue(aws: Aws) -> None:
    assert deliver(event("put_topic")).status == 201
    assert deliver(event("put_template")).status == 201


def post(key: str | None = None, **fields: Any) -> Answer:
    body = {"topic": "orders.shipped", "template": {"id": "order-shipped"}, "data": {"order": "A-17"}} | fields
    return call("POST", "/v1/messages", body, headers={"idempotency-key": key} if key else None)


def posted(count: int, clock: Clock, **fields: Any) -> list[str]:
    """Ids of new messages, the newest first."""
    ids: list[str] = []
    for _ in range(count):
        clock.advance(seconds=1)
        ids.insert(0, post(**fields).body["id"])
    return ids


def pages(path: str, **query: Any) -> list[list[Any]]:
    """All pages of a list."""
    found = []
    while True:
        page = call("GET", path, **query).body
        found.append(page["items"])
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


def test_a_message_is_accepted_and_can_be_read_where_it_says(aws: Aws) -> None:
    answer = deliver(event("submit_message"))
    assert (answer.status, answer.body["state"]) == (202, "pending")
    message = call("GET", answer.headers["location"]).body
    assert (message["id"], message["template"]) == (answer.body["id"], {"id": "order-shipped", "version": 1})
    assert message["timeline"] == [{"state": "pending", "at": "2027-01-01T08:00:00.000Z", "reason": None}]
    assert set(message["counts"].values()) == {0}
    assert aws.bodies("fan_out") == [{"message_id": answer.body["id"], "shard": 0}]


def test_a_repeat_gets_the_first_answer_and_makes_nothing(aws: Aws, clock: Clock) -> None:
    first = post("order-17")
    clock.advance(hours=1)
    again = post('"order-17"')
    assert (again.status, again.body, again.headers["location"]) == (202, first.body, first.headers["location"])
    assert (again.headers["idempotency-replayed"], "idempotency-replayed" in first.headers) == ("true", False)
    assert len(aws.bodies("fan_out")) == 1


def test_a_key_is_not_good_for_another_body(aws: Aws) -> None:
    post("order-17")
    answer = post("order-17", data={"order": "A-18"})
    assert (answer.status, answer.body["code"]) == (422, "idempotency_key_reused")


def test_a_key_belongs_to_its_caller(aws: Aws) -> None:
    keyed: dict[str, Any] = {"body": {"recipients": ["ada"], "content": HELLO}, "headers": {"idempotency-key": "k"}}
    role = "arn:aws:sts::123456789012:assumed-role/"
    ids = [
        call("POST", "/v1/messages", caller=role + caller, **keyed).body["id"]
        for caller in ("orders/one", "orders/two", "billing/one")
    ]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("key", ["", "two words", "ü", "k" * 256, '""'])
def test_a_key_that_is_wrong_is_named(key: str) -> None:
    answer = call("POST", "/v1/messages", {"topic": "a", "content": HELLO}, headers={"idempotency-key": key})
    assert (answer.status, answer.pointers) == (422, ["Idempotency-Key:"])


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"topic": "nothing"}, "/topic"),
        ({"template": {"id": "nothing"}}, "/template"),
        ({"template": {"id": "order-shipped", "version": 2}}, "/template"),
        ({"data": {"order": 17}}, "/data/order"),
        ({"template": None, "content": {"text": "{{ data.nothing }}"}}, "/content/text"),
        ({"expires_at": "2026-12-31T00:00:00Z"}, "/expires_at"),
    ],
)
def test_what_can_not_be_sent_is_refused_at_once(fields: dict[str, Any], pointer: str, aws: Aws) -> None:
    answer = post(**fields)
    assert (answer.status, answer.pointers) == (422, [pointer])
    assert aws.bodies("fan_out") == []


def test_a_mail_of_html_is_kept_as_it_was_posted() -> None:
    large = "<p>" + "ä" * 120_000 + "</p>"
    ids = [
        call("POST", "/v1/messages", {"recipients": ["ada"], "content": {"subject": "Hi", "html": html}}).body["id"]
        for html in (large, "<p>Hello</p>")
    ]
    kept = [payload.content for _, payload in stores.messages().get_many(ids).values()]
    assert kept == [{"subject": "Hi", "html": large}, {"subject": "Hi", "html": "<p>Hello</p>"}]


def test_data_that_is_too_large_to_keep_is_named() -> None:
    numbers = "[" + ",".join(["1e15"] * 40_000) + "]"
    body = '{"recipients": ["ada"], "content": {"subject": "a", "text": "b"}, "data": {"n": ' + numbers + "}}"
    answer = call("POST", "/v1/messages", raw=body)
    assert (answer.status, answer.pointers, answer.body["errors"][0]["code"]) == (422, ["/data"], "too_large")


def test_a_warm_post_takes_three_calls(aws: Aws, calls: Callable[[], list[str]]) -> None:
    post()
    calls()
    assert post("another").status == 202
    assert len(calls()) <= 3


def test_messages_are_listed_the_newest_first(clock: Clock) -> None:
    ids = posted(5, clock)
    found = pages("/v1/messages", limit=1)
    assert [message["id"] for page in found for message in page] == ids
    assert [len(page) for page in found] == [1] * 5


def test_a_list_can_be_of_one_topic_and_one_state(clock: Clock) -> None:
    shipped = posted(2, clock)
    (other,) = posted(1, clock, topic=None, recipients=["ada"])
    call("DELETE", f"/v1/messages/{shipped[0]}")
    by_topic = call("GET", "/v1/messages", topic="orders.shipped").body["items"]
    by_both = call("GET", "/v1/messages", topic="orders.shipped", state="deleted").body["items"]
    assert [message["id"] for message in by_topic] == shipped
    assert [message["id"] for message in by_both] == shipped[:1]
    assert other not in shipped


def test_a_list_can_be_of_one_template_and_of_a_time(clock: Clock) -> None:
    first, second, third = posted(3, clock)[::-1]
    template = call("GET", f"/v1/messages/{first}").body["template"]["id"]
    since = call("GET", f"/v1/messages/{second}").body["created_at"]

    def found(**filters: Any) -> list[str]:
        return [message["id"] for message in call("GET", "/v1/messages", **filters).body["items"]]

    assert found(template=template) == [third, second, first]
    assert found(template="another") == []
    assert found(template=template, created_after=since) == [third, second]
    assert found(created_before=since) == [first]


def test_a_message_says_what_it_is_about_and_how_far_it_has_come() -> None:
    message = post().body["id"]
    (listed,) = call("GET", "/v1/messages").body["items"]
    looked_at = call("GET", f"/v1/messages/{message}").body
    assert (listed["summary"], listed["outcome"]) == ("Order A-17 is on its way", "open")
    assert (looked_at["summary"], looked_at["outcome"]) == ("Order A-17 is on its way", "open")
    call("DELETE", f"/v1/messages/{message}")
    assert call("GET", f"/v1/messages/{message}").body["outcome"] == "nobody"
    assert call("GET", "/v1/messages").body["items"][0]["outcome"] == "nobody"


@pytest.mark.parametrize(
    ("name", "value"),
    [("state", "lost"), ("topic", "a b"), ("cursor", "x"), ("template", "a b"), ("created_after", "yesterday")],
)
def test_a_filter_that_is_wrong_is_named(name: str, value: Any) -> None:
    answer = call("GET", "/v1/messages", **{name: value})
    assert (answer.status, answer.pointers) == (422, [f"?{name}"])


def test_a_cursor_is_good_for_its_own_filter_alone(clock: Clock) -> None:
    posted(2, clock)
    cursor = call("GET", "/v1/messages", limit=1).body["next_cursor"]
    assert call("GET", "/v1/messages", limit=2, cursor=cursor).status == 200
    assert call("GET", "/v1/messages", limit=1, cursor=cursor, state="pending").status == 422
    assert call("GET", "/v1/topics", limit=1, cursor=cursor).status == 422


def test_a_deleted_message_answers_the_same_again(aws: Aws) -> None:
    path = f"/v1/messages/{post().body['id']}"
    first, again = call("DELETE", path), call("DELETE", path)
    assert (first.status, first.body) == (200, {"state": "deleted", "already_sent": 0, "in_flight": 0, "withheld": 0})
    assert (again.status, again.body) == (200, first.body)
    assert call("GET", path).body["state"] == "deleted"


@pytest.mark.parametrize("unknown", ["01941f29-7c00-7abc-8def-0123456789ab", "nobody", "A" * 3_000, "a%2Fb"])
def test_an_unknown_message_is_not_found(unknown: str) -> None:
    for method, path in [("GET", ""), ("DELETE", ""), ("POST", "/redrives"), ("GET", "/deliveries")]:
        assert call(method, f"/v1/messages/{unknown}{path}").status == 404


# With the pipeline behind it


@pytest.fixture
def pipeline(aws: Aws, clock: Clock, ses: Ses) -> Pipeline:
    pipeline = Pipeline.opened(aws, clock, ses)
    pipeline.subscribers(54)
    pipeline.subscribers(1, start=200, email=None)
    return pipeline


def test_what_is_sent_can_not_be_deleted_or_driven_again(pipeline: Pipeline) -> None:
    path = f"/v1/messages/{post().body['id']}"
    pipeline.run()
    message = call("GET", path).body
    assert (message["state"], message["counts"]["sent"], message["counts"]["skipped"]) == ("sent", 54, 1)
    assert call("DELETE", path).body["code"] == "message_already_sent"
    assert call("POST", path + "/redrives").body["code"] == "message_not_failed"
    assert {call("DELETE", path).status, call("POST", path + "/redrives").status} == {409}


def test_every_recipient_is_listed_once_however_large_the_pages(pipeline: Pipeline) -> None:
    path = f"/v1/messages/{post().body['id']}/deliveries"
    pipeline.run()
    for limit in (9, 50, 55):
        users = [delivery["user_id"] for page in pages(path, limit=limit) for delivery in page]
        assert (len(users), len(set(users))) == (55, 55)


def test_a_list_stays_whole_while_batches_settle(pipeline: Pipeline) -> None:
    path = f"/v1/messages/{post().body['id']}/deliveries"
    pipeline.step("fan_out")
    first = call("GET", path, limit=30).body
    assert {delivery["status"] for delivery in first["items"]} == {"pending"}
    pipeline.run()
    rest = call("GET", path, limit=100, cursor=first["next_cursor"]).body
    assert len({delivery["user_id"] for delivery in first["items"] + rest["items"]}) == 55
    assert rest["next_cursor"] is None


def test_a_delivery_tells_what_became_of_it(pipeline: Pipeline) -> None:
    path = f"/v1/messages/{post().body['id']}/deliveries"
    pipeline.run()
    (skipped,) = call("GET", path, status="skipped").body["items"]
    assert (skipped["user_id"], skipped["reason"], skipped["provider_id"]) == ("user-0200", "no_address", None)
    sent = call("GET", path, status="sent", channel="email", limit=100).body["items"]
    assert {(delivery["status"], delivery["attempts"]) for delivery in sent} == {("sent", 1)}
    assert all(delivery["provider_id"] and delivery["updated_at"] for delivery in sent)
    assert call("GET", path, status="failed").body == {"items": [], "next_cursor": None}


def test_the_attempts_of_a_delivery_are_its_own(pipeline: Pipeline, ses: Ses) -> None:
    ses.entry_status["user-0003@example.com"] = ["TRANSIENT_FAILURE"] * 3
    path = f"/v1/messages/{post(recipients=['user-0003', 'user-0004']).body['id']}/deliveries"
    pipeline.run()
    told = {each["user_id"]: (each["status"], each["attempts"]) for each in call("GET", path).body["items"]}
    assert told == {"user-0003": ("pending", 3), "user-0004": ("sent", 1)}


@pytest.mark.parametrize(("name", "value"), [("status", "lost"), ("channel", "smoke")])
def test_deliveries_are_filtered_by_what_there_is(name: str, value: Any) -> None:
    answer = call("GET", "/v1/messages/nobody/deliveries", **{name: value})
    assert (answer.status, answer.pointers) == (422, [f"?{name}"])


def test_a_failed_message_is_driven_again_for_those_who_failed(pipeline: Pipeline, ses: Ses) -> None:
    ses.entry_status["user-0003@example.com"] = ["MESSAGE_REJECTED"]
    path = f"/v1/messages/{post().body['id']}"
    pipeline.run()
    assert [each["user_id"] for each in call("GET", path + "/deliveries", status="failed").body["items"]] == [
        "user-0003"
    ]
    answer = call("POST", path + "/redrives")
    assert (answer.status, answer.body["state"]) == (202, "pending")
    assert call("GET", path).body["state"] in {State.PENDING, State.ACTIVE}
    pipeline.run()
    assert (call("GET", path).body["state"], set(ses.copies().values())) == ("sent", {1})


def test_a_user_reads_as_many_deliveries_as_messages(pipeline: Pipeline, clock: Clock) -> None:
    ids = posted(3, clock)
    pipeline.run()
    found = pages("/v1/users/user-0001/deliveries", limit=2)
    assert [delivery["message_id"] for page in found for delivery in page] == ids
    assert {delivery["status"] for page in found for delivery in page} == {"sent"}


def test_an_erased_user_leaves_no_history(pipeline: Pipeline) -> None:
    message = post().body["id"]
    pipeline.run()
    assert call("DELETE", "/v1/users/user-0001").status == 204
    assert pipeline.delivery("user-0001", message).status is None
    assert call("GET", "/v1/users/user-0001/deliveries").status == 404
    assert call("GET", f"/v1/messages/{message}").body["counts"]["sent"] == 54
