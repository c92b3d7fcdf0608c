"""What a provider would refuse for everybody is refused at submit, and shown by a dry run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.internal_api import call
from tests.integration.pipeline import TOPIC

pytestmark = pytest.mark.usefixtures("aws")


def topic(**fields: Any) -> None:
    body = {"title": "Orders", "channels": ["sms", "push", "email", "inbox"], **fields}
    assert call("PUT", f"/v1/topics/{TOPIC}", body).status in (200, 201)
    call("PUT", "/v1/users/ada", {"phone": "+436641234567", "email": "ada@example.com", "name": "Ada"})
    call("PUT", f"/v1/users/ada/subscriptions/{TOPIC}/sms")


def put(**body: Any) -> Any:
    return call("PUT", "/v1/templates/order", body)


def post(*, dry_run: bool = False, **fields: Any) -> Any:
    body = {"topic": TOPIC, "template": {"id": "order"}, "channels": ["sms"]} | fields
    return call("POST", "/v1/messages", body, dry_run="true") if dry_run else call("POST", "/v1/messages", body)


LONG, EMPTY = {"text": "a" * 1_601}, {"text": " "}


@pytest.mark.parametrize(
    ("data", "code", "detail"),
    [
        (LONG, "content_too_large", "text of sms: Text has 1,601 characters; the limit is 1,600."),
        (EMPTY, "content_empty", "text of sms: Text is empty."),
    ],
)
def test_a_text_that_sns_refuses_is_422_at_submit_and_an_error_in_the_dry_run(
    data: dict[str, str], code: str, detail: str
) -> None:
    topic()
    assert put(channels={"sms": {"text": "{{ data.text }}"}}, example={"text": "fine"}).status == 201
    refused = post(data=data)
    assert (refused.status, refused.body["code"]) == (422, code)
    assert refused.body["errors"] == [{"pointer": "/template", "code": code, "detail": detail}]
    told = post(data=data, dry_run=True)
    assert told.status == 200
    assert [sample["error"] for sample in told.body["samples"]] == [f"{code}: {detail.partition(': ')[2]}"]
    assert post(data={"text": "a" * 1_600}).status == 202


def test_the_language_is_named() -> None:
    topic()
    german = {"sms": {"text": "{{ data.de }}"}}
    assert put(channels={"sms": {"text": "fine"}}, locales={"de": german}, example={"de": "gut"}).status == 201
    (fault,) = post(data={"de": "ö" * 1_601}).body["errors"]
    assert fault["detail"] == "text of sms in de: Text has 1,601 characters; the limit is 1,600."


@pytest.mark.parametrize(
    "text",
    ["{{ user.name }}", "{% if user.locale == 'de' %}Hallo{% endif %}", "{% if user.name %}{{ data.x }}{% endif %}"],
)
def test_a_text_that_is_empty_for_some_only_is_accepted(text: str) -> None:
    topic()
    assert put(channels={"sms": {"text": text}}, example={"x": "y"}).status == 201
    assert post(data={"x": "y"}).status == 202


@pytest.mark.parametrize("condition", ["user.name", "not user.name"])
def test_a_text_that_is_too_large_for_some_only_is_accepted(condition: str) -> None:
    topic()
    text = f"{{% if {condition} %}}{{{{ data.text }}}}{{% endif %}}Fine"
    assert put(channels={"sms": {"text": text}}, example={"text": "fine"}).status == 201
    assert post(data=LONG).status == 202


def test_inline_content_is_checked_too() -> None:
    topic()
    refused = post(template=None, content={"text": "{{ data.text }}"}, data=LONG)
    assert (refused.status, refused.body["code"]) == (422, "content_too_large")
    assert refused.body["errors"][0]["pointer"] == "/content"


@pytest.mark.parametrize(
    ("channel", "parts"),
    [
        ("push", {"title": "t", "body": "文" * 1_400}),
        ("push", {"title": "ö" * 2_050, "body": "b"}),
        ("sms", {"text": "a" * 1_601}),
    ],
)
def test_a_template_whose_example_is_too_large_is_refused_at_put(channel: str, parts: dict[str, str]) -> None:
    refused = put(channels={channel: parts})
    assert (refused.status, refused.body["code"]) == (422, "content_too_large")
    assert refused.body["errors"][0]["pointer"].startswith(f"/channels/{channel}/")


def test_a_push_payload_is_measured_in_submit_and_dry_run() -> None:
    topic()
    assert put(channels={"push": {"title": "News", "body": "{{ data.text }}"}}, example={"text": "b"}).status == 201
    data = {"text": "a" * 4_096}
    assert post(channels=["push"], data=data).body["code"] == "content_too_large"
    (sample,) = post(channels=["push"], data=data, dry_run=True).body["samples"]
    assert sample["error"].startswith("content_too_large: Payload is 4,")


def test_a_dry_run_names_the_character_that_makes_a_text_ucs_2_and_smart_topics_replace_it() -> None:
    topic()
    assert put(channels={"sms": {"text": "It\u2019s on its way"}}).status == 201
    (sample,) = post(dry_run=True).body["samples"]
    assert (sample["encoding"], sample["encoding_because"], sample["segments"]) == ("UCS-2", "\u2019", 1)
    topic(sms_smart=True)
    assert call("GET", f"/v1/topics/{TOPIC}").body["sms_smart"] is True
    (sample,) = post(dry_run=True).body["samples"]
    assert (sample["encoding"], sample["encoding_because"]) == ("GSM-7", None)
    assert sample["content"] == {"text": "It's on its way"}
