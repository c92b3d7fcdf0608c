"""Pages that people open from a mail, and mails that ask for a confirmation. They work without JavaScript.

Pages are self-contained: the policy `default-src 'none'` blocks all other sources, and the style is allowed by its
hash.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from fanfare.self_service.pages import texts

FOLDER: Final = Path(__file__).parent
MEDIA_TYPE: Final = "text/html; charset=utf-8"
# What a form says it does
EVERYTHING: Final = "everything"
PREFERENCES: Final = "preferences"
NOT_ME: Final = "not_me"
ALLOW: Final = "allow"


@dataclass(frozen=True, kw_only=True)
class Way:
    """A topic on one channel, for the preference page."""

    channel: str
    subscribed: bool
    reachable: bool


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A topic, for the preference page."""

    topic: str
    title: str
    description: str
    category: str
    required: bool
    ways: tuple[Way, ...]


@dataclass(frozen=True)
class Button:
    """A button of a form. `what`: what the form says it does; "" for the plain act of the page."""

    label: str
    what: str = ""


NOT_ME_BUTTON: Final = Button(texts.NOT_ME_BUTTON, NOT_ME)


class Mail:
    """A mail of Fanfare's own. `words`: why, what to do, the button, and what to do if it was not you. `stop`: the link
    that stops such mails."""

    def __init__(self, subject: str, words: Sequence[str], link: str, *, stop: str, **about: str) -> None:
        self.subject = subject
        self.lines = [line.format(**about) for line in words]
        self.link = link
        self.stop = stop


def moment(at: datetime) -> str:
    """A time, without a zone of the reader's to write it in."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def ask_to_unsubscribe(*, topic: str, channel: str, subscribed: bool, current: bool, brand: str) -> str:
    """Asks whether to unsubscribe from the topic or from everything. `current`: the preferences can be mailed."""
    by = texts.BY_CHANNEL.get(channel, channel)
    everything = Button(texts.EVERYTHING_BUTTON, EVERYTHING)
    if not subscribed:
        title, lead = texts.UNSUBSCRIBE_GONE.format(topic=topic, by=by), texts.UNSUBSCRIBE_GONE_LEAD
        return _notice(title, lead, buttons=[everything], asks=True, mails=current, brand=brand)
    return _notice(
        texts.UNSUBSCRIBE.format(topic=topic),
        texts.UNSUBSCRIBE_LEAD.format(topic=topic, by=by),
        buttons=[Button(texts.UNSUBSCRIBE_BUTTON, "topic"), everything],
        asks=True,
        mails=current,
        brand=brand,
    )


def unsubscribed(*, topic: str, channel: str, current: bool, brand: str) -> str:
    """Says that the user is unsubscribed from the topic."""
    lead = texts.UNSUBSCRIBED_LEAD.format(topic=topic, by=texts.BY_CHANNEL.get(channel, channel))
    buttons = [Button(texts.EVERYTHING_BUTTON, EVERYTHING)]
    return _notice(texts.UNSUBSCRIBED, lead, buttons=buttons, mails=current, brand=brand)


def everything_stopped(*, current: bool, brand: str) -> str:
    """Says that the user gets nothing any more."""
    return _notice(texts.EVERYTHING, texts.EVERYTHING_LEAD, mails=current, brand=brand)


def preferences_mailed(*, brand: str) -> str:
    """Says that the link to the preferences is on its way; also if it is not, because that is not to be known."""
    return _notice(texts.MAILED, texts.MAILED_LEAD, brand=brand)


def ask_to_refuse(*, brand: str) -> str:
    """Asks whether to stop Fanfare's own mails to an address."""
    return _notice(
        texts.REFUSE, texts.REFUSE_LEAD, buttons=[Button(texts.REFUSE_BUTTON, "never")], asks=True, brand=brand
    )


def refused(*, brand: str) -> str:
    """Says that these mails have stopped."""
    return _notice(texts.REFUSED, texts.REFUSED_LEAD, buttons=[Button(texts.ALLOW_BUTTON, ALLOW)], brand=brand)


def allowed(*, brand: str) -> str:
    """Says that these mails may come again."""
    return _notice(texts.ALLOWED, texts.ALLOWED_LEAD, brand=brand)


def confirm_subscription(*, topic: str, required: bool, asked_at: datetime, brand: str) -> str:
    """Asks to confirm a subscription."""
    return _notice(
        texts.SUBSCRIBE.format(topic=topic),
        texts.SUBSCRIBE_LEAD.format(topic=topic, asked_at=moment(asked_at)),
        _way_out(required),
        buttons=[Button(texts.SUBSCRIBE_BUTTON), NOT_ME_BUTTON],
        asks=True,
        brand=brand,
    )


def subscribed(*, topic: str, required: bool, opted_out: bool, preferences: str | None, brand: str) -> str:
    """Says that the user is subscribed."""
    lead = (texts.OPTED_OUT_NOTE if opted_out else texts.SUBSCRIBED_LEAD).format(topic=topic)
    further = () if opted_out else (_way_out(required),)
    return _notice(texts.SUBSCRIBED, lead, *further, preferences=preferences, brand=brand)


def _way_out(required: bool) -> str:
    """How to unsubscribe: by the button of the mail client, which uses a header; not possible for required topics."""
    return texts.UNSUBSCRIBE_NEVER if required else texts.UNSUBSCRIBE_ANYTIME


def confirm_address(*, account: str, asked_at: datetime, brand: str) -> str:
    """Asks to confirm an address. `account`: its masked id."""
    lead = texts.ADDRESS_LEAD.format(account=account, asked_at=moment(asked_at))
    return _notice(texts.ADDRESS, lead, buttons=[Button(texts.ADDRESS_BUTTON), NOT_ME_BUTTON], asks=True, brand=brand)


def address_confirmed(*, preferences: str | None, brand: str) -> str:
    """Says that the address is in use."""
    return _notice(texts.ADDRESS_DONE, texts.ADDRESS_DONE_LEAD, preferences=preferences, brand=brand)


def confirm_choices(give: Sequence[tuple[str, str]], *, opt_in: bool, asked_at: datetime, brand: str) -> str:
    """Asks to confirm what a preference page gave. `give`: (title of a topic, channel)."""
    items = [texts.CHOICE.format(topic=title, by=texts.BY_CHANNEL.get(channel, channel)) for title, channel in give]
    return _notice(
        texts.CHOICES,
        texts.CHOICES_LEAD.format(asked_at=moment(asked_at)),
        items=[*items, *([texts.CHOICE_OPT_IN] if opt_in else [])],
        buttons=[Button(texts.CHOICES_BUTTON), NOT_ME_BUTTON],
        asks=True,
        brand=brand,
    )


def choices_confirmed(*, preferences: str | None, brand: str) -> str:
    """Says that the choices hold."""
    return _notice(texts.CHOICES_DONE, texts.CHOICES_DONE_LEAD, preferences=preferences, brand=brand)


def not_me(*, brand: str) -> str:
    """Says that what somebody else asked is forgotten."""
    return _notice(texts.NOT_ME_DONE, texts.NOT_ME_DONE_LEAD, brand=brand)


def stop_everything(*, opted_out: bool, asking: str, brand: str) -> str:
    """The preference page of a link to an earlier address: it only takes away."""
    if opted_out:
        return everything_stopped(current=False, brand=brand)
    lead = texts.ASKING.get(asking, texts.OLD_ADDRESS_LEAD)
    return _notice(
        texts.OLD_ADDRESS,
        lead,
        buttons=[Button(texts.EVERYTHING_BUTTON, "yes")],
        field="nothing",
        asks=True,
        brand=brand,
    )


def preferences(choices: Sequence[Choice], *, opted_out: bool, saved: bool, asking: str = "", brand: str) -> str:
    """The preference page. `asking`: the result of the wish for more, if the form had one."""
    ordered = sorted(choices, key=lambda choice: (choice.category.lower(), choice.title.lower(), choice.topic))
    categories = [(name, list(found)) for name, found in groupby(ordered, key=lambda choice: choice.category.lower())]
    return rendered(
        "preferences.html",
        title=texts.PREFERENCES,
        categories=categories,
        opted_out=opted_out,
        saved=saved,
        asking=texts.ASKING.get(asking),
        brand=brand,
    )


def problem(code: str, *, brand: str) -> str:
    """An error page, for a person who opened a link."""
    title, lead = texts.PROBLEMS.get(code, texts.PROBLEM)
    return _notice(title, lead, brand=brand)


def mail_text(mail: Mail, *, brand: str) -> str:
    """The mail in plain text."""
    return rendered("mail.txt", mail=mail, brand=brand)


def mail_html(mail: Mail, *, brand: str) -> str:
    """The mail in HTML."""
    return rendered("mail.html", mail=mail, brand=brand)


@functools.cache
def headers() -> Mapping[str, str]:
    """Headers of every page."""
    style_hash = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    policy = {
        "default-src": "'none'",
        "style-src": f"'sha256-{style_hash}'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Frame-Options": "DENY",  # like frame-ancestors, for old browsers
        "Referrer-Policy": "no-referrer",  # the URL of the page contains its token
        "X-Robots-Tag": "noindex, nofollow",
    }


def _notice(title: str, *paragraphs: str, brand: str, **more: Any) -> str:
    """A page of few words. `more`: `items` of a list, `buttons` of a form with the `field` that they set, whether it
    `asks` first, whether the preferences can be `mails`ed, the link to `preferences`."""
    parts = {"items": (), "buttons": (), "field": "what", "asks": False, "mails": False, "preferences": None} | more
    return rendered("notice.html", title=title, paragraphs=paragraphs, brand=brand, **parts)


def rendered(name: str, **values: Any) -> str:
    """One of the templates of this folder."""
    return _environment().get_template(name).render(texts=texts, style=Markup(_style()), **values)  # noqa: S704 - ours


@functools.cache
def _style() -> str:
    return (FOLDER / "style.css").read_text(encoding="utf-8")


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = _code
    return environment


def _code(text: str) -> Markup:
    """`text` with parts in backticks as code elements."""
    return Markup("").join(  # every part is escaped by the format
        Markup("<code>{}</code>" if place % 2 else "{}").format(part)  # noqa: S704
        for place, part in enumerate(text.split("`"))
    )
