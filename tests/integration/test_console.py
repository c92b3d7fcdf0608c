"""Every page of the console, over the internal API's real handler."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fanfare.domain.lifecycle import State

from console.api import InternalApi, Unreachable
from console.app import make
from tests.integration import console
from tests.integration.conftest import Aws, Clock
from tests.integration.console import Page, Visitor
from tests.integration.internal_api import call
from tests.integration.pipeline import Pipeline
from tests.integration.provider import Ses

HTML = "<p>{{ data.order }}</p>\n<p>{{ 1 / data.parts }}</p>"
TEMPLATE: dict[str, Any] = {
    "channels": {
        "email": {"subject": "Order {{ data.order }}", "html": HTML},
        "sms": {"text": "Order {{ data.order }} is on its way"},
    },
    "locales": {"de": {"email": {"subject": "Bestellung {{ data.order }}"}}},
    "schema": {"type": "object", "required": ["order"], "properties": {"order": {"type": "string"}}},
    "example": {"order": "<A-17>", "parts": 2},
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


@pytest.fixture
def sent(pipeline: Pipeline) -> str:
    """A message that two of three got: the address of one is suppressed."""
    call("PUT", "/v1/suppressions/email/user-0002@example.com", {"cause": "bounce"})
    message_id = pipeline.post()
    pipeline.run()
    return message_id


@pytest.fixture
def failed(pipeline: Pipeline) -> str:
    """A message whose template did not render for anybody."""
    pipeline.ses.entry_status = {f"user-{number:04}@example.com": ["INVALID_PARAMETER"] for number in range(3)}
    message_id = pipeline.post()
    pipeline.settle()
    assert pipeline.message(message_id).state is State.FAILED
    return message_id


# Messages


def test_the_start_is_the_overview(visitor: Visitor) -> None:
    answer = visitor.browser.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/overview")
    assert "No messages." in visitor.open("/messages").text


def test_messages_are_listed_with_what_became_of_them(visitor: Visitor, sent: str, pipeline: Pipeline) -> None:
    page = visitor.open("/messages")
    assert "sent" in page.text
    assert "2 of 3 sent" in page.text
    assert f'href="/messages/{sent}"' in page.answer.text
    assert visitor.open("/messages", state="failed").text.endswith("Try another state or topic.")
    assert "2 of 3 sent" in visitor.open("/messages", state="sent", topic="orders.shipped").text


def test_a_long_list_goes_on(visitor: Visitor, pipeline: Pipeline) -> None:
    ids = []
    for _ in range(21):
        pipeline.clock.advance(seconds=1)
        ids.append(pipeline.post())
    first = visitor.open("/messages")
    (more,) = re.findall(r'href="([^"]*cursor=[^"]*)">More', first.answer.text)
    second = visitor.browser.get(more.replace("&amp;", "&")).text
    assert ids[-1] in first.answer.text
    assert ids[0] not in first.answer.text
    assert ids[0] in second
    assert "Back to the start" in second


def test_what_is_on_its_way_is_looked_at_again_and_what_rests_is_not(visitor: Visitor, pipeline: Pipeline) -> None:
    message_id = pipeline.post()
    for path in (f"/messages/{message_id}/row", f"/messages/{message_id}/live"):
        assert 'hx-trigger="every' in visitor.open(path).answer.text
    pipeline.run()
    for path in (f"/messages/{message_id}/row", f"/messages/{message_id}/live"):
        assert 'hx-trigger="every' not in visitor.open(path).answer.text
    assert visitor.open(f"/messages/{message_id}/live").answer.headers["HX-Trigger"] == "at-rest"


def test_progress_is_said_when_it_changed_and_only_then(visitor: Visitor, pipeline: Pipeline) -> None:
    message_id = pipeline.post()
    assert "hx-swap-oob" in visitor.open(f"/messages/{message_id}/live", shown="").answer.text
    assert "hx-swap-oob" not in visitor.open(f"/messages/{message_id}/live", shown="queued").answer.text
    pipeline.run()
    assert "hx-swap-oob" in visitor.open(f"/messages/{message_id}/live", shown="queued").answer.text


def test_a_message_shows_its_way_its_counts_and_its_deliveries(visitor: Visitor, sent: str) -> None:
    page = visitor.open(f"/messages/{sent}")
    assert page.heading == "Order A-17 has left"
    assert "sent The providers accepted 2 recipients." in page.text
    assert "Recipients 3 Sent 2 Failed 0 Skipped 1 Withheld 0 Outstanding 0" in page.text
    assert "Timeline Queued" in page.text
    assert "The address is suppressed: bounce" in page.text
    assert {f"/users/user-000{n}" for n in range(3)} <= set(re.findall(r'href="(/users/[^"]*)"', page.answer.text))


def test_a_message_that_reached_nobody_says_so(visitor: Visitor, pipeline: Pipeline) -> None:
    for number in range(3):
        call("PUT", f"/v1/suppressions/email/user-{number:04}@example.com", {"cause": "bounce"})
    message_id = pipeline.post()
    pipeline.run()
    page = visitor.open(f"/messages/{message_id}")
    assert "reached no one All 3 candidates were skipped." in page.text
    assert "badge good" not in page.answer.text


def test_deliveries_are_narrowed_by_outcome_and_channel(visitor: Visitor, sent: str) -> None:
    skipped = visitor.open(f"/messages/{sent}", status="skipped")
    assert re.findall(r"/users/(user-\d+)", skipped.answer.text) == ["user-0002"]
    assert "No deliveries match the filter." in visitor.open(f"/messages/{sent}", channel="email", status="failed").text


def test_a_user_is_asked_after_in_a_form(visitor: Visitor, sent: str) -> None:
    answer = visitor.browser.get(f"/messages/{sent}?user=user-0002")
    assert answer.headers["Location"] == f"/messages/{sent}/explanations/user-0002"


def test_an_explanation_keeps_what_happened_apart_from_what_the_rules_say(visitor: Visitor, sent: str) -> None:
    call("DELETE", "/v1/suppressions/email/user-0002@example.com")
    page = visitor.open(f"/messages/{sent}/explanations/user-0002")
    assert "Skipped : The address is suppressed: bounce ." in page.text
    assert "Passed: Address is not suppressed" in page.text
    assert "The message would be sent" in page.text


def test_cancelling_asks_first_and_then_tells_what_came_of_it(visitor: Visitor, pipeline: Pipeline) -> None:
    message_id = pipeline.post()
    asked = visitor.open(f"/messages/{message_id}/cancellation")
    assert asked.heading == "Withhold this message?"
    assert pipeline.message(message_id).state is State.PENDING
    done = visitor.press(asked)
    assert "Message cancelled before it was sent to anyone." in done.text
    assert "Withheld from the subscribers of orders.shipped" in done.text
    assert pipeline.message(message_id).state is State.DELETED


def test_a_message_sent_in_the_meantime_is_reported_and_not_cancelled(visitor: Visitor, pipeline: Pipeline) -> None:
    message_id = pipeline.post()
    asked = visitor.open(f"/messages/{message_id}/cancellation")
    pipeline.run()
    page = visitor.press(asked)
    assert (page.status, page.heading) == (200, "Order A-17 has left")
    assert "Not possible in the current state: " in page.text
    assert pipeline.message(message_id).state is State.SENT


def test_nothing_is_asked_where_there_is_nothing_to_do(visitor: Visitor, sent: str) -> None:
    assert "Nothing to withhold: the message is sent." in visitor.open(f"/messages/{sent}/cancellation").text
    assert (
        "Nothing to send again: only a failed message can be sent again."
        in visitor.open(f"/messages/{sent}/redrive").text
    )


def test_a_failed_message_is_sent_again_at_the_press_of_a_button(
    visitor: Visitor, pipeline: Pipeline, failed: str
) -> None:
    assert "Send again" in visitor.open(f"/messages/{failed}").text
    done = visitor.press(visitor.open(f"/messages/{failed}/redrive"))
    assert "Sending again to the failed recipients." in done.text
    pipeline.settle()
    assert pipeline.message(failed).state is State.SENT


# Templates


@pytest.fixture
def template(aws: Aws) -> str:
    assert call("PUT", "/v1/templates/order", TEMPLATE).status == 201
    assert call("PUT", "/v1/templates/code", {"channels": {"sms": {"text": "{{ 1 }} is your code"}}}).status == 201
    return "order"


def test_the_gallery_shows_every_template(visitor: Visitor, template: str) -> None:
    page = visitor.open("/templates")
    assert "order Version 1, 1 more language" in page.text
    assert 'src="/templates/order/body?channel=email"' in page.answer.text
    assert "{{ 1 }} is your code" in page.text


def test_a_preview_is_in_the_language_and_on_the_channel_that_is_asked_for(visitor: Visitor, template: str) -> None:
    assert "Subject Order <A-17>" in visitor.open("/templates/order").text
    assert "Subject Bestellung <A-17>" in visitor.open("/templates/order", locale="de").text
    assert "Order <A-17> is on its way" in visitor.open("/templates/order", channel="sms").text
    assert "<A-17>" not in visitor.open("/templates/order").answer.text


def test_a_preview_takes_data_of_ones_own(visitor: Visitor, template: str) -> None:
    page = visitor.open("/templates/order", data='{"order": "B-18", "parts": 1}')
    assert "Subject Order B-18" in page.text
    (frame, _) = re.findall(r'<iframe sandbox title="[^"]*" src="([^"]*)"', page.answer.text)[:2]
    assert "<p>B-18</p>" in visitor.browser.get(frame.replace("&amp;", "&")).text


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ('{\n  "order": }', "Data, line 2, column 12 : Expecting value"),
        ("[]", "Data, line 1 : must be an object"),
        ("{\n}", "Data, line 1 : 'order' is a required property"),
        ('{\n  "parts": {"a": [1, 2]},\n  "order": 3\n}', "Data /order, line 3 : 3 is not of type 'string'"),
        ('{"order": "A", "parts": 0}', "Template, html, line 2, column 4 : division by zero"),
    ],
)
def test_a_mistake_is_shown_with_its_line(visitor: Visitor, template: str, data: str, told: str) -> None:
    page = visitor.open("/templates/order", data=data)
    assert told in page.text
    assert len(re.findall(r'<li class="wrong">', page.answer.text)) == 1


def test_a_mail_runs_nothing_and_asks_nobody(visitor: Visitor, template: str) -> None:
    answer = visitor.open("/templates/order/body").answer
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    for frame in re.findall(r"<iframe[^>]*>", visitor.open("/templates/order").answer.text):
        assert frame.startswith("<iframe sandbox ")


# The others


def test_topics_are_listed_and_shown(visitor: Visitor, sent: str) -> None:
    assert "orders.shipped Orders" in visitor.open("/topics").text
    page = visitor.open("/topics/orders.shipped")
    assert page.heading == "Orders"
    assert f'href="/messages/{sent}"' in page.answer.text


def test_a_person_is_shown_with_addresses_suppressions_subscriptions_and_deliveries(
    visitor: Visitor, sent: str
) -> None:
    page = visitor.open("/users/user-0002")
    assert "E-mail user-0002@example.com" in page.text
    assert "E-mail is suppressed since" in page.text
    assert "Ask the user for a working address, then delete the suppression." in page.text
    assert "orders.shipped E-mail subscribed" in page.text
    assert "Order A-17 has left orders.shipped" in page.text
    assert "skipped The address is suppressed: bounce" in page.text


@pytest.mark.parametrize(
    ("channel", "address", "shown"),
    [("email", "ann@example.com", "E-mail is suppressed"), ("sms", "+436641234567", "Text message is suppressed")],
)
def test_an_address_of_each_channel_is_suppressed_with_the_name_of_its_owner(
    visitor: Visitor, channel: str, address: str, shown: str
) -> None:
    call("PUT", "/v1/users/ann", {"name": "Ann Lee", "email": "ann@example.com", "phone": "+436641234567"})
    assert "is suppressed" not in visitor.open("/users/ann").text
    asked = visitor.open("/suppressions/new", channel=channel, address=address, cause="manual")
    assert "It is the address of Ann Lee" in asked.text
    visitor.press(asked)
    assert shown in visitor.open("/users/ann").text


def test_an_unknown_user_is_reported_and_another_can_be_looked_up(visitor: Visitor) -> None:
    assert "Nothing is called nobody ." in visitor.open("/users/nobody", 404).text


def test_dead_letters_are_counted_and_what_failed_can_be_sent_again(
    visitor: Visitor, aws: Aws, pipeline: Pipeline, failed: str
) -> None:
    aws.sqs.send_message(QueueUrl=aws.dead_letters["email"], MessageBody="{}")
    page = visitor.open("/dead-letters")
    assert "E-mail 0 0 0 1 " in page.text
    assert f'href="/messages/{failed}/redrive"' in page.answer.text
    assert "E-mail 0 0 0 1 " in visitor.open("/dead-letters/depths").text


def test_an_address_is_suppressed_and_let_go_again(visitor: Visitor) -> None:
    angry = {"channel": "email", "address": "Angry@Example.com", "cause": "complaint"}
    added = visitor.press(visitor.open("/suppressions/new", 200, **angry))
    assert "Suppressed: nothing will be sent to angry@example.com." in added.text
    asked = visitor.open("/suppressions/email/angry@example.com/removal")
    assert "The owner of the address asked not to be contacted" in asked.text
    assert "Suppression removed: angry@example.com can receive messages again." in visitor.press(asked).text
    assert "No suppressed addresses." in visitor.open("/suppressions").text


def test_an_address_that_is_none_is_refused_where_it_was_written(visitor: Visitor) -> None:
    page = visitor.open("/suppressions/new", 422, channel="email", address="not an address", cause="manual")
    assert 'value="not an address"' in page.answer.text
    assert 'role="alert"' in page.answer.text


# What holds for all of them


def everywhere(visitor: Visitor, sent: str) -> list[Page]:
    paths = ["/messages", f"/messages/{sent}", f"/messages/{sent}/cancellation", f"/messages/{sent}/redrive"]
    paths += [f"/messages/{sent}/explanations/user-0001", "/templates", "/templates/order-shipped", "/topics"]
    paths += ["/topics/orders.shipped", "/users", "/users/user-0001", "/dead-letters", "/suppressions"]
    paths += ["/suppressions/email/user-0002@example.com/removal"]
    return [visitor.open(path) for path in paths]


def test_every_page_says_what_a_browser_may_do_with_it(visitor: Visitor, sent: str) -> None:
    for page in everywhere(visitor, sent):
        assert page.answer.headers["Content-Security-Policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        assert page.answer.headers["Cache-Control"] == "no-store"
        assert not re.findall(r"<script(?! src)|\son\w+=|style=", page.answer.text)


def test_every_page_has_one_heading_and_its_place_in_the_house(visitor: Visitor, sent: str) -> None:
    for page in everywhere(visitor, sent):
        assert page.heading
        assert page.answer.text.count("aria-current") >= 1
        assert page.answer.text.count("<table") == page.answer.text.count("<caption")


FORMS = [
    "/messages/{}/cancellation",
    "/messages/{}/redrive",
    "/suppressions/new",
    "/suppressions/email/a@b.example/removal",
    "/users/user-0001/subscription",
    "/messages/-/new",
    "/templates/order-shipped/edit",
    "/templates/order-shipped/test",
    "/users/-/import",
    "/users/-/import/job",
]


def test_a_form_of_another_page_does_nothing(visitor: Visitor, pipeline: Pipeline) -> None:
    message_id = pipeline.post()
    call("PUT", "/v1/suppressions/email/a@b.example", {})
    form = {"channel": "email", "address": "c@d.example", "topic": "orders.shipped", "to": "unsubscribed"}
    for path in FORMS:
        answer = visitor.browser.post(path.format(message_id), data=form)
        assert answer.status_code == 400, path
        assert "This page has expired" in answer.text
    assert pipeline.message(message_id).state is State.PENDING
    assert [item["address"] for item in call("GET", "/v1/suppressions").body["items"]] == ["a@b.example"]
    assert len(call("GET", "/v1/users/user-0001/subscriptions").body["items"]) == 1


def test_every_route_that_changes_something_is_among_them(aws: Aws) -> None:
    posting = {str(rule) for rule in console.app().url_map.iter_rules() if rule.methods and "POST" in rule.methods}
    assert len(posting) == len(FORMS)


def test_the_session_is_for_this_site_and_no_script(visitor: Visitor) -> None:
    cookie = visitor.open("/suppressions/new", channel="email", address="a@b.example").answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


def test_with_a_key_the_console_opens_to_who_has_it(aws: Aws) -> None:
    visitor = Visitor(console.app(key="secret").test_client())
    assert "This console is locked" in visitor.open("/messages", 403).text
    assert "This console is locked" in visitor.open("/messages", 403, key="guessed").text
    assert visitor.browser.get("/messages?key=secret").headers["Location"] == "/messages"
    assert visitor.open("/messages").heading == "Messages"


def test_a_call_that_iam_denies_is_reported_with_the_remedy() -> None:
    refused = console.Reply(403, b'{"message": "Forbidden"}')
    page = Visitor(make(lambda *_, **__: refused, stage="test").test_client()).open("/topics", 403)
    assert "Ask for this stage’s viewer, editor or operator policy." in page.text


def test_an_answer_that_is_not_json_is_reported() -> None:
    proxy = console.Reply(200, b"<html>")
    page = Visitor(make(lambda *_, **__: proxy, stage="test").test_client()).open("/topics", 502)
    assert page.heading == "The API does not answer"
    with pytest.raises(Unreachable):
        InternalApi(lambda *_, **__: proxy).get("topics")


def test_the_navigation_names_every_part(visitor: Visitor) -> None:
    page = visitor.open("/messages").answer.text
    navigation = page.partition('<nav aria-label="Console">')[2].partition("</nav>")[0]
    assert re.findall(r">([^<>\n]+)</a>", navigation) == [
        "Overview",
        "Messages",
        "Templates",
        "Topics",
        "People",
        "Dead letters",
        "Suppressions",
    ]
