"""The console in a real browser: every page on a phone and at a desk, in light and dark, and what its buttons do."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from .browsing import PICTURES, needs_chromium
from .conftest import World

pytestmark = needs_chromium

PHONE: Final = {"width": 375, "height": 812}
DESK: Final = {"width": 1440, "height": 900}
WINDOWS: Final = {
    "phone-light": (PHONE, "light"),
    "desk-dark": (DESK, "dark"),
    "phone-dark": (PHONE, "dark"),
    "desk-light": (DESK, "light"),
}
CUT_OFF: Final = """() => [...document.querySelectorAll(".flush")]
    .filter(card => card.scrollWidth > card.clientWidth).map(card => card.innerText.slice(0, 100))"""
# A frame has the focus by its own rule; the body, between the last and the first
FOCUSED: Final = """() => {
    const each = document.activeElement, style = getComputedStyle(each);
    const seen = each === document.body || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
    const name = each === document.body ? "" : (each.name || each.innerText || each.title || each.tagName).trim();
    return (seen ? "" : "no outline: ") + (each.tagName === "BUTTON" ? each.innerText.trim() : name);
}"""
WAIT: Final = 60_000  # milliseconds: a function may have to wake
TEMPLATE: Final = {
    "channels": {"email": {"subject": "{{ data.title }}", "html": "<h1>{{ data.title }}</h1>"}, "sms": {"text": "Hi"}},
    "locales": {"de": {"email": {"html": "<h1>Neu: {{ data.title }}</h1>"}}},
    "schema": {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]},
    "example": {"title": "Autumn"},
}
HELLO: Final = {"template": None, "content": {"subject": "Hi", "text": "Hi"}}
names = (f"console.{number}" for number in itertools.count(1))


@dataclass
class Window:
    """A window of the console. What it asks of others, and what the browser complains of, is kept."""

    name: str
    page: Page
    url: str
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(WAIT)
        self.page.on("request", lambda each: self.asked.append(each.url))
        self.page.on("console", lambda each: self.complaints.append(each.text))

    def open(self, path: str) -> None:
        answer = self.page.goto(self.url + path)
        assert answer is not None
        assert answer.status == 200, path

    def press(self, role: Any, name: str) -> None:
        self.page.get_by_role(role, name=name, exact=True).click()

    def look(self, at: str) -> None:
        """Take a picture, and see that nothing reaches beyond the window and nobody is kept out."""
        self.page.screenshot(path=PICTURES / f"console-{self.name}-{at}.png", full_page=True)
        assert self.page.evaluate("document.documentElement.scrollWidth") <= self.page.viewport_size["width"], at  # type: ignore[index]
        assert self.page.evaluate(CUT_OFF) == [], at
        # a mail in its sandbox answers to nobody, an examiner included
        found = Axe().run(self.page, options={"iframes": False}).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] != "minor"] == [], at


@pytest.fixture
def windows(world: World, browser: Browser) -> Iterator[Callable[..., Window]]:
    opened: list[Window] = []

    def open_window(name: str, *, scripts: bool = True) -> Window:
        size, scheme = WINDOWS[name]
        context = browser.new_context(viewport=size, color_scheme=scheme, java_script_enabled=scripts)  # type: ignore[arg-type]
        opened.append(Window(name, context.new_page(), world.described["console_url"]))
        return opened[-1]

    yield open_window
    for window in opened:
        assert all(url.startswith(window.url) for url in window.asked), window.asked
        assert window.complaints == []  # of the page's own policy, above all
        window.page.context.close()


@pytest.fixture(scope="module")
def message(world: World) -> str:
    """One that has come to rest: its template has two languages, one of its readers is suppressed."""
    world.api.expect(201, "PUT", "/v1/templates/console", TEMPLATE)
    readers = [world.user(next(names), f"{name}@example.com") for name in ("ada.console", "gone.console")]
    world.api.call("PUT", "/v1/suppressions/email/gone.console@example.com", {"cause": "bounce"})
    topic = world.topic(readers, title="News of the console", description="What is new.", public=True)
    message_id = world.send(topic, template={"id": "console"}, data={"title": "Autumn"})
    assert world.rest(message_id)["counts"]["sent"] == 1
    return message_id


@pytest.mark.long
@pytest.mark.parametrize("name", WINDOWS)
def test_every_page_is_for_everybody(world: World, windows: Callable[..., Window], message: str, name: str) -> None:
    topic = world.get(message)["topic"]
    (user, *_) = world.api.expect(200, "GET", f"/v1/messages/{message}/deliveries?status=skipped")["items"]
    (reader, *_) = world.api.expect(200, "GET", f"/v1/messages/{message}/deliveries?status=sent")["items"]
    mail = world.console.outbox(message_id=message)[0]["number"]
    window = windows(name)
    for at, path in {
        "overview": "/overview",
        "search": "/search?q=console",
        "messages": "/messages",
        "message": f"/messages/{message}",
        "cancel": f"/messages/{message}/cancellation",
        "redrive": f"/messages/{message}/redrive",
        "content": f"/messages/{message}/content/{reader['user_id']}/email",
        "compose": "/messages/-/new",
        "explanation": f"/messages/{message}/explanations/{user['user_id']}",
        "templates": "/templates",
        "template": "/templates/console",
        "template-sms": "/templates/console?channel=sms",
        "template-mistake": "/templates/console?data=%7B%0A%22title%22:%203%7D",
        "edit": "/templates/console/edit",
        "new-template": "/templates/-/new",
        "differences": "/templates/console/differences",
        "failed-messages": "/messages?state=failed",
        "choose": f"/users/{user['user_id']}/subscription",
        "why": f"/users/{user['user_id']}?day=2020-01-01",
        "test": "/templates/console/test",
        "topics": "/topics",
        "subscribers": f"/topics/{topic}/subscribers",
        "topic": f"/topics/{topic}",
        "users": "/users",
        "user": f"/users/{user['user_id']}",
        "dead-letters": "/dead-letters",
        "suppressions": "/suppressions",
        "subscription": f"/users/{user['user_id']}/subscription?topic={topic}&channel=email&to=unsubscribed",
        "import": "/users/-/import",
        "suppress": "/suppressions/new?channel=email&address=gone.console@example.com",
        "removal": "/suppressions/email/gone.console@example.com/removal",
        "outbox": "/outbox",
        "mail": f"/outbox/{mail}",
    }.items():
        window.open(path)
        window.look(at)
    window.open("/templates/console/edit")
    window.page.get_by_role("button", name="Save as version").click()
    window.look("saving")
    window.open(f"/messages/-/new?topic={topic}&template=console")
    window.press("button", "Look before it goes …")
    window.look("second-look")
    expect(window.page.locator("form.sure textarea").first).to_be_hidden()


def test_a_message_appears_and_is_followed_without_a_reload(world: World, windows: Callable[..., Window]) -> None:
    topic = world.topic([world.user(next(names), "followed@example.com")])
    list_, one = windows("desk-dark"), windows("phone-light")
    with world.nobody_delivers():
        message_id = world.send(topic, **HELLO)
        world.fanned_out(message_id, 1)
        list_.open(f"/messages?topic={topic}")
        one.open(f"/messages/{message_id}")
        expect(list_.page.get_by_role("row", name=topic)).to_contain_text("0 of 1 sent")
        expect(one.page.get_by_role("link", name="Withhold")).to_be_visible()
    expect(list_.page.get_by_role("row", name=topic)).to_contain_text("1 of 1 sent", timeout=WAIT)
    expect(one.page.locator("#state")).to_have_text(re.compile("sent|delivered"), timeout=WAIT)
    expect(one.page.get_by_role("status")).to_have_text("Sent")
    expect(one.page.locator("#deliveries")).to_contain_text(re.compile("sent|delivered"), timeout=WAIT)
    expect(one.page.get_by_role("link", name="Withhold")).to_have_count(0)


def test_what_failed_is_sent_again_by_a_button(
    world: World, windows: Callable[..., Window], simulate: Callable[..., Any]
) -> None:
    simulate(receipts=False)
    topic = world.topic([world.user(next(names), "timeout-then-accepted+console@simulator.example.com")])
    message_id = world.send(topic, **HELLO, on_doubt="hold")
    assert world.rest(message_id)["state"] == "failed"
    window = windows("phone-light")
    window.open(f"/messages/{message_id}")
    window.press("link", "Send again")
    window.press("button", "Send again")
    expect(window.page.get_by_text("Sending again to the failed recipients.")).to_be_visible()
    expect(window.page.locator("#state")).to_have_text(re.compile("sent|delivered"), timeout=WAIT)


def test_a_message_is_cancelled_and_an_address_suppressed_without_scripts(
    world: World, windows: Callable[..., Window]
) -> None:
    topic = world.topic([world.user(next(names), "later@example.com")])
    message_id = world.send(topic, **HELLO, send_at=(datetime.now(UTC) + timedelta(days=30)).isoformat())
    window = windows("desk-dark", scripts=False)
    window.open(f"/messages/{message_id}")
    window.press("link", "Withhold")
    window.press("button", "Withhold message")
    expect(window.page.get_by_role("status").first).to_contain_text("Message cancelled")
    assert world.get(message_id)["state"] == "deleted"

    window.press("link", "Suppressions")
    window.page.get_by_role("textbox", name="Address").fill("by.hand@example.com")
    window.press("button", "Suppress …")
    window.press("button", "Suppress")
    window.press("link", "Lift by.hand@example.com")
    window.press("button", "Remove suppression")
    expect(window.page.get_by_role("status")).to_contain_text("can receive messages again")


def test_a_preview_follows_what_is_typed(windows: Callable[..., Window], message: str) -> None:
    window = windows("desk-dark")
    window.open("/templates/console")
    data = window.page.get_by_label("Data (JSON)")
    data.fill('{"title": "Winter"}')
    expect(window.page.locator(".subject-line")).to_contain_text("Winter")
    expect(window.page.frame_locator(".phone iframe").get_by_role("heading")).to_have_text("Winter")
    window.page.get_by_role("combobox", name="Language").select_option("de")
    expect(window.page.frame_locator(".phone iframe").get_by_role("heading")).to_have_text("Neu: Winter")
    data.fill('{"title": }')
    expect(window.page.get_by_text("Data, line 1, column 11")).to_be_visible()
    expect(data).to_be_focused()


def focused(window: Window) -> str:
    """The name of what has the focus, which shows."""
    name: str = window.page.evaluate(FOCUSED)
    return name


def tabbed(window: Window, name: str) -> None:
    """Press Tab until the element has the focus: nothing on the way keeps it, and all of it is seen."""
    for _ in range(120):
        window.page.keyboard.press("Tab")
        reached = focused(window)
        assert not reached.startswith("no outline"), reached
        if reached.startswith(name):
            return
    raise AssertionError(f"Tab does not reach {name}.")


def entered(window: Window) -> None:
    """Press Enter, and wait for the page to which it leads."""
    with window.page.expect_navigation():
        window.page.keyboard.press("Enter")


@pytest.mark.long
def test_a_search_a_cancellation_and_a_list_need_no_mouse(world: World, windows: Callable[..., Window]) -> None:
    topic = world.topic([world.user(next(names), "keys@example.com")], title="By keyboard")
    later = world.send(topic, **HELLO, send_at=(datetime.now(UTC) + timedelta(days=1)).isoformat())
    window = windows("desk-dark")
    keys = window.page.keyboard
    window.open("/overview")
    keys.press("Tab")
    assert focused(window) == "Skip to content"
    keys.press("Enter")
    keys.press("Tab")
    assert focused(window) == "New message"  # the first of the content
    tabbed(window, "Fanfare")  # round to the top: no trap
    tabbed(window, "q")
    keys.type("keys@example.com")
    entered(window)
    expect(window.page.get_by_role("heading", name="What this person got, or why not")).to_be_visible()

    window.open(f"/messages/{later}")
    tabbed(window, "Withhold")
    entered(window)
    tabbed(window, "Withhold message")
    entered(window)
    expect(window.page.get_by_role("status").first).to_contain_text("Message cancelled")
    window.open(f"/topics/{topic}")
    tabbed(window, "Subscribers")
    entered(window)
    expect(window.page.get_by_text("keys@example.com")).to_be_visible()


@pytest.mark.long
def test_a_template_is_corrected_and_tested_without_a_mouse(world: World, windows: Callable[..., Window]) -> None:
    """The preview follows what is typed, and takes the focus from no field."""
    world.api.expect(201, "PUT", "/v1/templates/keys", TEMPLATE | {"locales": {}})
    window = windows("desk-dark")
    keys = window.page.keyboard
    window.open("/templates/keys/edit")
    tabbed(window, "part:/channels/email/subject")
    keys.press("End")
    keys.type(", by keyboard")
    expect(window.page.locator(".subject-line")).to_contain_text("Autumn, by keyboard")
    assert focused(window) == "part:/channels/email/subject"
    tabbed(window, "part:/channels/email/html")
    tabbed(window, "Save as version")
    entered(window)
    tabbed(window, "Save")
    entered(window)
    expect(window.page.get_by_role("status").first).to_contain_text("Saved as version 2")
    tabbed(window, "Send a test to yourself")
    entered(window)
    tabbed(window, "address")
    keys.type("me@example.com")
    entered(window)
    expect(window.page.get_by_role("status").first).to_contain_text("Test sent to me@example.com")


def test_the_console_does_what_an_operator_may_and_no_more(world: World) -> None:
    """Its role on the stack is that of operators: IAM lets it make its calls, and no message."""
    operators = world.client("iam").list_attached_user_policies(UserName="operator")["AttachedPolicies"]
    assert [each["PolicyArn"] for each in operators] == [world.outputs["OperatorPolicyArn"]]
