"""What a mail says of its sender and of how to leave, and the mail in the browser."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from fanfare.errors import Invalid
from fanfare.runtime import stores
from fanfare.runtime.use_cases import internal_api

from tests.integration import internal_api as services
from tests.integration.conftest import Aws, Clock
from tests.integration.pipeline import TOPIC, Pipeline
from tests.integration.provider import Mail, Ses
from tests.integration.public_api import BASE, browse, call
from tests.integration.test_public_links import stored

LINKED = "<p>{{ data.order }}, {{ user.name }}</p><a href='{{ links.view }}'>View</a>"


@pytest.fixture
def pipeline(aws: Aws, clock: Clock, ses: Ses) -> Pipeline:
    return Pipeline.opened(aws, clock, ses)


def sent(pipeline: Pipeline, ses: Ses, content: dict[str, str], **fields: Any) -> Mail:
    """The mail that the only subscriber gets."""
    stores.audience().users.put("ada", {"name": "Ada", "email": "ada@example.com", "locale": "de"})
    services.call("PUT", f"/v1/users/ada/subscriptions/{TOPIC}/email")
    pipeline.post(template=None, content={"subject": "Hi", **content}, **fields)
    pipeline.run()
    return ses.outbox[-1]


def link(text: str, purpose: str) -> str:
    return str(re.findall(rf"{BASE}/v1/{purpose}/[\w.-]+", text)[0])


def test_a_mail_on_a_topic_that_can_be_left_has_a_footer_and_headers(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    mail = sent(pipeline, ses, {"html": "<p>Hi</p>", "text": "Hi"})
    unsubscribe = link(mail.html, "unsubscribe")
    why = "Sie erhalten diese E-Mail, weil Sie „Orders“ von Fanfare abonniert haben."
    assert mail.text.endswith(f"----\n{why}\nAbbestellen: {unsubscribe}\n")
    assert mail.headers["List-Unsubscribe"] == f"<{unsubscribe}>"
    assert mail.headers["Auto-Submitted"] == "auto-generated"
    assert mail.headers["List-Id"] == "<orders.shipped.example.com>"


@pytest.mark.parametrize("settings", [{"required": True}, {"footer": False}])
def test_no_footer_where_there_is_none_to_be(pipeline: Pipeline, ses: Ses, settings: dict[str, Any]) -> None:
    pipeline.topic(**settings)
    mail = sent(
        pipeline, ses, {"html": "<p>Hi</p>[{{ links.unsubscribe }}]" if settings.get("required") else "<p>Hi</p>"}
    )
    assert mail.html == ("<p>Hi</p>[]" if settings.get("required") else "<p>Hi</p>")


def test_what_is_changed_after_the_post_is_not_in_the_mail(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic(sender={"name": "Shipping", "reply_to": ["help@shop.example"]})
    stores.audience().users.put("ada", {"name": "Ada", "email": "ada@example.com"})
    services.call("PUT", f"/v1/users/ada/subscriptions/{TOPIC}/email")
    pipeline.post(template=None, content={"subject": "{{ topic.title }}", "text": "Hi"})
    pipeline.topic(title="New", footer=False, sender=None)
    pipeline.run()
    (mail,) = ses.outbox
    assert mail.subject == "Orders"
    assert "You get this mail because you are subscribed to “Orders” from Fanfare." in mail.text
    assert (mail.sender, mail.reply_to) == ("Shipping <no-reply@example.com>", ["help@shop.example"])


def test_the_browser_shows_the_mail_as_it_was_sent_without_the_links_to_leave(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    mail = sent(pipeline, ses, {"html": f"<html><body>{LINKED}</body></html>"})
    stores.catalogue().delete_topic("another")
    page = browse(link(mail.html, "views"))
    leaving = re.compile(r"<p style=[^>]*><a href=[^>]*unsubscribe/[^>]*>Abbestellen</a></p>")
    assert (page.status, page.text) == (200, leaving.sub("", mail.html))
    assert leaving.search(mail.html)
    assert page.headers["content-security-policy"] == (
        "sandbox; default-src 'none'; img-src https: data:; style-src 'unsafe-inline'"
    )
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex"


def test_a_link_to_leave_that_the_author_wrote_is_not_in_the_browser_either(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    html = f'{LINKED}<a href="{{{{ links.unsubscribe }}}}">Leave</a><a href="{{{{ links.preferences }}}}">Choose</a>'
    mail = sent(pipeline, ses, {"html": html})
    page = browse(link(mail.html, "views"))
    assert page.text.endswith("View</a><a>Leave</a><a>Choose</a>")
    assert mail.html.count("/v1/unsubscribe/") == 1


def test_a_mail_of_text_is_a_page_of_text(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    mail = sent(pipeline, ses, {"text": "1 < 2\n{{ links.view }}"})
    page = browse(link(mail.text, "views"))
    assert "1 &lt; 2\n" in page.text
    assert "unsubscribe/" not in page.text


@pytest.mark.parametrize(
    "fields", [{"priority": "critical"}, {"sensitive": True}, {"topic": None, "recipients": ["ada"]}]
)
def test_some_messages_are_not_in_the_browser(pipeline: Pipeline, ses: Ses, fields: dict[str, Any]) -> None:
    pipeline.topic()
    assert "[]" in sent(pipeline, ses, {"html": "[{{ links.view }}]"}, **fields).html


def test_after_the_retention_the_link_leads_to_a_page_that_says_so(pipeline: Pipeline, ses: Ses, clock: Clock) -> None:
    pipeline.topic()
    mail = sent(pipeline, ses, {"html": LINKED})
    clock.now += timedelta(days=31)
    page = browse(link(mail.html, "views"))
    assert page.status == 410
    assert "no longer kept" in page.text


def test_the_links_of_an_erased_user_offer_nothing_to_them_or_the_next(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    mail = sent(pipeline, ses, {"html": LINKED + "{{ links.preferences }}"})
    links = [link(mail.html, purpose) for purpose in ("views", "preferences", "unsubscribe")]
    assert services.call("DELETE", "/v1/users/ada").status == 204
    for _ in range(2):
        pages = [browse(each) for each in links]
        assert [page.status for page in pages] == [404, 404, 404]
        assert all("no longer exists" in page.text and "<form" not in page.text for page in pages)
        stores.audience().users.put("ada", {"name": "Ada", "email": "ada@example.com"})


@pytest.mark.parametrize("purpose", ["views", "preferences", "unsubscribe"])
def test_a_token_that_differs_in_one_bit_is_refused(pipeline: Pipeline, ses: Ses, purpose: str) -> None:
    pipeline.topic()
    path = link(sent(pipeline, ses, {"html": LINKED + "{{ links.preferences }}"}).html, purpose).removeprefix(BASE)
    begin = path.rindex("/") + 1
    for place in range(begin, len(path)):
        for bit in range(7):
            wrong = path[:place] + chr(ord(path[place]) ^ 1 << bit) + path[place + 1 :]
            assert call("GET", wrong, user=None).status == 404, wrong


@pytest.mark.parametrize("more", ["/", '"', "'>", "\u200b", "%E2%80%8B", "\u00a0", ".", ");", "”"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_mail_programs_add_to_a_link_leads_to_its_page(
    pipeline: Pipeline, ses: Ses, more: str, method: str
) -> None:
    pipeline.topic()
    mail = sent(pipeline, ses, {"html": LINKED + "{{ links.preferences }}"})
    for purpose in ("views", "preferences", "unsubscribe"):
        answer = call(method, link(mail.html, purpose).removeprefix(BASE) + more, user=None)
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/html")
        assert bool(answer.text) is (method == "GET")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_scanner_that_opens_the_links_of_a_mail_changes_nothing(
    pipeline: Pipeline, ses: Ses, aws: Aws, method: str
) -> None:
    pipeline.topic()
    mail = sent(pipeline, ses, {"html": LINKED + "{{ links.preferences }}"})
    before = stored(aws)
    for purpose in ("views", "preferences", "unsubscribe"):
        assert call(method, link(mail.html, purpose).removeprefix(BASE), user=None).status == 200
    assert stored(aws) == before


def test_a_topic_sends_from_addresses_that_are_verified_alone(aws: Aws) -> None:
    put = {"title": "Orders", "channels": ["email"]}
    own = {"name": "Shipping", "address": "No-Reply@Example.com", "reply_to": ["a@b.example"]}
    answer = services.call("PUT", "/v1/topics/orders", put | {"sender": own | {"address": "no-reply@example.com"}})
    assert answer.body["sender"] == own | {"address": "no-reply@example.com"}
    assert services.call("PUT", "/v1/topics/orders", answer.body).status == 200
    answer = services.call("PUT", "/v1/topics/orders", put | {"sender": {"address": "x@other.example"}})
    assert (answer.status, [each["code"] for each in answer.body["errors"]]) == (422, ["sender_not_allowed"])
    for wrong in ({"name": "a@b"}, {"name": "x" * 65}, {"name": "a\nb"}, {"reply_to": ["a@b.example"] * 6}, {}):
        assert services.call("PUT", "/v1/topics/orders", put | {"sender": wrong}).status == 422


def test_a_message_sends_from_its_topics_sender_alone(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    named = {"name": "Ann, Shop", "address": "no-reply@example.com"}
    assert sent(pipeline, ses, {"text": "Hi"}, sender=named).sender == '"Ann, Shop" <no-reply@example.com>'
    with pytest.raises(Invalid) as refused:
        pipeline.post(template=None, content={"subject": "Hi", "text": "Hi"}, sender={"address": "x@example.com"})
    assert [fault.code for fault in refused.value.errors] == ["sender_not_allowed"]


def test_what_a_service_reads_of_a_mail_has_no_link_that_works(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    mail = sent(pipeline, ses, {"html": LINKED})
    content = internal_api.content().run(mail.tags["message_id"], user_id="ada", channel="email")
    assert content.exact
    assert f"{BASE}/v1/unsubscribe/unsubscribe-of-the-reader" in content.content["html"]
    assert link(mail.html, "views") not in content.content["html"]
