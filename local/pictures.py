"""`python -m local.pictures`: takes the pictures of the README from a stack of its own, in docs/img.

They show what the stack shows: the message page of the console, a mail, the page of preferences. Needs a Chromium
(FANFARE_CHROMIUM names one that is nowhere usual).
"""

from __future__ import annotations

import base64
import os
import shutil
import sys
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright

from local.api import Api, Console
from local.demo import checks, job
from local.demo.audience import Person, people
from local.run import guarded, parser, stack_from
from local.stack import Stack
from tools.paths import ROOT
from tools.processes import StepFailed
from tools.progress import console, step

FOLDER: Final = ROOT / "docs" / "img"
MOST_BYTES: Final = 150_000
CHROMIUM: Final = os.environ.get("FANFARE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
DESK: Final = {"width": 1280, "height": 860}
PHONE: Final = {"width": 440, "height": 860}
BOUNCED, COMPLAINED = 24, 6  # of the thousand, at addresses of SES's simulator
READER: Final = {"name": "Ada", "email": "ada@example.com", "locale": "en"}
BRAND: Final = {"name": "Linden & Ludwig", "colour": "#1f5f4a", "address": "Am Lindenhof 3, 8001 Zürich"}
TOPICS: Final = {
    "news.arrivals": ("New arrivals", "Once a month, what came in.", "news"),
    "orders.arriving": ("Delivery days", "A note on the day on which a parcel arrives.", "orders"),
}


def main() -> int:
    options = parser(__doc__ or "").parse_args()

    def work() -> int:
        with stack_from(options) as stack, sync_playwright() as playwright:
            message_id = _sent(stack)
            browser = playwright.chromium.launch(executable_path=CHROMIUM)
            with step("Taking the pictures"):
                _take(stack, browser, message_id)
            browser.close()
        return 0

    return guarded(work)


def audience() -> list[Person]:
    """The demo's, with a reader to look at, and some whose mails come back or who complain."""
    everyone = people()
    odd = [f"bounce+{n}" for n in range(BOUNCED)] + [f"complaint+{n}" for n in range(COMPLAINED)]
    reachable = [person for person in everyone if person.kind.value == "reachable"]
    reachable[0].profile.update(READER)
    for person, name in zip(reachable[1:], odd, strict=False):
        person.profile["email"] = f"{name}@simulator.amazonses.com"
    return everyone


def _sent(stack: Stack) -> str:
    """One message to everybody, with all its receipts. Returns its id."""
    api = Api(stack.described["internal_url"], stack.described["service"])
    everyone = audience()
    with step("Storing a brand, topics, a template, users and subscriptions"):
        api.expect(200, "PUT", "/v1/brand", BRAND)
        job.put_topic(api, public=True)
        for topic, (title, description, category) in TOPICS.items():
            said = {"title": title, "description": description, "category": category}
            job.put_topic(api, topic, **said, channels=["email", "inbox"], public=True)
        job.put_template(api)
        job.store_users(api, everyone, _silently)
        subscribers = checks.subscribed(everyone)
        job.subscribe(api, subscribers, _silently)
        reader = [person for person in subscribers if person.profile.get("email") == READER["email"]]
        job.subscribe(api, reader, _silently, "news.arrivals", ("email", "inbox"))
    with stack.ticker.paused(), step("Sending the message and waiting for its receipts") as waiting:
        message_id = job.submit(api)
        job.wait_for_rest(api, message_id, seconds=120, note=waiting.note)
        job.wait_for_receipts(stack, seconds=120, note=waiting.note)
    return message_id


def _take(stack: Stack, browser: Browser, message_id: str) -> None:
    seen = Console(stack.described["console_url"])
    (mail,) = seen.outbox(message_id=message_id, to=READER["email"])
    _picture(browser, "console", f"{seen.url}/messages/{message_id}", DESK)
    _picture(browser, "mail", mail["html"], PHONE)
    _picture(browser, "preferences", _preferences(stack, mail["user_id"]), PHONE)


def _preferences(stack: Stack, user_id: str) -> str:
    """The link to the reader's preferences: a mail that prints nothing else."""
    api = Api(stack.described["internal_url"], stack.described["service"])
    content = {"subject": "Link", "text": "{{ links.preferences }}"}
    body = {"topic": job.TOPIC, "recipients": [user_id], "content": content}
    message_id = api.expect(202, "POST", "/v1/messages", body)["id"]
    job.wait_for_rest(api, message_id, seconds=60, note=_silently)
    (mail,) = Console(stack.described["console_url"]).outbox(message_id=message_id)
    return str(mail["text"].split()[0])


def _picture(browser: Browser, name: str, shown: str, size: Any) -> None:
    """What a URL or a mail looks like, as a small WebP."""
    context = browser.new_context(viewport=size, color_scheme="light", reduced_motion="reduce")
    page = context.new_page()
    if shown.startswith("http"):
        page.goto(shown, wait_until="load")
    else:
        page.set_content(shown, wait_until="load")
    file = FOLDER / f"{name}.webp"
    file.write_bytes(_webp(page))
    context.close()
    written = file.stat().st_size
    console.print(f"    {file.relative_to(ROOT)}: {written:,} bytes")
    if written > MOST_BYTES:
        raise StepFailed(f"{file.name} has {written:,} bytes; the limit is {MOST_BYTES:,}. Take less of the page.")


def _webp(page: Page) -> bytes:
    """Playwright itself writes only PNG and JPEG, which are larger."""
    answer = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": 82})
    return base64.b64decode(answer["data"])


def _silently(_: str) -> None:
    pass


if __name__ == "__main__":
    sys.exit(main())
