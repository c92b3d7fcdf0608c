"""The whole way of a reader in a browser, in German: sign up, confirm, get a mail, leave by it, undo, read it again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from fanfare_client import folders, starters
from playwright.sync_api import Browser, Page

from local.api import until

from .browsing import PHONE, needs_chromium
from .conftest import World
from .mail import link_in

pytestmark = needs_chromium
FOOT = re.compile(r'<tr><td class="soft".*</table>', re.DOTALL)  # of the starters' layout


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": PHONE["width"], "height": PHONE["height"]}, locale="de-AT")
    page = context.new_page()
    page.set_default_timeout(30_000)  # the first call wakes the function
    yield page
    assert context.cookies() == []
    context.close()


def newest_mail(world: World, address: str, subject: str) -> dict[str, Any]:
    def found() -> list[dict[str, Any]]:
        return [each for each in world.console.outbox(channel="email", to=address) if each["subject"] == subject]

    mails = until(f"{subject} arrives", found, seconds=15)
    return dict(mails[-1])


def press(page: Page, name: str, heading: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    arrived(page, heading)


def arrived(page: Page, heading: str, *, examined: bool = False) -> None:
    """At a page with this heading. `examined`: axe finds nothing in it."""
    assert page.get_by_role("heading", level=1).inner_text() == heading
    assert not examined or Axe().run(page).response["violations"] == []


def test_a_german_reader_subscribes_gets_a_mail_leaves_by_it_and_undoes_that(world: World, page: Page) -> None:
    templates = folders.templates_in(starters.FOLDER)
    for name in ("layout", "weekly-summary"):
        world.api.expect(201, "PUT", f"/v1/templates/{name}", folders.read(templates[name]))
    topic = world.topic(public=True, title="Weekly figures", titles={"de": "Zahlen der Woche"})
    address = "leserin@example.com"

    page.goto(world.described["public_url"] + "/")
    arrived(page, "Was Fanfare verschickt")
    # topics of other tests have the same title, so their sections have the same name
    unlike = {"rules": {"landmark-unique": {"enabled": False}}}
    assert Axe().run(page, options=unlike).response["violations"] == []
    form = page.get_by_role("region", name="Zahlen der Woche")
    form.get_by_label("E-Mail-Adresse").fill(address)
    form.get_by_role("button", name="Abonnieren").click()
    arrived(page, "Sehen Sie in Ihr Postfach")
    page.goto(link_in(newest_mail(world, address, "Bitte bestätigen: Zahlen der Woche"), "confirmations"))
    press(page, "Abonnieren", "Sie sind angemeldet")

    data = folders.read(templates["weekly-summary"])["example"]
    message_id = world.send(topic, template={"id": "weekly-summary"}, data=data)
    assert world.rest(message_id)["counts"]["sent"] == 1
    mail = newest_mail(world, address, "Ihre Woche: 1.284 Bestellungen")
    page.goto("about:blank")  # without the policy of the page before
    page.set_content(mail["html"])
    assert page.locator("div[lang]").get_attribute("lang") == "de"
    page.get_by_role("link", name="Im Browser ansehen").wait_for()
    page.get_by_role("link", name="Abbestellen").click()
    page.wait_for_url("**/v1/unsubscribe/**")
    arrived(page, "„Zahlen der Woche“ abbestellen?", examined=True)
    press(page, "Abbestellen", "Sie sind abgemeldet")
    press(page, "Rückgängig machen", "Sie sind wieder angemeldet")
    page.get_by_role("link", name="English").click()
    page.wait_for_url("**?lang=en")
    arrived(page, "Unsubscribe from “Weekly figures”?")

    viewed = page.goto(link_in(mail, "views"))
    assert viewed is not None
    assert FOOT.sub("", viewed.text()) == FOOT.sub("", mail["html"])
    assert page.get_by_role("link", name="Im Browser ansehen").is_visible()
    assert page.get_by_text("Abbestellen").count() == 0
