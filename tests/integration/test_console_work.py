"""What an operator does in the console: find, subscribe, edit, test, compose, export."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest

from tests.integration import console
from tests.integration.conftest import Aws, Clock
from tests.integration.console import Visitor
from tests.integration.internal_api import call
from tests.integration.pipeline import Pipeline
from tests.integration.provider import Ses

TYPO = {
    "channels": {"email": {"subject": "Your oder", "html": "<p>{{ data.order }}</p>"}},
    "locales": {"de": {"email": {"subject": "Ihre Bestellung"}}},
    "example": {"order": "A-17"},
}


@pytest.fixture
def pipeline(aws: Aws, clock: Clock) -> Pipeline:
    pipeline = Pipeline.opened(aws, clock, Ses())
    pipeline.topic()
    pipeline.subscribers(3)
    return pipeline


@pytest.fixture
def visitor(aws: Aws) -> Visitor:
    return Visitor(console.app().test_client())


def led(visitor: Visitor, asked: str) -> str | None:
    """Where the search box leads."""
    return visitor.browser.get("/search", query_string={"q": asked}).headers.get("Location")


def test_one_box_finds_people_topics_templates_messages_and_addresses(visitor: Visitor, pipeline: Pipeline) -> None:
    call("PUT", "/v1/suppressions/email/bounced@example.com", {"cause": "bounce"})
    message_id = pipeline.post()
    assert led(visitor, "user-0001") == "/users/user-0001"
    assert led(visitor, "User-0001@Example.com") == "/users/user-0001"
    assert led(visitor, "orders.shipped") == "/topics/orders.shipped"
    assert led(visitor, "Orders") == "/topics/orders.shipped"
    assert led(visitor, "order-ship") == "/templates/order-shipped"
    assert led(visitor, "A-17 has") == f"/messages/{message_id}"
    assert led(visitor, message_id) == f"/messages/{message_id}"
    assert led(visitor, "bounced@example.com") == "/suppressions/email/bounced@example.com/removal"
    several = visitor.open("/search", q="order").text
    assert "orders.shipped Orders Topic" in several
    assert "order-shipped version 1 Template" in several
    assert "Nothing is called zzz ." in visitor.open("/search", q="zzz").text


def test_why_a_person_got_nothing_and_what_others_saw(visitor: Visitor, pipeline: Pipeline) -> None:
    call("PUT", "/v1/suppressions/email/user-0002@example.com", {"cause": "bounce"})
    message_id = pipeline.post()
    pipeline.run()
    recent = visitor.open("/users/user-0002/recent").text
    assert "Order A-17 has left" in recent
    assert "skipped E-mail The address is suppressed: bounce . Ask the user for a working address" in recent
    reasons = visitor.open(f"/messages/{message_id}/reasons").text
    assert "The address is suppressed: bounce Ask the user for a working address" in reasons
    assert "skipped E-mail E-mail 1 Example" in reasons
    seen = visitor.open(f"/messages/{message_id}/content/user-0001/email")
    assert "This is exactly what was sent." in seen.text
    assert "Dear User-0001" in visitor.open(f"/messages/{message_id}/content/user-0001/email/body").answer.text
    assert "Nothing was sent to this person" in visitor.open(f"/messages/{message_id}/content/user-0002/email").text
    assert "As user-0000 saw it" in visitor.open(f"/messages/{message_id}/sample").text


def test_a_person_is_unsubscribed_and_subscribed_with_a_second_look(visitor: Visitor, pipeline: Pipeline) -> None:
    assert "Subscribers E-mail: 3 " in visitor.open("/topics/orders.shipped").text
    assert visitor.open("/topics/orders.shipped/subscribers").text.count("subscribed 1 Jan 2027") == 3
    asked = {"topic": "orders.shipped", "channel": "email"}
    page = visitor.open("/users/user-0001/subscription", 200, **asked, to="unsubscribed")
    assert page.heading == "Unsubscribe user-0001?"
    assert len(call("GET", "/v1/users/user-0001/subscriptions").body["items"]) == 1
    assert "Unsubscribed from Orders on E-mail." in visitor.press(page).text
    assert call("GET", "/v1/users/user-0001/subscriptions").body["items"] == []
    refusal = {"user_id": "user-0001", "channel": "email", "state": "unsubscribed", "by": "person"}
    call("POST", "/v1/topics/orders.shipped/subscriptions", {"items": [refusal]})
    refused = visitor.press(visitor.open("/users/user-0001/subscription", 200, **asked, to="subscribed"))
    assert refused.status == 409
    done = visitor.press(refused, evidence="Ticket 4711")
    assert "Subscribed to Orders on E-mail." in done.text
    assert "Ticket 4711" in done.text


def test_a_typo_is_mended_with_a_preview_and_a_look_at_the_differences(visitor: Visitor, aws: Aws) -> None:
    call("PUT", "/v1/templates/order", TYPO)
    fields = {
        "part:/channels/email/subject": "Your order",
        "part:/channels/email/html": "<p>{{ data.order }}</p>",
        "part:/locales/de/email/subject": "Ihre Bestellung",
        "example": '{"order": "A-17"}',
        "schema": "",
        "layout": "",
    }
    page = visitor.open("/templates/order/edit")
    wrong = visitor.press(page, **{**fields, "part:/channels/email/html": "<p>\n{{ data.order }</p>"}, action="look")
    assert wrong.status == 422
    assert "channels, email, html, line 2" in wrong.text
    german = visitor.press(page, **fields, action="preview", locale="de")
    assert "Subject Ihre Bestellung" in german.text
    frame = re.findall(r'src="(/messages/-/mails/[^"]*)"', german.answer.text)[0]
    assert visitor.open(frame).answer.text == "<p>A-17</p>"
    look = visitor.press(page, **fields, action="look")
    assert "Removed: Your oder Added: Your order" in look.text
    assert call("GET", "/v1/templates/order").body["version"] == 1
    assert "Saved as version 2." in visitor.press(look, **fields, action="store").text
    assert call("GET", "/v1/templates/order").body["channels"]["email"]["subject"] == "Your order"
    changed = visitor.open("/templates/order/differences", old="1", new="2").text
    assert "Removed: Your oder Added: Your order" in changed


def test_a_test_goes_to_ones_own_address_once(visitor: Visitor, pipeline: Pipeline) -> None:
    page = visitor.open("/templates/order-shipped/test")
    form = {"channel": "email", "address": "me@example.com", "locale": "", "data": '{"order": "B-18"}'}
    for _ in range(2):  # pressed twice
        assert "Test sent to me@example.com." in visitor.press(page, **form).text
    pipeline.run()
    assert [(mail.to, mail.subject) for mail in pipeline.ses.outbox] == [("me@example.com", "Order B-18 has left")]
    assert 'value="me@example.com"' in visitor.open("/templates/order-shipped/test").answer.text


def test_a_message_is_looked_at_before_it_goes_and_goes_once(visitor: Visitor, pipeline: Pipeline) -> None:
    call("PUT", "/v1/suppressions/email/user-0002@example.com", {"cause": "bounce"})
    fields = {
        "topic": "orders.shipped",
        "template": "order-shipped",
        "data": '{"order": "C-19"}',
        "of": "order-shipped",
    }
    page = visitor.open("/messages/-/new")
    wrong = visitor.press(page, **{**fields, "data": "{"}, action="look")
    assert (wrong.status, "Data, line 1, column 2" in wrong.text) == (422, True)
    look = visitor.press(page, **fields, action="look")
    assert look.heading == "Send to 2 recipients?"
    assert "skipped The address is suppressed: bounce 1" in look.text
    assert "Subject Order C-19 has left" in look.text
    assert call("GET", "/v1/messages").body["items"] == []
    key = re.findall(r'name="key" value="([^"]+)"', page.answer.text)[0]
    for _ in range(2):  # pressed twice
        assert "Accepted: it is being sent." in visitor.press(look, **fields, key=key, action="send").text
    pipeline.run()
    assert sorted(mail.to for mail in pipeline.ses.outbox) == ["user-0000@example.com", "user-0001@example.com"]


def test_the_look_before_it_goes_says_who_gets_it_in_a_digest(visitor: Visitor, pipeline: Pipeline) -> None:
    example = {"items": [], "count": 0, "key": None, "first_at": "2027-01-01T08:00:00.000Z"}
    content = {"email": {"subject": "{{ data.count }} orders", "text": "News"}}
    call("PUT", "/v1/templates/digest", {"channels": content, "example": example})
    topic = {"title": "Orders", "channels": ["email"]}
    call(
        "PUT",
        "/v1/topics/orders.shipped",
        {**topic, "digest": {"template": {"id": "digest"}, "every": {"seconds": 60}}},
    )
    fields = {
        "topic": "orders.shipped",
        "template": "order-shipped",
        "data": '{"order": "C-19"}',
        "of": "order-shipped",
    }
    look = visitor.press(visitor.open("/messages/-/new"), **fields, action="look")
    assert look.heading == "Send to 3 recipients?"
    assert "in a digest 3" in look.text
    message_id = pipeline.post()
    pipeline.run()
    page = visitor.open(f"/messages/{message_id}").text
    assert "in digests Of 3 recipients, 3 get it in a digest." in page
    assert "In a digest 3" in page
    why = visitor.open(f"/messages/{message_id}/explanations/user-0000").text
    assert "In a digest . What happened" in why
    assert "put into a digest" in why
    shown = visitor.open("/topics/orders.shipped").text
    assert "Digest 1 minute after its first message, with digest Readers can choose as the digest; else" in shown


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_lists_are_files_in_which_nothing_is_a_formula(visitor: Visitor, pipeline: Pipeline) -> None:
    call("PUT", "/v1/users/evil", {"name": '=HYPERLINK("https://example.com")', "phone": "+436641234567"})
    message_id = pipeline.post()
    pipeline.run()

    def read(path: str) -> list[dict[str, Any]]:
        answer = visitor.open(path).answer
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        return [*rows(answer.text)]

    evil = read("/users/-/export.csv")[0]
    assert (evil["id"], evil["name"], evil["phone"]) == (
        "evil",
        '\'=HYPERLINK("https://example.com")',
        "'+436641234567",
    )
    assert [each["counts.sent"] for each in read("/messages/-/export.csv")] == ["3"]
    assert [each["status"] for each in read(f"/messages/{message_id}/deliveries.csv")] == ["sent"] * 3
    assert [each["id"] for each in read("/topics/-/export.csv")] == ["orders.shipped"]
    assert len(read("/topics/orders.shipped/subscribers.csv")) == 3
    assert read("/suppressions/-/export.csv") == []
    call("DELETE", "/v1/users/user-0001/subscriptions/orders.shipped/email")
    for file in ("subscriptions", "consents"):
        assert [(each["topic"], each["state"]) for each in read(f"/users/user-0001/{file}.csv")] == [
            ("orders.shipped", "unsubscribed")
        ]
    assert [each["status"] for each in read("/users/user-0001/recent.csv")] == ["sent"]
    assert [each["version"] for each in read("/templates/order-shipped/versions.csv")] == ["1"]
    assert read(f"/messages/{message_id}/reasons.csv") == []
    assert [each["sent"] for each in read("/overview/-/topics.csv")] == ["3"]
    assert [each["name"] for each in read("/overview/-/channels.csv")] == ["E-mail"]
    assert "email" in {each["queue"] for each in read("/dead-letters/-/export.csv")}


def test_a_form_that_a_browser_sends_from_another_site_is_refused(visitor: Visitor) -> None:
    answer = visitor.browser.post("/suppressions/new", headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, "This form is of another site" in answer.text) == (403, True)
