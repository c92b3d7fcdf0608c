"""Which language on offer is nearest to a reader's: CLDR's likely subtags and distances, by langcodes.

https://www.unicode.org/reports/tr35/tr35-info.html#LanguageMatching. The library is imported when a language is looked
for that is not on offer literally.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Final

# CLDR's distance between regions is at most 5, and 50 between scripts; only that between the two of Chinese is 20,
# which langcodes does not have. From 20 on, other languages are those that readers of the first are only expected to
# know, e.g. Russian to readers of Ukrainian: they get the default language instead.
OWN_LANGUAGE: Final = 25
OTHER_LANGUAGE: Final = 19
NORWEGIAN: Final = {"nb", "nn", "no"}  # written forms of one language, which everybody there reads
RIGHT_TO_LEFT: Final = frozenset({"Adlm", "Arab", "Aran", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"})


def tag(written: str | None) -> str:
    """The language tag as BCP 47 writes it: devices also send `en_US`, and `de_AT.UTF-8`."""
    return (written or "").split(".", 1)[0].split("@", 1)[0].strip().replace("_", "-")


def nearest(offered: Iterable[str], wanted: str | None) -> str | None:
    """The language on offer to use; None if none fits."""
    return next(iter(in_order(tuple(offered), wanted)), None)


@functools.lru_cache(maxsize=4096)
def in_order(offered: tuple[str, ...], wanted: str | None) -> tuple[str, ...]:
    """The languages on offer that fit, the nearest first. Tags are case-insensitive (RFC 5646, 2.1.1)."""
    wanted = tag(wanted)
    if not wanted or not offered:
        return ()
    above = _above(wanted.casefold())
    found = []
    for place, each in enumerate(offered):
        own = tag(each).casefold()
        rank = above.index(own) if own in above else len(above)
        distance = 0 if rank == 0 else _distance(wanted, tag(each))
        if distance is not None:
            found.append((distance, rank, place, each))
    return tuple(each for *_, each in sorted(found))


def text_in(texts: Mapping[str, str], wanted: Iterable[str | None], default: str) -> str:
    """One of the texts by language: the nearest to the first of the wanted ones that any is near to, or the default."""
    found = next((found for each in wanted if (found := nearest(texts, each))), None) if texts else None
    return default if found is None else texts[found]


@functools.lru_cache(maxsize=256)
def direction(written: str) -> str:
    """`rtl` or `ltr`, the direction in which a language is written."""
    from langcodes import Language  # noqa: PLC0415 - see above
    from langcodes.tag_parser import LanguageTagError  # noqa: PLC0415

    try:
        script = Language.get(tag(written)).maximize().script
    except LanguageTagError:
        script = None
    return "rtl" if script in RIGHT_TO_LEFT else "ltr"


def _above(wanted: str) -> list[str]:
    """The tag, and what it is without its last parts: these come first among those that are equally near."""
    parts = wanted.split("-")
    return ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]


def _distance(wanted: str, offered: str) -> int | None:
    """How far off a language is; None if it does not replace the other."""
    from langcodes import Language, tag_distance  # noqa: PLC0415 - see above
    from langcodes.tag_parser import LanguageTagError  # noqa: PLC0415

    try:
        one, other = (Language.get(each).prefer_macrolanguage().maximize() for each in (wanted, offered))
        if one.language == other.language == "zh" and {one.script, other.script} == {"Hans", "Hant"}:
            return OWN_LANGUAGE
        same = one.language == other.language or {one.language, other.language} <= NORWEGIAN
        distance = int(tag_distance(wanted, offered))
    except LanguageTagError:  # not a language: only itself and what it begins with
        return 1 if offered.casefold() in _above(wanted.casefold()) else None
    return distance if distance <= (OWN_LANGUAGE if same else OTHER_LANGUAGE) else None
