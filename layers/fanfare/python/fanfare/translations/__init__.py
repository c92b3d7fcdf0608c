"""Texts of pages and of Fanfare's own mails in the reader's language, from gettext catalogues.

The `.po` files are edited; `python -m tools.catalogues` extracts the texts and compiles the `.mo` files, of which a
function loads the one that it needs.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fanfare.data_classes import dataclass
from fanfare.languages import direction, nearest, tag

if TYPE_CHECKING:
    import gettext

CATALOGUES: Final = Path(__file__).parent / "catalogues"
SOURCE: Final = "en"  # the language of the texts in the code
# Language → its own name
LANGUAGES: Final[Mapping[str, str]] = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "it": "Italiano",
    "pt": "Português",
    "nl": "Nederlands",
    "pl": "Polski",
    "ja": "日本語",
    "zh-Hans": "简体中文",
    "ar": "العربية",
    "tr": "Türkçe",
}
_KNOWN: Final = {each.casefold(): each for each in LANGUAGES}
ASKED_LIMIT: Final = 20  # languages of an Accept-Language that are looked at


def N_(text: str) -> str:
    """The text itself, marked for extraction."""
    return text


FOOTER_WHY: Final = N_("You get this mail because you are subscribed to “{topic}” from {brand}.")
FOOTER_UNSUBSCRIBE: Final = N_("Unsubscribe")


@dataclass(frozen=True, kw_only=True)
class FooterWords:
    """The texts of a mail's footer. `why`: why the reader gets the mail; `unsubscribe`: that of the link."""

    language: str
    direction: str  # `ltr` or `rtl`
    why: str
    unsubscribe: str


def footer_words(*wanted: str | None, topic: str, brand: str) -> FooterWords:
    """The footer in the first of the `wanted` languages that fits, else in English."""
    language = language_of(*wanted)
    return FooterWords(
        language=language,
        direction=direction(language),
        why=translated(FOOTER_WHY, language).format(topic=topic, brand=brand),
        unsubscribe=translated(FOOTER_UNSUBSCRIBE, language),
    )


def translated(text: str, language: str) -> str:
    """A text of the code in one of the `LANGUAGES`; the text itself if it has no translation."""
    return text if language == SOURCE else _catalogue(language).gettext(text)


def language_of(*wanted: str | None) -> str:
    """The one of the `LANGUAGES` that fits the first of the wanted ones that any fits; English if none does."""
    for each in wanted:
        if (found := _literally(each) or nearest(LANGUAGES, each)) is not None:
            return found
    return SOURCE


def accepted(header: str | None) -> list[str]:
    """The languages of an `Accept-Language` header, the most wanted first (RFC 9110, 12.5.4)."""
    weighed = [_weighed(part) for part in (header or "").split(",")[:ASKED_LIMIT]]
    wanted = [(weight, name) for weight, name in weighed if weight > 0 and name not in ("", "*")]
    return [name for _, name in sorted(wanted, key=lambda each: -each[0])]


def _literally(wanted: str | None) -> str | None:
    """The language if the tag begins with it, e.g. `de` for `de-AT`: without CLDR, which takes time to load."""
    written = tag(wanted).casefold()
    return _KNOWN.get(written) or _KNOWN.get(written.partition("-")[0])


def _weighed(part: str) -> tuple[float, str]:
    name, *parameters = (each.strip() for each in part.split(";"))
    weights = [each[2:] for each in parameters if each.lower().startswith("q=")]
    try:
        return float(weights[0]) if weights else 1.0, name
    except ValueError:
        return 0.0, name


@functools.cache
def _catalogue(language: str) -> gettext.NullTranslations:
    import gettext  # noqa: PLC0415 - English needs none

    with (CATALOGUES / f"{language}.mo").open("rb") as file:
        return gettext.GNUTranslations(file)
