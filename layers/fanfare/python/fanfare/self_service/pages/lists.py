"""Pages with lists: what is offered, a reader's choices, and their consents."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from fanfare.clock import from_text
from fanfare.data_classes import dataclass
from fanfare.domain.audience import Consent
from fanfare.self_service.pages import texts
from fanfare.self_service.pages.look import Look
from fanfare.self_service.pages.rendering import rendered
from fanfare.self_service.preferences.ceilings import Ceilings


@dataclass(frozen=True, kw_only=True)
class Way:
    """A topic on one channel, for the preference page. `frequency`: how often it comes, if there is a choice."""

    channel: str
    subscribed: bool
    frequency: str | None = None


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A topic, for the preference page, in the reader's language."""

    topic: str
    title: str
    description: str
    category: str
    required: bool
    frequencies: tuple[str, ...] = ()
    ways: tuple[Way, ...]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A public topic, in the reader's language. `by_mail`: it can be subscribed to without an account."""

    topic: str
    title: str
    description: str
    by_mail: bool


@dataclass(frozen=True, kw_only=True)
class ConsentLine:
    """A consent as the page shows it. `at` is for programs, `when` for people."""

    at: str
    when: str
    what: str
    state: str
    by: str


def directory(look: Look, offers: Sequence[Offer]) -> str:
    """The sender, the public topics, and a form to sign up for each."""
    return rendered("directory.html", look, title=look.t(texts.DIRECTORY), offers=offers)


def preferences(
    look: Look,
    choices: Sequence[Choice],
    *,
    ceilings: Ceilings,
    whose: str | None,
    opted_out: bool,
    saved: bool,
    asking: str = "",
) -> str:
    """The preference page. `whose`: the masked address; `asking`: the result of the wish for more, if the form had
    one."""
    ordered = sorted(choices, key=lambda choice: (choice.category.lower(), choice.title.lower(), choice.topic))
    groups = [list(found) for _, found in groupby(ordered, key=lambda choice: choice.category.lower())]
    categories = [(_begins_large(group[0].category), group) for group in groups]
    told = texts.ASKING.get(asking)
    return rendered(
        "preferences.html",
        look,
        title=look.t(texts.PREFERENCES),
        categories=categories,
        ceilings=ceilings,
        whose=whose,
        opted_out=opted_out,
        saved=saved,
        asking=look.t(told) if told else None,
    )


def consents(look: Look, found: Sequence[tuple[Consent, str]], *, whose: str | None) -> str:
    """A reader's own consents, each with the title of its topic, newest first."""
    lines = [
        ConsentLine(
            at=consent.at,
            when=look.moment(from_text(consent.at)),
            what=look.t(texts.CHOICE, topic=title, by=look.by(consent.channel)),
            state=look.t(texts.CONSENT_STATES[consent.state]),
            by=look.t(texts.CONSENT_WAYS[consent.by]),
        )
        for consent, title in found
    ]
    more = "&show=consents"
    return rendered("consents.html", look, title=look.t(texts.CONSENTS), consents=lines, whose=whose, more=more)


def _begins_large(written: str) -> str:
    """`written` as a heading; its other letters stay, e.g. those of an abbreviation."""
    return written[:1].upper() + written[1:]
