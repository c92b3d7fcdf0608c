"""Recipients with data of their own, and people without a stored user, on the real handlers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from fanfare.pipeline.fan_out import short_way
from fanfare.pipeline.fan_out.candidates import Candidates
from fanfare.pipeline.fan_out.job import FanOut
from fanfare.pipeline.fan_out.short_way import ShortWay
from fanfare.runtime import stores

from tests.integration.conftest import Aws, Clock
from tests.integration.internal_api import Answer, call
from tests.integration.pipeline import TOPIC, Pipeline
from tests.integration.provider import Ses

XENIA = {"address": {"email": "Xenia@Example.com"}, "name": "Xenia", "data": {"total": "9.00"}}
CONTENT = {"subject": "Receipt", "text": "{{ data.shop }}: {{ user.name }} pays {{ data.total }}"}
SCHEMA = {
    "type": "object",
    "required": ["total"],
    "properties": {"total": {"type": "string"}, "shop": {"type": "string"}},
}


@pytest.fixture
def pipeline(aws: Aws, clock: Clock, ses: Ses) -> Pipeline:
    return Pipeline.opened(aws, clock, ses, delays=False)


def submit(recipients: list[Any], **fields: Any) -> Answer:
    body = {"recipients": recipients, "content": CONTENT, "data": {"shop": "Shop"}, "channels": ["email"]} | fields
    return call("POST", "/v1/messages", {name: value for name, value in body.items() if value is not None})


def accepted(recipients: list[Any], **fields: Any) -> str:
    answer = submit(recipients, **fields)
    assert answer.status == 202, answer.text
    return str(answer.body["id"])


def ada_and_grace() -> None:
    for name in ("ada", "grace"):
        stores.audience().users.put(name, {"name": name.title(), "email": f"{name}@example.com"})


def texts(ses: Ses) -> Mapping[str, str]:
    return {mail.to: mail.text for mail in ses.outbox}


def person(message: str) -> str:
    """The id of the only recipient by address."""
    ids = [each["user_id"] for each in call("GET", f"/v1/messages/{message}/deliveries").body["items"]]
    (found,) = [each for each in ids if each.startswith("addr_")]
    return str(found)


def everything(aws: Aws) -> str:
    """All items of all tables."""
    return json.dumps([aws.dynamodb.scan(TableName=name)["Items"] for name in aws.tables.values()], default=str)


def test_each_recipient_gets_their_own_data_over_those_of_the_message(pipeline: Pipeline, ses: Ses) -> None:
    ada_and_grace()
    message = accepted(["ada", {"user": "grace", "data": {"total": "12.40"}}, XENIA], data={"shop": "S", "total": "0"})
    pipeline.run()
    assert texts(ses) == {
        "ada@example.com": "S: Ada pays 0",
        "grace@example.com": "S: Grace pays 12.40",
        "Xenia@example.com": "S: Xenia pays 9.00",
    }
    assert call("GET", f"/v1/messages/{message}").body["counts"]["sent"] == 3


def test_a_thousand_recipients_with_own_data_are_one_message_in_batches_of_fifty(pipeline: Pipeline, ses: Ses) -> None:
    people = [{"address": {"email": f"p{n}@example.com"}, "data": {"total": str(n)}} for n in range(120)]
    message = accepted(people, content={"subject": "Receipt", "text": "{{ data.shop }} {{ data.total }}"})
    pipeline.run()
    assert texts(ses) == {f"p{n}@example.com": f"Shop {n}" for n in range(120)}
    items = pipeline.aws.dynamodb.scan(TableName=pipeline.aws.tables["batches"])["Items"]
    assert sum(item["sk"]["S"].startswith("data#") for item in items) == 3
    assert "own" not in stores.messages().table.get(f"message#{message}", "body")  # type: ignore[operator]


def test_a_person_is_known_by_a_digest_of_the_normalised_address(pipeline: Pipeline, ses: Ses) -> None:
    message = accepted([XENIA])
    (body,) = pipeline.aws.bodies("email")
    assert "xenia" not in str(body).lower()
    pipeline.aws.sqs.send_message(QueueUrl=pipeline.aws.queues["email"], MessageBody=json.dumps(body))
    pipeline.run()
    user_id = person(message)
    assert len(user_id) == len("addr_") + 32
    assert set(user_id.removeprefix("addr_")) <= set("abcdefghijklmnopqrstuvwxyz234567")
    stores.audience().users.put("xe", {"email": "xenia@example.com"})
    found = call("GET", "/v1/users", email="XENIA@example.com").body["items"]
    assert [each["id"] for each in found] == ["xe", user_id]
    assert found[1] == {"id": user_id, "stored": False}
    first = call("GET", "/v1/users", email="XENIA@example.com", limit=1).body
    rest = call("GET", "/v1/users", email="XENIA@example.com", limit=1, cursor=first["next_cursor"]).body
    assert (first["items"], rest) == (found[:1], {"items": found[1:], "next_cursor": None})
    assert call("GET", f"/v1/users/{user_id}").body == {"id": user_id, "stored": False}
    deliveries = call("GET", f"/v1/users/{user_id}/deliveries").body["items"]
    assert [(each["message_id"], each["status"]) for each in deliveries] == [(message, "sent")]
    explained = call("GET", f"/v1/messages/{message}/explanations/{user_id}").body["channels"][0]
    assert (explained["recorded"]["status"], explained["rules_now"]["action"]) == ("sent", "deliver")


def test_an_erased_person_is_in_no_table(pipeline: Pipeline, ses: Ses) -> None:
    ada_and_grace()
    secret = {"total": "SECRET"}
    early = accepted([{**XENIA, "data": secret}, {"user": "ada", "data": {"total": "kept"}}])
    pipeline.run()
    user_id = person(early)
    accepted([{**XENIA, "data": secret}, {"user": "ada", "data": {"total": "kept"}}], send_at="2027-01-02T08:00:00Z")
    assert "SECRET" in everything(pipeline.aws)
    assert call("DELETE", f"/v1/users/{user_id}").status == 204
    left = everything(pipeline.aws)
    assert "SECRET" not in left
    assert "xenia" not in left.lower()
    assert "kept" in left
    assert call("GET", f"/v1/users/{user_id}").status == 404
    assert call("GET", "/v1/users", email="xenia@example.com").body["items"] == []


def test_who_is_erased_before_the_fan_out_is_skipped_as_erased(pipeline: Pipeline, ses: Ses) -> None:
    ada_and_grace()
    message = accepted([{"user": "ada", "data": {"total": "1"}}, {"user": "grace", "data": {"total": "2"}}])
    assert call("DELETE", "/v1/users/ada").status == 204
    stores.audience().users.put("ada", {"name": "Ada", "email": "ada@example.com"})
    pipeline.run()
    assert texts(ses) == {"grace@example.com": "Shop: Grace pays 2"}
    reasons = {
        each["user_id"]: each["reason"] for each in call("GET", f"/v1/messages/{message}/deliveries").body["items"]
    }
    assert reasons == {"ada": "erased", "grace": None}


def test_a_suppression_of_the_address_holds(pipeline: Pipeline, ses: Ses) -> None:
    assert call("PUT", "/v1/suppressions/email/xenia@example.com", {"cause": "manual"}).status in (200, 201)
    message = accepted([XENIA])
    pipeline.run()
    (delivery,) = call("GET", f"/v1/messages/{message}/deliveries").body["items"]
    assert (delivery["status"], ses.outbox) == ("skipped", [])
    assert delivery["reason"].startswith("suppressed")


def test_what_a_stored_user_with_the_address_wants_holds(pipeline: Pipeline, ses: Ses) -> None:
    stores.audience().users.put("xe", {"email": "xenia@example.com"})
    stores.audience().users.opt_out("xe", True)
    message = accepted([XENIA])
    pipeline.run()
    (delivery,) = call("GET", f"/v1/messages/{message}/deliveries").body["items"]
    assert (delivery["status"], delivery["reason"]) == ("skipped", "opted_out")


def test_quiet_hours_of_a_stored_user_with_the_address_hold_in_their_time_zone(pipeline: Pipeline, ses: Ses) -> None:
    night = {"start": "08:00", "end": "10:00"}  # it is 9:00 in Vienna
    stores.audience().users.put(
        "xe", {"email": "xenia@example.com", "time_zone": "Europe/Vienna", "quiet_hours": night}
    )
    accepted([{**XENIA, "time_zone": "Asia/Tokyo"}])
    pipeline.run()
    assert ses.outbox == []


@pytest.mark.parametrize(("required", "status", "reason"), [(False, "skipped", "not_subscribed"), (True, "sent", None)])
def test_with_a_topic_only_a_required_one_reaches_people_by_address(
    pipeline: Pipeline, ses: Ses, required: bool, status: str, reason: str | None
) -> None:
    pipeline.topic(required=required, channels=("email",), shards=64)
    message = accepted([XENIA], topic=TOPIC)
    assert pipeline.aws.bodies("fan_out") == []
    pipeline.run()
    (delivery,) = call("GET", f"/v1/messages/{message}/deliveries").body["items"]
    assert (delivery["status"], delivery["reason"]) == (status, reason)


@pytest.mark.parametrize(
    ("recipients", "pointer", "code"),
    [
        ([XENIA, {"address": {"email": "xenia@EXAMPLE.com"}}], "/recipients/1", "duplicate_recipient"),
        ([{"user": "ada"}, {"user": "ada"}], "/recipients/1", "duplicate_recipient"),
        ([{"address": {"phone": "+436641234567"}}], "/recipients/0/address", "no_usable_address"),
        ([{"address": {}}], "/recipients/0/address", "no_usable_address"),
        ([{"address": {"email": "x"}}], "/recipients/0/address/email", "invalid_email"),
        ([{"user": "ada", "date": {}}], "/recipients/0/date", "unknown_field"),
        (["ada", {"data": {}}], "/recipients/1/user", "missing"),
        ([f"user-{n}" for n in range(1_001)], "/recipients", "too_long"),
    ],
)
def test_bad_recipients_are_refused_and_nothing_is_stored(
    aws: Aws, recipients: list[Any], pointer: str, code: str
) -> None:
    answer = submit(recipients)
    assert answer.status == 422
    assert (pointer, code) in [(each["pointer"], each["code"]) for each in answer.body["errors"]]
    assert aws.dynamodb.scan(TableName=aws.tables["messages"])["Count"] == 0


def test_a_body_of_257_kib_is_refused_and_nothing_is_stored(aws: Aws) -> None:
    answer = submit([{"user": "ada", "data": {"total": "x" * 257 * 1024}}])
    assert (answer.status, answer.body["code"]) == (413, "payload_too_large")
    assert aws.dynamodb.scan(TableName=aws.tables["messages"])["Count"] == 0


def test_own_data_that_break_the_schema_point_to_the_recipient(aws: Aws) -> None:
    template = {"channels": {"email": {"subject": "R", "text": "{{ data.total }}"}}, "schema": SCHEMA}
    assert call("PUT", "/v1/templates/receipt", {**template, "example": {"total": "1"}}).status == 201
    fields = {"content": None, "template": {"id": "receipt"}}
    answer = submit([{"user": "ada", "data": {"total": "1"}}, {"user": "grace", "data": {"total": 5}}], **fields)
    assert (answer.status, answer.pointers) == (422, ["/recipients/1/data/total"])
    assert submit([{"user": "ada", "data": {"total": "1"}}], **fields).status == 202
    assert submit([{"user": "ada", "data": {"total": "1"}}, "grace"], **fields).pointers == ["/data"]


def test_the_same_plain_id_twice_is_one_recipient(pipeline: Pipeline, ses: Ses) -> None:
    ada_and_grace()
    accepted(["ada", "ada", {"user": "ada", "data": {"total": "1"}}])
    pipeline.run()
    assert texts(ses) == {"ada@example.com": "Shop: Ada pays 1"}


def test_a_message_without_a_topic_warns_that_there_is_no_link_to_unsubscribe(aws: Aws) -> None:
    assert [each["code"] for each in submit(["ada"], data={"shop": "S", "total": "1"}).body["warnings"]] == [
        "no_unsubscribe_link"
    ]


def test_data_of_a_sensitive_message_are_removed_when_it_is_at_rest(pipeline: Pipeline, ses: Ses) -> None:
    ada_and_grace()
    fields = {"sensitive": True, "data": {"shop": "CODE-1", "total": "0"}}
    message = accepted(["ada", {"user": "grace", "data": {"total": "CODE-2"}}], **fields)
    assert call("GET", f"/v1/messages/{message}").body["summary"] is None
    pipeline.run()
    assert texts(ses)["grace@example.com"] == "CODE-1: Grace pays CODE-2"
    assert "CODE-" not in everything(pipeline.aws)


def test_data_of_a_sensitive_message_are_removed_by_its_deletion(pipeline: Pipeline) -> None:
    message = accepted([{"user": "ada", "data": {"total": "CODE-2"}}], sensitive=True, data={"shop": "CODE-1"})
    assert call("DELETE", f"/v1/messages/{message}").status == 200
    assert "CODE-" not in everything(pipeline.aws)


def test_own_data_go_with_the_deletion_of_a_message_that_was_not_fanned_out(pipeline: Pipeline) -> None:
    message = accepted([XENIA])
    assert call("DELETE", f"/v1/messages/{message}").status == 200
    assert "9.00" not in everything(pipeline.aws)


@pytest.mark.parametrize(("step", "method"), [(Candidates, "next_rows"), (FanOut, "_try_to_commit")])
def test_who_is_erased_while_a_page_is_decided_is_not_in_it(
    step: Any, method: str, pipeline: Pipeline, ses: Ses, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada_and_grace()
    monkeypatch.setattr(short_way, "PAIRS", 0)  # the long way
    accepted([{"user": "ada", "data": {"total": "SECRET"}}, {"user": "grace", "data": {"total": "2"}}])
    go_on, left = getattr(step, method), ["ada"]

    def erased_meanwhile(*args: Any, **kwargs: Any) -> Any:
        if left:
            assert call("DELETE", f"/v1/users/{left.pop()}").status == 204
        return go_on(*args, **kwargs)

    monkeypatch.setattr(step, method, erased_meanwhile)
    pipeline.run()
    assert texts(ses) == {"grace@example.com": "Shop: Grace pays 2"}
    assert "SECRET" not in everything(pipeline.aws)


def test_who_is_erased_while_a_post_is_decided_leaves_nothing_in_it(
    pipeline: Pipeline, ses: Ses, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada_and_grace()
    parts, left = ShortWay._parts, ["ada"]

    def erased_meanwhile(self: ShortWay, *args: Any, **kwargs: Any) -> Any:
        if left:
            assert call("DELETE", f"/v1/users/{left.pop()}").status == 204
        return parts(self, *args, **kwargs)

    monkeypatch.setattr(ShortWay, "_parts", erased_meanwhile)
    message = accepted([{"user": "ada", "data": {"total": "SECRET"}}, {"user": "grace", "data": {"total": "2"}}])
    assert "SECRET" not in everything(pipeline.aws)
    pipeline.run()
    assert texts(ses) == {"grace@example.com": "Shop: Grace pays 2"}
    skipped = call("GET", f"/v1/messages/{message}/deliveries", status="skipped").body["items"]
    assert [each["reason"] for each in skipped] == ["unknown_user"]


def test_who_is_erased_before_the_delivery_is_deleted_although_the_id_is_there_again(
    pipeline: Pipeline, ses: Ses
) -> None:
    ada_and_grace()
    message = accepted([{"user": "ada", "data": {"total": "SECRET"}}, {"user": "grace", "data": {"total": "2"}}])
    pipeline.step("fan_out")
    assert call("DELETE", "/v1/users/ada").status == 204
    assert "SECRET" not in everything(pipeline.aws)
    stores.audience().users.put("ada", {"name": "Ada", "email": "ada@example.com"})
    pipeline.run()
    assert texts(ses) == {"grace@example.com": "Shop: Grace pays 2"}
    assert call("GET", f"/v1/messages/{message}").body["counts"]["deleted"] == 1


def test_what_was_sent_is_rendered_again_with_the_recipients_own_data(pipeline: Pipeline, ses: Ses) -> None:
    ada_and_grace()
    message = accepted([{"user": "ada", "data": {"total": "1"}}, {**XENIA}])
    path = f"/v1/messages/{message}/content"
    assert call("GET", path, user_id="ada", channel="email").body["code"] == "delivery_not_found"
    pipeline.run()
    sent = call("GET", path, user_id=person(message), channel="email").body
    assert sent["content"] == {"subject": "Receipt", "text": "Shop: Xenia pays 9.00"}
    assert (sent["channel"], sent["locale"], sent["template"], sent["exact"]) == ("email", None, None, True)
    assert call("GET", path, user_id="ada", channel="email").body["exact"] is True
    stores.audience().users.put("ada", {"name": "Lady Ada", "email": "ada@example.com"})
    again = call("GET", path, user_id="ada", channel="email").body
    assert (again["content"]["text"], again["exact"]) == ("Shop: Lady Ada pays 1", False)


def test_what_was_sent_to_who_is_erased_is_gone(pipeline: Pipeline) -> None:
    ada_and_grace()
    message = accepted([{"user": "ada", "data": {"total": "1"}}, {**XENIA}])
    path = f"/v1/messages/{message}/content"
    pipeline.run()
    for user in ("ada", person(message)):
        assert call("DELETE", f"/v1/users/{user}").status == 204
        answer = call("GET", path, user_id=user, channel="email")
        assert (answer.status, answer.body["code"]) == (410, "content_gone")
    assert call("GET", path, user_id="grace", channel="email").body["code"] == "delivery_not_found"


def test_what_a_sensitive_message_said_is_gone(pipeline: Pipeline, ses: Ses) -> None:
    ada_and_grace()
    message = accepted([{"user": "ada", "data": {"total": "1"}}], sensitive=True)
    pipeline.run()
    answer = call("GET", f"/v1/messages/{message}/content", user_id="ada", channel="email")
    assert (answer.status, answer.body["code"]) == (410, "content_gone")
