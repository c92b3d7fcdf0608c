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
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from fanfare.self_service.pages import texts

FOLDER: Final = Path(__file__).parent
MEDIA_TYPE: Final = "text/html; charset=utf-8"


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


class Mail:
    """A mail that asks for a confirmation. `words`: why, what to do, the button, and what to do if it was not you."""

    def __init__(self, subject: str, words: Sequence[str], link: str, **about: str) -> None:
        self.subject = subject
        self.lines = [line.format(**about) for line in words]
        self.link = link


def ask_to_unsubscribe(*, topic: str, channel: str, subscribed: bool, preferences: str, brand: str) -> str:
    """Asks whether to unsubscribe, or says that the user is not subscribed."""
    by = texts.BY_CHANNEL.get(channel, channel)
    if not subscribed:
        title = texts.UNSUBSCRIBE_GONE.format(topic=topic, by=by)
        return _notice(title, texts.UNSUBSCRIBE_GONE_LEAD, preferences=preferences, brand=brand)
    return _notice(
        texts.UNSUBSCRIBE.format(topic=topic),
        texts.UNSUBSCRIBE_LEAD.format(topic=topic, by=by),
        button=texts.UNSUBSCRIBE_BUTTON,
        preferences=preferences,
        brand=brand,
    )


def unsubscribed(*, topic: str, channel: str, preferences: str, brand: str) -> str:
    """Says that the user is unsubscribed."""
    lead = texts.UNSUBSCRIBED_LEAD.format(topic=topic, by=texts.BY_CHANNEL.get(channel, channel))
    return _notice(texts.UNSUBSCRIBED, lead, preferences=preferences, brand=brand)


def confirm_subscription(*, topic: str, required: bool, brand: str) -> str:
    """Asks to confirm a subscription."""
    return _notice(
        texts.SUBSCRIBE.format(topic=topic),
        texts.SUBSCRIBE_LEAD.format(topic=topic),
        _way_out(required),
        button=texts.SUBSCRIBE_BUTTON,
        brand=brand,
    )


def subscribed(*, topic: str, required: bool, opted_out: bool, preferences: str, brand: str) -> str:
    """Says that the user is subscribed."""
    lead = (texts.OPTED_OUT_NOTE if opted_out else texts.SUBSCRIBED_LEAD).format(topic=topic)
    further = () if opted_out else (_way_out(required),)
    return _notice(texts.SUBSCRIBED, lead, *further, preferences=preferences, brand=brand)


def _way_out(required: bool) -> str:
    """How to unsubscribe: by the button of the mail client, which uses a header; not possible for required topics."""
    return texts.UNSUBSCRIBE_NEVER if required else texts.UNSUBSCRIBE_ANYTIME


def confirm_address(*, brand: str) -> str:
    """Asks to confirm an address."""
    return _notice(texts.ADDRESS, texts.ADDRESS_LEAD, button=texts.ADDRESS_BUTTON, brand=brand)


def address_confirmed(*, preferences: str, brand: str) -> str:
    """Says that the address is in use."""
    return _notice(texts.ADDRESS_DONE, texts.ADDRESS_DONE_LEAD, preferences=preferences, brand=brand)


def preferences(choices: Sequence[Choice], *, opted_out: bool, saved: bool, brand: str) -> str:
    """The preference page."""
    ordered = sorted(choices, key=lambda choice: (choice.category.lower(), choice.title.lower(), choice.topic))
    categories = [(name, list(found)) for name, found in groupby(ordered, key=lambda choice: choice.category.lower())]
    return rendered(
        "preferences.html",
        title=texts.PREFERENCES,
        categories=categories,
        opted_out=opted_out,
        saved=saved,
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


def _notice(title: str, *paragraphs: str, button: str | None = None, preferences: str | None = None, brand: str) -> str:
    return rendered(
        "notice.html", title=title, paragraphs=paragraphs, button=button, preferences=preferences, brand=brand
    )


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
