"""What moves by itself on the console's pages, in a real browser, over an internal API of a few lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from console.app import make
from local.wsgi_server import WsgiServer
from tests.e2e import browsing
from tests.e2e.browsing import needs_chromium
from tests.integration import console
from tests.integration.conftest import Aws
from tests.integration.internal_api import call

pytestmark = needs_chromium
WAIT: Final = 10_000  # milliseconds
RECEIPTS: Final = dict.fromkeys(
    ("delivered", "delayed", "bounced", "bounced_soft", "complained", "rejected", "no_word"), 0
)
COUNTS: Final = {"recipients": 2, "sent": 0, "failed": 0, "skipped": 0, "deleted": 0, "digested": 0, "outstanding": 2}
TEMPLATE: Final = {
    "channels": {"email": {"subject": "{{ data.title }}", "html": "<h1>{{ data.title }}</h1>"}, "sms": {"text": "Hi"}},
    "example": {"title": "Autumn"},
}
CONTENT: Final = {"channel": "email", "locale": None, "content": {"text": "Hello"}, "template": None, "exact": True}
DELIVERY: Final = {
    "user_id": "ada",
    "channel": "email",
    "status": "sent",
    "reason": None,
    "receipt": None,
    "attempts": 1,
    "updated_at": "2027-01-01T08:00:01.000Z",
}


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any

    @property
    def content(self) -> bytes:
        return json.dumps(self.body).encode()


@dataclass
class Api:
    """One message, whose state the test changes."""

    state: str = "active"
    status: int = 200
    sent: int = 0
    asked: list[str] = field(default_factory=list)

    def call(self, _method: str, url: str, _body: Any, /, **_headers: str) -> Reply:
        path = urlsplit(url).path
        self.asked.append(path)
        if self.status != 200:
            return Reply(self.status, {"title": "no", "status": self.status, "detail": "not now"})
        if path.endswith("/deliveries"):
            return Reply(200, {"items": [DELIVERY] if self.sent else [], "next_cursor": None})
        if path.endswith("/content"):
            return Reply(200, CONTENT)
        if path.endswith("/topics"):
            return Reply(200, {"items": [], "next_cursor": None})
        return Reply(200, self.message() if path.endswith("m-1") else {"items": [self.message()], "next_cursor": None})

    def message(self) -> dict[str, Any]:
        return {
            "id": "m-1",
            "state": self.state,
            "topic": "orders",
            "template": None,
            "channels": ["email"],
            "priority": "normal",
            "on_doubt": "resend",
            "created_at": "2027-01-01T08:00:00.000Z",
            "send_at": None,
            "expires_at": None,
            "timeline": [],
            "summary": "Hello",
            "outcome": "open",
            "counts": {**COUNTS, "sent": self.sent, "outstanding": 2 - self.sent},
            "receipts": {**RECEIPTS, "no_word": self.sent},
        }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from browsing.running()


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def page(api: Api, browser: Browser) -> Iterator[Page]:
    yield from opened(browser, make(api.call, stage="test"))


def opened(browser: Browser, app: Flask) -> Iterator[Page]:
    """A page of which the browser has nothing to complain: of the policy of what may run, above all."""
    site = WsgiServer(app)
    page = browser.new_page(base_url=site.url)
    page.set_default_timeout(WAIT)
    complaints: list[str] = []
    page.on("console", lambda each: complaints.append(each.text))
    page.on("pageerror", lambda each: complaints.append(str(each)))
    yield page
    page.close()
    site.close()
    assert [each for each in complaints if "502 (BAD GATEWAY)" not in each] == []


def test_a_message_is_followed_to_its_end_and_then_left_alone(api: Api, page: Page) -> None:
    page.goto("/messages/m-1")
    expect(page.locator("#state")).to_have_text("sending")
    expect(page.locator("#deliveries")).not_to_contain_text("ada")
    api.sent = 1
    expect(page.locator("#announcement")).to_have_text("Sending, 50 %", timeout=WAIT)  # for those who hear the page
    api.state, api.sent = "sent", 2
    expect(page.locator("#state")).to_have_text("sent", timeout=WAIT)
    expect(page.locator("#deliveries")).to_contain_text("ada", timeout=WAIT)
    asked = len(api.asked)
    page.wait_for_timeout(2_500)
    assert len(api.asked) == asked


def test_a_row_of_the_list_follows_its_message(api: Api, page: Page) -> None:
    page.goto("/messages")
    row = page.locator("tbody tr")
    expect(row).to_contain_text("sending")
    api.state, api.sent = "sent", 2
    expect(row).to_contain_text("2 of 2 sent", timeout=WAIT)
    expect(row.locator("td")).to_have_count(4)


def test_what_was_shown_stays_while_the_api_does_not_answer(api: Api, page: Page) -> None:
    page.goto("/messages/m-1")
    api.status = 503
    with page.expect_response(lambda each: each.status == 502):
        pass
    expect(page.locator("#state")).to_have_text("sending")
    api.status, api.state, api.sent = 200, "sent", 2
    expect(page.locator("#state")).to_have_text("sent", timeout=WAIT)


@pytest.fixture
def templates(aws: Aws, browser: Browser) -> Iterator[Page]:
    call("PUT", "/v1/templates/news", TEMPLATE)
    yield from opened(browser, console.app())


def test_a_preview_follows_what_is_typed_and_the_address_follows_it(templates: Page) -> None:
    templates.goto("/templates/news")
    data = templates.get_by_label("Data (JSON)")
    data.fill('{"title": "Winter"}')
    expect(templates.locator(".subject-line")).to_contain_text("Winter", timeout=WAIT)
    expect(templates.frame_locator(".phone iframe").get_by_role("heading")).to_have_text("Winter", timeout=WAIT)
    templates.get_by_label("Channel").select_option("sms")
    expect(templates.locator(".phone .said")).to_have_text("Hi", timeout=WAIT)
    assert "channel=sms" in templates.url
    templates.reload()
    expect(data).to_have_value('{"title": "Winter"}')


def test_the_way_back_leads_to_the_page_before(templates: Page) -> None:
    templates.goto("/templates")
    templates.get_by_role("link", name="news").click()
    templates.get_by_label("Channel").select_option("sms")
    expect(templates.locator(".phone .said")).to_have_text("Hi", timeout=WAIT)
    templates.go_back()
    expect(templates.get_by_role("heading", level=1)).to_have_text("Templates", timeout=WAIT)


def test_the_editor_shows_what_is_typed_and_the_line_of_a_mistake(templates: Page) -> None:
    templates.goto("/templates/news/edit")
    html = templates.get_by_role("textbox", name="HTML", exact=True)
    html.fill("<h1>Changed {{ data.title }}</h1>")
    heading = templates.frame_locator(".desktop iframe").get_by_role("heading")
    expect(heading).to_have_text("Changed Autumn", timeout=WAIT)
    html.fill("<h1>\n{{ data.title }</h1>")
    expect(templates.locator("#preview")).to_contain_text("channels, email, html, line 2", timeout=WAIT)
    expect(templates.locator("#preview li.wrong")).to_have_text("{{ data.title }</h1>")
    expect(html).to_be_focused()
