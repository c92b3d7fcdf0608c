"""The language that is nearest to a reader's, among those on offer."""

from __future__ import annotations

import itertools

import pytest
from fanfare.languages import direction, in_order, nearest, tag
from langcodes import closest_match

# wanted, on offer, found. Sources: CLDR's likely subtags, aliases and parents,
# https://www.unicode.org/cldr/charts/48/supplemental/likely_subtags.html, and what phones and browsers send
NEAREST = [
    ("zh-TW", "zh zh-Hant", "zh-Hant"),
    ("zh-Hant-TW", "zh zh-Hant", "zh-Hant"),
    ("zh-HK", "zh-Hans zh-Hant", "zh-Hant"),
    ("zh-MO", "zh-Hant-TW zh-Hans", "zh-Hant-TW"),
    ("zh-SG", "zh-Hant zh-Hans", "zh-Hans"),
    ("zh-CN", "zh-Hant zh", "zh"),
    ("zh", "zh-Hant zh-Hans", "zh-Hans"),
    ("cmn-TW", "zh zh-Hant", "zh-Hant"),
    ("zh-TW", "zh en", "zh"),
    ("nb-NO", "no en", "no"),
    ("no", "nb en", "nb"),
    ("nn-NO", "no en", "no"),
    ("nn-NO", "nn nb", "nn"),
    ("iw", "he en", "he"),
    ("iw-IL", "en he", "he"),
    ("he", "iw", "iw"),
    ("in-ID", "id", "id"),
    ("ji", "yi", "yi"),
    ("tl-PH", "fil", "fil"),
    ("mo", "ro", "ro"),
    ("sh", "sr-Latn hr", "sr-Latn"),
    ("sr-Latn-RS", "sr sr-Latn", "sr-Latn"),
    ("sr-ME", "sr sr-Latn", "sr-Latn"),
    ("es-MX", "es es-419", "es-419"),
    ("es-AR", "es-ES es-419", "es-419"),
    ("es-AR", "es-ES es-MX", "es-MX"),
    ("es-ES", "es-419 es", "es"),
    ("es", "es-419 es-ES", "es-ES"),
    ("pt", "pt-PT pt-BR", "pt-BR"),
    ("pt-AO", "pt pt-PT", "pt-PT"),
    ("pt-MZ", "pt-BR pt-PT", "pt-PT"),
    ("en-AU", "en-US en-GB", "en-GB"),
    ("en-NZ", "en en-GB", "en-GB"),
    ("en-US", "en-GB en", "en"),
    ("en_US", "de en", "en"),
    ("en_US.UTF-8", "de en-US", "en-US"),
    ("de_AT@euro", "de", "de"),
    ("de-AT", "de-CH de", "de"),
    ("de-AT", "de-CH en", "de-CH"),
    ("de-CH", "de de-CH", "de-CH"),
    ("DE-ch", "de de-CH", "de-CH"),
    ("de-DE-1996", "de-1901 de", "de"),
    ("gsw-CH", "de en", "de"),
    ("ca-ES-valencia", "es ca", "ca"),
    ("ca-ES-valencia", "es en", None),
    ("ca", "ca-ES-valencia es", "ca-ES-valencia"),
    ("uk", "ru en", None),
    ("pa-PK", "pa pa-Arab", "pa-Arab"),
    ("pa-Arab", "pa en", None),
    ("az-IR", "az-Latn az-Arab", "az-Arab"),
    ("uz-AF", "uz uz-Arab", "uz-Arab"),
    ("ku-Arab", "ku en", None),
    ("fr-CA", "fr fr-CA", "fr-CA"),
    ("fr-CA", "en fr", "fr"),
    ("en-u-ca-gregory", "en", "en"),
    ("x-shop", "en", None),
    ("x-shop", "x-shop en", "x-shop"),
    ("tlh", "en de", None),
    ("", "en", None),
    (None, "en", None),
    ("fr", "", None),
]


@pytest.mark.parametrize(("wanted", "offered", "found"), NEAREST)
def test_the_nearest_language(wanted: str | None, offered: str, found: str | None) -> None:
    assert nearest(offered.split(), wanted) == found


def test_the_others_that_fit_follow_in_order() -> None:
    assert in_order(("de", "en", "de-CH", "de-AT"), "de-CH") == ("de-CH", "de", "de-AT")
    assert in_order(("en", "es", "es-419", "es-MX"), "es-MX") == ("es-MX", "es-419", "es")
    assert in_order(("zh", "zh-Hant", "zh-Hant-HK"), "zh-TW") == ("zh-Hant", "zh-Hant-HK", "zh")


def test_the_direction_of_a_language() -> None:
    for written in ("ar", "ar-EG", "he", "iw", "fa", "ur", "dv", "ckb", "ps", "yi", "pa-PK", "az-Arab", "ff-Adlm"):
        assert direction(written) == "rtl"
    for written in ("en", "de", "az", "pa", "ku", "tr", "zh-Hant", "x-shop", "ff"):
        assert direction(written) == "ltr"


def test_a_tag_as_devices_write_it() -> None:
    assert [tag(each) for each in ("en_US", " de_AT.UTF-8 ", "ca_ES@valencia", None)] == ["en-US", "de-AT", "ca-ES", ""]


WANTED = [
    "af", "am", "ar-EG", "ar-MA", "az-AZ", "be", "bg-BG", "bn-IN", "bs", "ca-AD", "cs-CZ", "cy", "da-DK", "de-AT",
    "de-CH", "de-LI", "el-CY", "en-AU", "en-CA", "en-GB", "en-IN", "en-IE", "en-US", "en-ZA", "es-AR", "es-CL",
    "es-ES", "es-MX", "es-US", "et", "eu-ES", "fa-AF", "fa-IR", "fi-FI", "fil", "fr-BE", "fr-CA", "fr-CH", "ga",
    "gl-ES", "gsw", "gu-IN", "he-IL", "hi-IN", "hr-HR", "hu-HU", "hy", "id-ID", "is", "it-CH", "it-IT", "iw",
    "ja-JP", "ka", "kk-KZ", "km", "ko-KR", "lo", "lt-LT", "lv-LV", "mk", "ml", "mn-MN", "mr", "ms-MY", "my",
    "nb-NO", "ne", "nl-BE", "nl-NL", "nn-NO", "no", "pa-IN", "pa-PK", "pl-PL", "pt-AO", "pt-BR", "pt-PT", "ro-MD",
    "ro-RO", "ru-KZ", "ru-RU", "si", "sk-SK", "sl-SI", "sq", "sr-BA", "sr-ME", "sr-RS", "sv-FI", "sv-SE", "sw-KE",
    "ta-IN", "te", "th-TH", "tl", "tr-TR", "uk-UA", "ur-IN", "ur-PK", "uz-UZ", "vi-VN", "zh-CN", "zh-HK", "zh-MO",
    "zh-SG", "zh-TW", "zu",
]  # fmt: skip
OFFERED = [
    tuple(each.split())
    for each in (
        "en de fr es it pt nl pl ja zh-Hans ar tr",
        "en-GB en-US es-419 es-ES pt-BR pt-PT fr-CA fr-FR zh-Hant zh-Hans sr-Latn sr-Cyrl no",
        "de de-CH fr it ru uk hr sr he id fa ms nb sv da fi",
        "zh zh-Hant-HK ko ja th vi hi ur ta pa-Arab pa",
    )
]

# wanted, langcodes' answer, ours, and why we differ
KNOWN_ONLY = "readers are only expected to know it (CLDR's distance is 20 and more): they get the default"
READABLE = "CLDR has 15 and 19 between the scripts of Chinese, as ICU has; langcodes has 50 as for any"
DIFFERENT = {
    ("af", "nl", None): KNOWN_ONLY,
    ("be", "ru", None): KNOWN_ONLY,
    ("ca-AD", "es", None): KNOWN_ONLY,
    ("ca-AD", "es-419", None): KNOWN_ONLY,
    ("cy", "en", None): KNOWN_ONLY,
    ("cy", "en-GB", None): KNOWN_ONLY,
    ("eu-ES", "es", None): KNOWN_ONLY,
    ("eu-ES", "es-ES", None): KNOWN_ONLY,
    ("ga", "en", None): KNOWN_ONLY,
    ("ga", "en-GB", None): KNOWN_ONLY,
    ("gl-ES", "es", None): KNOWN_ONLY,
    ("gl-ES", "es-ES", None): KNOWN_ONLY,
    ("is", "en", None): KNOWN_ONLY,
    ("is", "en-GB", None): KNOWN_ONLY,
    ("sr-ME", "hr", "sr"): "equally near: the reader's own language comes first",
    ("zh-HK", "und", "zh-Hans"): READABLE,
    ("zh-MO", "und", "zh-Hans"): READABLE,
    ("zh-TW", "und", "zh-Hans"): READABLE,
}


@pytest.mark.parametrize("offered", OFFERED, ids=lambda offered: " ".join(offered)[:30])
def test_the_nearest_language_is_that_of_langcodes(offered: tuple[str, ...]) -> None:
    pairs = {(wanted, closest_match(wanted, list(offered))[0], nearest(offered, wanted)) for wanted in WANTED}
    different = {pair for pair in pairs if pair[2] != (None if pair[1] == "und" else pair[1])}
    assert different - DIFFERENT.keys() == set()


def test_there_are_four_hundred_pairs() -> None:
    assert len(list(itertools.product(WANTED, OFFERED))) >= 400
