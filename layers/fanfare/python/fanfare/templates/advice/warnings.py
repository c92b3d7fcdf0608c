"""What is likely to be wrong with content that can be sent: warnings, never refusals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from fanfare.errors import Fault
from fanfare.json_pointer import escaped
from fanfare.templates.advice.hints import left_over
from fanfare.templates.includes import Sources

# Gmail shows about this much of a mail, and the rest behind a link
VIEW_LIMIT: Final = 102_400  # bytes
FEW_LETTERS: Final = 20  # of a text with images
NO_REPLY: Final = re.compile(r"(?:^|<|\s)(?:no|not|do-?not)[._-]?(?:reply|answer)", re.IGNORECASE)
# "answer this mail" in the languages of the pages of this service
ANSWER: Final = re.compile(
    r"(?:answer|reply (?:to|directly)|respond to|just reply|hit reply)\b.{0,20}(?:mail|message|us\b)?"
    r"|antworte[nt]? (?:sie |du |einfach )*(?:auf|uns)|r[ée]pond(?:ez|re) (?:simplement )?[àa] ce"
    r"|respond[ae] a este|rispond[ai] a questa|respond[ae] a est[ae]|beantwoord deze|odpowiedz na t",
    re.IGNORECASE,
)
NO_WORDS: Final = re.compile(r"https?:\S+|\[[^\]]*\]")
IMAGE: Final = re.compile(r"<img\b", re.IGNORECASE)


def of_part(part: str, sources: Sources) -> Iterator[Fault]:
    """A part that seems to be written in another template language."""
    yield from _of_source(f"/{part}", sources.part)


def of_partials(partials: Mapping[str, str]) -> Iterator[Fault]:
    for name, source in partials.items():
        yield from _of_source(f"/partials/{escaped(name)}", source)


def _of_source(pointer: str, source: str) -> Iterator[Fault]:
    if found := left_over(source):
        yield Fault(
            pointer,
            "foreign_template_language",
            f"{found[1]!r} looks like {found[0]}; templates are Jinja here.",
        )


def of_html(html: str, text: str | None, *, derived: bool, own: bool) -> Iterator[Fault]:
    """`derived`: the text is derived from the HTML; `own`: the HTML names the reader."""
    size = len(html.encode())
    if size > VIEW_LIMIT:
        yield Fault(
            "/html",
            "mail_clipped",
            f"HTML is {size:,} bytes; some providers show {VIEW_LIMIT:,} and cut the rest off.",
        )
    if derived and own:
        yield Fault(
            "/html", "text_derived_per_reader", "Text is derived for each reader. Write a text part to save time."
        )
    if derived and not text:
        yield Fault("/html", "text_empty", "No text can be derived from the HTML. Write a text part.")
    if IMAGE.search(html) and sum(map(str.isalpha, NO_WORDS.sub("", text or ""))) < FEW_LETTERS:
        yield Fault("/html", "image_only", "Mail is images only. Write alternative texts, or more text.")


def of_sender(words: str, part: str, sender: str) -> Iterator[Fault]:
    """A mail that asks for an answer, from an address that takes none."""
    if NO_REPLY.search(sender) and ANSWER.search(words):
        yield Fault(f"/{part}", "no_reply_sender", f"Mail asks for an answer, but its sender is {sender}.")
