"""Topics and templates, as a service sees them over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from fanfare.runtime import stores
from fanfare.store import catalogue

from tests.integration.conftest import Aws, Clock
from tests.integration.internal_api import Answer, call, deliver, event

TEMPLATE: dict[str, Any] = {
    "channels": {"email": {"subject": "Hello {{ data.name }}", "text": "Hi"}},
    "example": {"name": "A"},
}

pytestmark = pytest.mark.usefixtures("aws")


def put_topic(topic: str, **fields: Any) -> Answer:
    return call("PUT", f"/v1/topics/{topic}", {"title": "A topic", "channels": ["email"]} | fields)


def put_template(template: str, **fields: Any) -> Answer:
    return call("PUT", f"/v1/templates/{template}", TEMPLATE | fields)


def test_a_topic_is_created_then_replaced(clock: Clock) -> None:
    first = put_topic("news", category="daily", required=True)
    clock.advance(hours=1)
    second = put_topic("news", title="News")
    assert (first.status, second.status) == (201, 200)
    assert call("GET", "/v1/topics/news").body == second.body
    assert (second.body["title"], second.body["category"], second.body["required"]) == ("News", "general", False)
    assert second.body["created_at"] == first.body["created_at"] < second.body["updated_at"]


def test_a_topic_reads_as_it_was_written() -> None:
    limit = {"count": 5, "per_seconds": 86_400, "overflow": "drop"}
    topic = deliver(event("put_topic")).body
    assert (topic["id"], topic["limit"], topic["public"], topic["shards"]) == ("orders.shipped", limit, True, 1)
    assert call("GET", "/v1/topics").body == {"items": [topic], "next_cursor": None}


def test_the_shards_of_a_topic_stay() -> None:
    put_topic("news", shards=4)
    assert put_topic("news").body["shards"] == 4
    assert put_topic("news", shards=5).body["code"] == "shards_are_fixed"
    call("DELETE", "/v1/topics/news")
    assert put_topic("news", shards=5).status == 409
    again = put_topic("news")
    assert (again.status, again.body["shards"]) == (201, 4)


def test_a_topic_is_put_while_somebody_else_is_putting_it(monkeypatch: pytest.MonkeyPatch) -> None:
    put_topic("news")

    def in_the_way(**_: Any) -> None:
        why = [{"Code": "TransactionConflict"}]
        answer: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": why}
        raise ClientError(answer, "TransactWriteItems")

    monkeypatch.setattr(stores.catalogue().table.client, "transact_write_items", in_the_way)
    assert [put_topic(topic).status for topic in ("news", "offers")] == [200, 201]


def test_a_message_is_taken_whatever_the_cache_has_no_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "CACHE_ITEMS", 1)
    put_template("t")
    for topic in ("news", "offers", "alerts"):
        put_topic(topic)
        posted = call("POST", "/v1/messages", {"topic": topic, "template": {"id": "t"}, "data": {"name": "A"}})
        assert posted.status == 202


def test_a_message_that_does_not_render_is_refused_and_a_dry_run_shows_why() -> None:
    put_topic("news")
    put_template("t", locales={"de": {"email": {"text": "{{ data.name + 1 }}"}}}, example={"name": 1})
    message = {"topic": "news", "template": {"id": "t"}, "data": {"name": "A"}}
    refused = call("POST", "/v1/messages", message)
    assert (refused.status, refused.body["code"], refused.pointers) == (422, "template_error", ["/data"])
    assert (
        refused.body["errors"][0]["detail"] == "line 1, column 1: email, de: text: + takes two numbers or two strings"
    )
    assert call("GET", "/v1/messages").body["items"] == []
    samples = call("POST", "/v1/messages", message, dry_run="true").body["samples"]
    assert [sample["error"] is None for sample in samples] == [True, False]


def test_a_deleted_topic_is_gone_and_can_be_deleted_again() -> None:
    put_topic("news")
    assert [call("DELETE", f"/v1/topics/{topic}").status for topic in ("news", "news", "unknown")] == [204, 204, 204]
    assert call("GET", "/v1/topics/news").status == 404
    assert call("GET", "/v1/topics").body["items"] == []
    posted = call("POST", "/v1/messages", {"topic": "news", "content": {"subject": "a", "text": "b"}})
    assert (posted.status, posted.pointers) == (422, ["/topic"])


def test_topics_are_listed_by_id_page_by_page() -> None:
    for topic in ("d", "b", "a", "c"):
        put_topic(topic)
    call("DELETE", "/v1/topics/b")
    seen, cursor = [], None
    while True:
        query: dict[str, Any] = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = call("GET", "/v1/topics", **query).body
        seen += [topic["id"] for topic in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["a", "c", "d"]


def test_every_put_of_a_template_is_a_new_version() -> None:
    first, second = put_template("t"), put_template("t", locales={"de": {"email": {"subject": "Hallo"}}})
    assert (first.status, first.body) == (201, {"id": "t", "version": 1, "warnings": []})
    assert (second.status, second.body) == (201, {"id": "t", "version": 2, "warnings": []})
    newest, old = call("GET", "/v1/templates/t").body, call("GET", "/v1/templates/t", version=1).body
    assert (newest["version"], newest["locales"]) == (2, {"de": {"email": {"subject": "Hallo"}}})
    assert (old["version"], old["locales"], old["channels"]) == (1, {}, TEMPLATE["channels"])


def test_versions_are_listed_the_newest_first() -> None:
    for _ in range(3):
        put_template("t")
    page = call("GET", "/v1/templates/t/versions", limit=2).body
    assert [each["version"] for each in page["items"]] == [3, 2]
    rest = call("GET", "/v1/templates/t/versions", limit=2, cursor=page["next_cursor"]).body
    assert ([each["version"] for each in rest["items"]], rest["next_cursor"]) == ([1], None)


@pytest.mark.parametrize("version", ["0", "abc", "-1", "1.5", ""])
def test_a_version_is_a_number(version: str) -> None:
    answer = call("GET", "/v1/templates/t", version=version)
    assert (answer.status, answer.pointers) == (422, ["?version"])


def test_a_version_that_is_not_there_is_not_found() -> None:
    put_template("t")
    assert call("GET", "/v1/templates/t", version=2).status == 404


def test_a_template_that_does_not_render_names_the_line_and_column() -> None:
    answer = put_template("t", channels={"email": {"subject": "Hello", "text": "Hi\n  {{ data.nothing }}"}})
    assert (answer.status, answer.pointers) == (422, ["/channels/email/text"])
    assert "line 2, column" in answer.body["errors"][0]["detail"]


def test_a_deleted_template_is_hidden_until_it_is_put_again() -> None:
    put_template("t")
    assert [call("DELETE", f"/v1/templates/{each}").status for each in ("t", "t", "unknown")] == [204, 204, 204]
    hidden = [call("GET", "/v1/templates/t"), call("GET", "/v1/templates/t", version=1)]
    assert {answer.status for answer in [*hidden, call("GET", "/v1/templates/t/versions")]} == {404}
    assert call("POST", "/v1/templates/t/previews", {"channel": "email"}).status == 404
    assert call("GET", "/v1/templates").body["items"] == []
    assert put_template("t").body["version"] == 2
    assert [each["version"] for each in call("GET", "/v1/templates").body["items"]] == [2]


def test_a_hidden_template_is_not_for_new_messages() -> None:
    put_template("t")
    call("DELETE", "/v1/templates/t")
    answer = call("POST", "/v1/messages", {"recipients": ["ada"], "template": {"id": "t"}, "data": {"name": "A"}})
    assert (answer.status, answer.pointers) == (422, ["/template"])


def test_a_large_template_in_any_script_is_stored_whole() -> None:
    text = "語" * 80_000
    assert put_template("t", channels={"email": {"subject": "Hi", "text": text}}).status == 201
    assert call("GET", "/v1/templates/t").body["channels"]["email"]["text"] == text


def test_a_preview_is_what_would_be_sent() -> None:
    deliver(event("put_template"))
    german = deliver(event("preview_template"))
    assert (german.status, german.body["subject"]) == (200, "Bestellung B-4 ist unterwegs")
    english = call("POST", "/v1/templates/order-shipped/previews", {"channel": "email"})
    assert english.body["subject"] == "Order A-17 is on its way"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [({"data": {"order": 4}}, "/data/order"), ({"data": {}}, "/data"), ({"channel": "smoke"}, "/channel")],
)
def test_a_preview_that_is_wrong_is_named(fields: dict[str, Any], pointer: str) -> None:
    deliver(event("put_template"))
    answer = call("POST", "/v1/templates/order-shipped/previews", {"channel": "email"} | fields)
    assert (answer.status, answer.pointers) == (422, [pointer])


def test_html_is_escaped_in_a_preview(aws: Aws) -> None:
    channels = {"email": {"subject": "{{ data.name }}", "html": "<p>{{ data.name }}</p>"}}
    put_template("t", channels=channels)
    preview = call("POST", "/v1/templates/t/previews", {"channel": "email", "data": {"name": "<b>&"}}).body
    assert (preview["subject"], preview["html"]) == ("<b>&", "<p>&lt;b&gt;&amp;</p>")


# Layouts, partials, derived texts


def render(template: str, channel: str = "email", **body: Any) -> Any:
    return call("POST", f"/v1/templates/{template}/previews", {"channel": channel} | body).body


def put_frame(text: str = "{{ content }} Regards") -> Answer:
    frame = {"subject": "Frame", "text": text, "html": "<body>{{ content }}</body>"}
    return put_template("frame", channels={"email": frame})


def test_a_template_keeps_the_version_of_its_layout() -> None:
    put_frame()
    assert put_template("order", layout="frame").status == 201
    put_frame("{{ content }} Cheers")
    assert render("order")["text"] == "Hi Regards"
    assert call("GET", "/v1/templates/order").body["layout"] == {"id": "frame", "version": 1}
    put_template("order", layout="frame")
    assert render("order")["text"] == "Hi Cheers"
    call("DELETE", "/v1/templates/frame")
    assert render("order")["text"] == "Hi Cheers"


@pytest.mark.parametrize(("layout", "code"), [("nothing", "unknown_template"), ("order", "layout_in_layout")])
def test_a_layout_is_a_template_without_one(layout: str, code: str) -> None:
    put_frame()
    put_template("order", layout="frame")
    answer = put_template("other", layout=layout)
    assert (answer.status, answer.body["errors"][0]["pointer"], answer.body["errors"][0]["code"]) == (
        422,
        "/layout",
        code,
    )


def test_a_hidden_template_is_no_layout() -> None:
    put_frame()
    call("DELETE", "/v1/templates/frame")
    assert put_template("order", layout="frame").pointers == ["/layout"]


def test_a_template_with_its_layout_has_to_fit_the_store() -> None:
    large = dict.fromkeys(("text", "html"), "x" * 98_000 + "{{ content }}")
    put_template("frame", channels={"email": {"subject": "Frame"} | large})
    body = {"subject": "Hi"} | dict.fromkeys(("text", "html"), "y" * 98_000)
    answer = put_template("order", layout="frame", channels={"email": body})
    assert (answer.status, answer.body["errors"][0]["code"]) == (422, "too_large")


def test_a_template_of_large_html_is_taken_without_a_text_of_its_own() -> None:
    html = "<p>" + "ä" * 110_000 + "</p>"
    assert put_template("order", channels={"email": {"subject": "Hi", "html": html}}).status == 201
    rendered = render("order")
    assert [warning["code"] for warning in rendered.pop("warnings")] == ["mail_clipped", "text_empty"]
    assert rendered == {"subject": "Hi", "html": html}


def test_partials_are_part_of_a_version() -> None:
    body = {"email": {"subject": "Hi", "text": '{% include "hello" %}, welcome'}}
    assert put_template("order", channels=body, partials={"hello": "Hello {{ data.name }}"}).status == 201
    assert render("order")["text"] == "Hello A, welcome"
    assert call("GET", "/v1/templates/order").body["partials"] == {"hello": "Hello {{ data.name }}"}


def test_a_partial_that_is_wrong_is_told_where() -> None:
    answer = put_template("order", partials={"hello": "Hello\n{{ data.name"})
    assert (answer.status, answer.pointers) == (422, ["/partials/hello"])
    assert "line 2" in answer.body["errors"][0]["detail"]


def test_a_mail_of_html_alone_gets_a_text() -> None:
    put_template(
        "frame", channels={"email": {"subject": "F", "html": "<body>{{ content }}<p>Shop &amp; Co</p></body>"}}
    )
    body = {"email": {"subject": "Hi", "html": "<h1>Dear {{ data.name }}</h1><p>Thanks</p>"}}
    put_template("order", channels=body, layout="frame")
    assert render("order", data={"name": "<Ada>"}) == {
        "subject": "Hi",
        "html": "<body><h1>Dear &lt;Ada&gt;</h1><p>Thanks</p><p>Shop &amp; Co</p></body>",
        "text": "Dear <Ada>\n\nThanks\n\nShop & Co\n",
        "warnings": [],
    }
    assert call("GET", "/v1/templates/order").body["channels"] == body
