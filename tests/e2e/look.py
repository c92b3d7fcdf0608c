"""`python -m tests.e2e.look`: pictures of all pages and mails of readers, in `.local/screenshots/look`.

Starts a stack of its own. Each page in English, German and Arabic, on a phone and at a desk, in light and dark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from fanfare_client import folders, starters
from playwright.sync_api import Browser, Page, sync_playwright

from local.api import until
from local.stack import Stack
from tools.progress import console

from .browsing import CHROMIUM, DESK, PICTURES
from .conftest import PACE, World
from .mail import link_in

FOLDER: Final = PICTURES / "look"
LANGUAGES: Final = ("en", "de", "ar")
NARROW: Final = {"width": 375, "height": 812}
WINDOWS: Final[dict[str, Any]] = {
    "phone": {"viewport": NARROW, "color_scheme": "light"},
    "desk": {"viewport": DESK, "color_scheme": "dark"},
}
BRAND: Final = {
    "name": "Linden & Ludwig",
    "url": "https://www.example.com",
    "colour": "#1f5f4a",
    "address": "Linden & Ludwig GmbH\nLindengasse 7\n1070 Vienna",
    "links": [{"titles": {"en": "Privacy", "de": "Datenschutz", "ar": "الخصوصية"}, "url": "https://www.example.com/p"}],
}
# A mail is shown within a page of the reader's program, which has the landmarks
OF_MAILS: Final = {"runOnly": ["color-contrast", "html-has-lang", "image-alt", "link-name"]}
TITLES: Final = {"de": "Zahlen der Woche", "ar": "أرقام الأسبوع"}


@dataclass
class Album:
    """Takes pictures of one window in one language."""

    page: Page
    name: str
    count: int = 0

    def take(self, what: str, rules: Mapping[str, Any] | None = None, *, scripts: bool = True) -> None:
        """A picture, and what axe finds. Without `scripts` nothing can be asked of the page."""
        self.count += 1
        self.page.screenshot(path=FOLDER / f"{self.name}-{self.count:02}-{what}.png", full_page=True)
        if not scripts:
            return
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            console.print(f"{self.name} {what}: {wide} pixels too wide")
        for each in Axe().run(self.page, options=rules).response["violations"]:
            console.print(f"{self.name} {what}: {each['id']}: {[node['html'] for node in each['nodes']]}")

    def open(self, url: str, what: str) -> None:
        self.page.goto(url)
        self.take(what)

    def press(self, number: int, what: str) -> None:
        self.page.locator("main form button").nth(number).click()
        self.take(what)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with Stack(reconcile_seconds=PACE) as stack, sync_playwright() as playwright:
        world = World(stack.described, stack.outputs, stack.ticker.paused, stack)
        world.api.expect(200, "PUT", "/v1/brand", BRAND)
        for name, folder in folders.templates_in(starters.FOLDER).items():
            world.api.expect(201, "PUT", f"/v1/templates/{name}", folders.read(folder))
        world.topic(channels=["sms", "push"], public=True, title="Calls", category="API", description="By telephone.")
        topic = world.topic(public=True, title="Weekly figures", titles=TITLES, category="reports")
        world.topic(public=True, title="News of the house", description="Once a month, seldom twice.")
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        for language in LANGUAGES:
            for window in WINDOWS:
                with album(browser, language, window) as taken:
                    _walk(world, taken, topic, f"{language}.{window}@example.com", language)
        console.print(f"The pictures are in {FOLDER}.")


@contextmanager
def album(browser: Browser, language: str, window: str) -> Iterator[Album]:
    context = browser.new_context(**WINDOWS[window], locale=language, java_script_enabled=True)
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield Album(page, f"{language}-{window}")
    context.close()


def _walk(world: World, album: Album, topic: str, address: str, language: str) -> None:
    url = world.described["public_url"]
    album.open(f"{url}/?lang={language}", "directory")
    form = album.page.locator(f"form:has(input[value='{topic}'])")
    form.locator("input[type=email]").fill(address)
    form.locator("button").click()
    album.take("signed-up")
    confirm = _mail(world, address, "confirmations")
    _show(album, confirm, "mail-confirm")
    album.open(link_in(confirm, "confirmations"), "confirm")
    album.press(0, "confirmed")
    message = world.send(topic, template={"id": "weekly-summary"}, data=_example())
    world.rest(message)
    mail = _mail(world, address, "views")
    _show(album, mail, "mail")
    album.page.goto(link_in(mail, "views"))
    album.take("view", scripts=False)  # a sandbox
    leave = link_in(mail, "unsubscribe")
    album.open(leave, "leave")
    album.press(0, "left")
    album.press(0, "undone")
    album.open(link_in(mail, "preferences"), "preferences")
    album.page.locator("input[name=yes]:not(:checked)").first.check()
    album.press(0, "preferences-asked")
    album.open(f"{link_in(mail, 'preferences')}?show=consents", "consents")
    album.open(leave, "leave-again")
    album.press(2, "link-mailed")
    album.open(f"{url}/v1/unsubscribe/broken?lang={language}", "broken")
    album.open(link_in(confirm, "unsubscribe"), "stop")
    album.open(leave, "leave-everything")
    album.press(1, "everything-left")


def _example() -> Any:
    return folders.read(Path(starters.FOLDER, "weekly-summary")).get("example")


def _mail(world: World, address: str, purpose: str) -> dict[str, Any]:
    def found() -> list[dict[str, Any]]:
        mails = world.console.outbox(channel="email", to=address)
        return [each for each in mails if f"/v1/{purpose}/" in (each["text"] or "")]

    return dict(until(f"a mail with {purpose} arrives", found, seconds=20)[-1])


def _show(album: Album, mail: dict[str, Any], what: str) -> None:
    album.page.goto("about:blank")  # without the policy of the page before
    album.page.set_content(mail["html"])
    album.take(what, OF_MAILS)


if __name__ == "__main__":
    main()
