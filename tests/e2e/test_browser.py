"""The way from opt-in to the last mail in a real browser: on a phone, at a desk, without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page

from .browsing import DESK, PHONE, PICTURES, needs_chromium
from .conftest import World
from .mail import choices_of, link_in, newest, opted_in, sent_to

pytestmark = needs_chromium


@dataclass
class Window:
    """A page without scripts, in a window of some size."""

    name: str
    page: Page

    def look(self, at: str) -> None:
        """Take a picture; nothing may reach beyond the sides of the window."""
        self.page.screenshot(path=PICTURES / f"{self.name}-{at}.png", full_page=True)
        content, window = self.page.locator("main").bounding_box(), self.page.viewport_size
        assert content is not None
        assert window is not None
        assert content["x"] >= 0
        assert content["x"] + content["width"] <= window["width"]

    def heading(self) -> str:
        return self.page.get_by_role("heading", level=1).inner_text()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()


@pytest.fixture(params=[("phone", PHONE, "light"), ("desk", DESK, "dark")], ids=["phone", "desk"])
def window(world: World, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Window]:
    """One that has asked nobody but the public API for anything, in the end, and keeps nothing."""
    name, size, scheme = request.param
    context = browser.new_context(viewport=size, color_scheme=scheme, java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(30_000)  # the first call wakes the function
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda each: asked.append(each.url))
    page.on("console", lambda each: complaints.append(each.text))
    yield Window(name, page)
    assert all(url.startswith(world.described["public_url"]) for url in asked), asked
    assert complaints == []  # of the page's own policy, above all
    assert context.cookies() == []
    context.close()


def test_opt_in_confirm_receive_unsubscribe_nothing_more(world: World, window: Window) -> None:
    address = f"browser.{window.name}@example.com"
    topic = world.topic(channels=["email"], public=True, title="News of the house")

    window.page.goto(link_in(opted_in(world, address, topic), "confirmations"))
    window.look("1-confirm")
    assert sent_to(world, address, topic) == []
    window.press("Subscribe")
    assert window.heading() == "You are subscribed"
    window.look("2-subscribed")

    (mail,) = sent_to(world, address, topic)
    window.page.goto(link_in(mail, "unsubscribe"))
    window.look("3-unsubscribe")
    window.page.reload()
    assert len(sent_to(world, address, topic)) == 1
    window.press("Unsubscribe")
    assert window.heading() == "You are unsubscribed"
    window.look("4-unsubscribed")
    assert sent_to(world, address, topic) == []
    window.press("Mail me the link")
    assert window.heading() == "Look into your mail"
    window.look("4-mailed")


def test_what_is_added_is_confirmed_and_everything_ends_with_one_press(world: World, window: Window) -> None:
    address = f"adds.{window.name}@example.com"
    topic = world.topic(channels=["email"], public=True, title=f"For the {window.name}")
    other = world.topic(channels=["email"], public=True, title=f"More for the {window.name}")
    window.page.goto(link_in(opted_in(world, address, topic), "confirmations"))
    window.press("Subscribe")
    (mail,) = sent_to(world, address, topic)
    window.page.goto(choices_of(world, address, link_in(mail, "unsubscribe")))
    window.page.get_by_role("group", name=f"More for the {window.name}").get_by_label("E-mail").check()
    window.press("Save my choices")
    window.page.get_by_text("a link there confirms what you added").wait_for()
    window.look("7-asked")
    assert sent_to(world, address, other) == []

    window.page.goto(newest(world, address, "confirmations"))
    assert window.heading() == "Add this?"
    window.look("8-add")
    window.press("Confirm")
    window.look("9-added")
    assert len(sent_to(world, address, other)) == 1
    window.page.goto(link_in(mail, "unsubscribe"))
    window.press("Unsubscribe from everything")
    assert window.heading() == "You are unsubscribed from everything"
    window.look("10-everything")
    assert sent_to(world, address, other) == []


def test_that_was_not_me(world: World, window: Window) -> None:
    address = f"stranger.{window.name}@example.com"
    topic = world.topic(channels=["email"], public=True, title="Not for me")
    mail = opted_in(world, address, topic)
    window.page.goto(link_in(mail, "confirmations"))
    window.press("That was not me")
    assert window.heading() == "Forgotten"
    window.look("11-forgotten")
    window.page.goto(link_in(mail, "unsubscribe"))
    window.look("12-was-it-not-you")
    window.press("Never send me such mails again")
    assert window.heading() == "No such mail is sent to you again"
    window.look("13-never")


def test_the_preference_page_by_keyboard(world: World, window: Window) -> None:
    address, title = f"keyboard.{window.name}@example.com", f"Chosen at the {window.name}"
    topic = world.topic(channels=["email"], public=True, title=title)
    window.page.goto(link_in(opted_in(world, address, topic), "confirmations"))
    window.press("Subscribe")
    window.page.get_by_role("link", name="See all of your choices").click()
    window.look("5-choices")

    choice = window.page.get_by_role("group", name=title).get_by_label("E-mail")
    assert choice.is_checked()
    choice.focus()
    window.page.keyboard.press("Space")
    window.page.get_by_role("button", name="Save").focus()
    window.page.keyboard.press("Enter")
    window.page.get_by_role("status").wait_for()
    window.look("6-saved")
    assert not choice.is_checked()
    assert sent_to(world, address, topic) == []
