"""The catalogues: complete, with the same placeholders as the texts; and which language a reader gets."""

from __future__ import annotations

import re
import string

import pytest
from fanfare.translations import LANGUAGES, N_, accepted, footer_words, language_of, translated

from tools import catalogues as translations
from tools.catalogues import OTHERS

TEXTS = [str(each.id) for each in translations.template() if each.id]
# What reads the same in English and in another language
SAME = {"Webhook", "SMS", "E-mail", "Inbox"}


def names(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


def test_the_languages_are_those_of_the_contract() -> None:
    assert list(LANGUAGES) == ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "ja", "zh-Hans", "ar", "tr"]


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_has_every_text_and_no_other(language: str) -> None:
    catalogue = translations.read(language)
    assert {str(each.id) for each in catalogue if each.id} == set(TEXTS), "run: python -m tools.catalogues"
    assert [each.id for each in catalogue if each.id and not each.string] == []
    assert [each.id for each in catalogue if each.fuzzy and each.id] == []
    assert catalogue.obsolete == {}


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_fills_in_what_its_text_fills_in(language: str) -> None:
    catalogue = translations.read(language)
    wrong = {
        str(each.id): each.string for each in catalogue if each.id and names(str(each.string)) != names(str(each.id))
    }
    assert wrong == {}


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_left_in_english(language: str) -> None:
    catalogue = translations.read(language)
    assert [each.id for each in catalogue if each.id and each.id == each.string and each.id not in SAME] == [
        text for text in TEXTS if text == "“{topic}” {by}" and language == "tr"
    ]


@pytest.mark.parametrize("language", OTHERS)
def test_what_functions_load_is_what_the_file_says(language: str) -> None:
    assert translations.source_file(language).read_bytes() == translations.written(language)
    assert translations.compiled_file(language).read_bytes() == translations.compiled(language)
    assert translated("Unsubscribe", language) == str(translations.read(language)["Unsubscribe"].string)


@pytest.mark.parametrize("language", OTHERS)
def test_a_question_stays_one_and_a_sentence_ends(language: str) -> None:
    ends = {".": ".\u3002", "?": "?\uff1f\u061f\uff1a", ":": ":\uff1a"}
    for each in translations.read(language):
        if each.id and each.id[-1] in ends:
            assert str(each.string)[-1] in ends[each.id[-1]], each.string


def test_every_text_that_is_marked_is_extracted() -> None:
    assert len(TEXTS) == len(set(TEXTS)) > 140
    assert N_("Unsubscribe") in TEXTS
    assert {"E-mail", "by e\u2011mail", "in your inbox"} <= set(TEXTS)


def test_an_unknown_text_stays_as_it_is() -> None:
    assert translated("A channel of your own", "de") == "A channel of your own"
    assert translated("Unsubscribe", "en") == "Unsubscribe"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["de-AT"], "de"),
        (["de_CH.UTF-8"], "de"),
        (["zh-TW"], "zh-Hans"),
        (["zh"], "zh-Hans"),
        (["ZH-HANS"], "zh-Hans"),
        (["pt-BR"], "pt"),
        (["ar-EG"], "ar"),
        (["sv", "fr-CA"], "fr"),
        ([None, "", "xx", "tr"], "tr"),
        (["sv"], "en"),
        (["not a language", "x" * 200], "en"),
        ([], "en"),
    ],
)
def test_the_first_language_that_fits_is_used(wanted: list[str | None], found: str) -> None:
    assert language_of(*wanted) == found


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", ["de-AT", "de", "en"]),
        ("en;q=0.2, fr ; q=0.7 ,*;q=0.1", ["fr", "en"]),
        ("de;q=0, it", ["it"]),
        ("de;q=nan,it;q=x,;q=1", []),
        (None, []),
        ("," * 5_000 + "de", []),
    ],
)
def test_accept_language_is_read_by_weight(header: str | None, found: list[str]) -> None:
    assert accepted(header) == found


def test_the_footer_is_in_the_readers_language() -> None:
    words = footer_words("de-AT", topic="Neues", brand="Laden")
    assert words.why == "Sie erhalten diese E-Mail, weil Sie „Neues“ von Laden abonniert haben."
    assert (words.unsubscribe, words.language, words.direction) == ("Abbestellen", "de", "ltr")
    assert footer_words("ar", topic="x", brand="y").direction == "rtl"
    assert footer_words(None, topic="{brand}", brand="{topic}").why == (
        "You get this mail because you are subscribed to “{brand}” from {topic}."
    )


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_has_markup_or_a_url(language: str) -> None:
    for each in translations.read(language):
        assert not re.search(r"[<>]|https?:|&\w+;", str(each.string or "") if each.id else "")
