"""Values are printed as JSON spells them, and numbers, money and times as their reader writes them."""

from __future__ import annotations

from typing import Any

import pytest
from fanfare.errors import TemplateError
from fanfare.templates.renderer import Renderer

DATA: dict[str, Any] = {
    "nothing": None,
    "yes": True,
    "no": False,
    "list": ["a", None, True],
    "object": {"a": None},
    "zero": 0,
    "half": 2.5,
    "total": 1234.5,
    "text": "12.40",
    "at": "2026-07-01T22:30:00Z",
    "count": 3,
}


def text(source: str, locale: str | None = None, zone: str | None = None, **data: Any) -> str:
    body = {"channels": {"sms": {"text": source}}}
    user = {"id": "ada", "locale": locale, "time_zone": zone, "attributes": {"plan": "pro", "vip": True}}
    return Renderer().render(body, "sms", locale=locale, data=DATA | data, user=user)["text"]


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("[{{ data.nothing }}]", "[]"),
        ("{{ data.nothing|default('none') }} {{ data.nothing|d('none') }}", "none none"),
        ("{{ data.zero|default('none') }} {{ data.zero|default('none', true) }}", "0 none"),
        ("{{ data.no|default('none') }}", "false"),
        ("{{ data.yes }} {{ data.no }} {{ data.object.a }}", "true false "),
        ("{{ 'a' ~ data.nothing ~ data.yes }}", "atrue"),
        ("{{ data.list|join(', ') }}", "a, , true"),
        ("{{ data.yes|upper }} {{ data.nothing|upper }}.", "TRUE ."),
        ("{{ data.nothing|e }}{{ data.no|replace('f', 'F') }}", "False"),
        ("{{ data.list|tojson }} {{ data.object|tojson }}", '["a", null, true] {"a": null}'),
        ("{{ data.nothing|tojson }} {{ data.yes|tojson }}", "null true"),
        ("{% if data.nothing is none and data.yes is true %}{{ data.yes == true }}{% endif %}", "true"),
        ("{{ data.half }} {{ data.zero }}", "2.5 0"),
        ("{{ user.attributes.plan }} {{ user.attributes.vip }}[{{ user.attributes.team }}]", "pro true[]"),
        ("{{ user.attributes.team|default('none') }}", "none"),
        ("{{ user.attributes.team is defined }} {{ user.attributes['team'] == 'x' }}", "false false"),
        ("{% if user.attributes.team %}team{% else %}alone{% endif %}", "alone"),
    ],
)
def test_values_are_printed_as_json_spells_them(source: str, printed: str) -> None:
    assert text(source) == printed


@pytest.mark.parametrize(
    ("source", "detail"),
    [
        ("{{ data.list }}", "a list can't be printed"),
        ("{{ data.object }}", "an object can't be printed"),
        ("{{ data }}", "an object can't be printed"),
        ("{{ user.attributes }}", "an object can't be printed"),
        ("{{ data.list ~ '' }}", "a list can't be printed"),
        ("{{ [data.list]|join }}", "a list can't be printed"),
        ("{{ data.object|lower }}", "an object can't be printed"),
        ("{{ data.object|urlencode ~ data.object }}", "an object can't be printed"),
    ],
)
def test_a_list_or_an_object_is_never_printed(source: str, detail: str) -> None:
    with pytest.raises(TemplateError, match=detail):
        text(source)


# From CLDR 48, as ICU 78 and the browsers' Intl write them; the blanks are no-break spaces
LOCALISED = [
    ("{{ data.total|number }}", "en", "1,234.5"),
    ("{{ data.total|number }}", "de", "1.234,5"),
    ("{{ data.total|number }}", "fr", "1\u202f234,5"),
    ("{{ data.total|number }}", "de-CH", "1'234.5"),
    ("{{ data.total|number }}", "en-IN", "1,234.5"),
    ("{{ 1234567|number }}", "en-IN", "12,34,567"),
    ("{{ data.total|number(2) }}", "it", "1.234,50"),
    ("{{ data.total|number(0) }}", "en", "1,235"),
    ("{{ data.half|number(0) }} {{ 3.5|number(digits=0) }}", "en", "3 4"),
    ("{{ 1.005|number(2) }} {{ -1.005|number(2) }}", "en", "1.01 -1.01"),
    ("{{ data.text|number }}", "de", "12,4"),
    ("{{ data.total|money('EUR') }}", "de", "1.234,50\u00a0€"),
    ("{{ data.total|money('EUR') }}", "en", "€1,234.50"),
    ("{{ data.total|money('JPY') }}", "ja", "￥1,235"),
    ("{{ data.total|money('JPY') }}", "en", "¥1,235"),
    ("{{ data.total|money('KWD') }}", "en", "KWD\u00a01,234.500"),
    ("{{ 0.125|money('USD') }} {{ 0.115|money('USD') }} {{ '2.675'|money('USD') }}", "en", "$0.13 $0.12 $2.68"),
    ("{{ data.text|money('EUR') }}", "fr", "12,40\u00a0€"),
    ("{{ 0.256|percent }} {{ 0.125|percent }} {{ 0.005|percent }}", "en", "26% 13% 1%"),
    ("{{ 0.256|percent }}", "de", "26\u00a0%"),
    ("{{ data.at|date }}", "en", "Jul 1, 2026"),
    ("{{ data.at|date('short') }}", "en-GB", "01/07/2026"),
    ("{{ data.at|date('long') }}", "de", "1. Juli 2026"),
    ("{{ data.at|date('full') }}", "es-MX", "miércoles, 1 de julio de 2026"),
    ("{{ data.at|time('short') }}", "de", "22:30"),
    ("{{ data.at|datetime('short') }}", "de", "01.07.26, 22:30"),
    ("{{ 1782945000|date('short') }}", "de", "01.07.26"),
    ("{{ '2026-07-01'|date('medium') }}", "de", "01.07.2026"),
    ("{{ data.nothing|number }}{{ data.nothing|money('EUR') }}{{ data.nothing|date }}[]", "en", "[]"),
]


@pytest.mark.parametrize(("source", "locale", "printed"), LOCALISED)
def test_numbers_money_and_dates_are_their_readers(source: str, locale: str, printed: str) -> None:
    assert text(source, locale) == printed


@pytest.mark.parametrize(
    ("zone", "printed"),
    [
        ("UTC", "01.07.2026 22:30"),
        ("Europe/Vienna", "02.07.2026 00:30"),
        ("America/New_York", "01.07.2026 18:30"),
        ("Pacific/Kiritimati", "02.07.2026 12:30"),
        ("Nowhere/AtAll", "01.07.2026 22:30"),
    ],
)
def test_a_time_is_that_of_the_readers_zone(zone: str, printed: str) -> None:
    assert text("{{ data.at|date }} {{ data.at|time('short') }}", "de", zone) == printed
    assert text("{{ '2026-07-01T22:30:00.123456789+00:00'|date }}", "de", zone) == printed[:10]
    assert text("{{ '2026-07-01'|date }}", "de", zone) == "01.07.2026"  # a date is the same everywhere


FORMS = "one='# one', few='# few', many='# many', two='# two', zero='# zero', other='# other'"


@pytest.mark.parametrize(
    ("locale", "counts"),
    [
        ("en", {0: "other", 1: "one", 2: "other", 1.5: "other", "1": "one", "1.0": "other"}),
        ("pl", {0: "many", 1: "one", 2: "few", 5: "many", 22: "few", 1.5: "other"}),
        ("ru", {1: "one", 21: "one", 3: "few", 11: "many"}),
        ("ar", {0: "zero", 1: "one", 2: "two", 3: "few", 11: "many", 100: "other"}),
        ("ja", {0: "other", 1: "other"}),
        ("cy", {0: "zero", 2: "two", 3: "few", 6: "many"}),
        ("lv", {0: "zero", 1: "one", 2: "other"}),
        ("fr", {0: "one", 1.5: "one", 2: "other", 1_000_000: "many"}),
    ],
)
def test_plurals_are_by_cldr(locale: str, counts: dict[Any, str]) -> None:
    for count, form in counts.items():
        assert text("{{ data.n|plural(" + FORMS + ") }}", locale, n=count) == f"# {form}"


def test_a_text_that_is_not_translated_has_the_plurals_of_its_own_language() -> None:
    source = "{{ data.n }} {{ data.n|plural(one='item', other='items') }}"
    assert [text(source, locale, n=21) for locale in ("en", "de", "ru")] == ["21 items"] * 3
    assert [text(source, locale, n=0) for locale in ("en", "fr")] == ["0 items"] * 2
    body = {"channels": {"sms": {"text": "-"}}, "locales": {"fr": {"sms": {"text": source}}}}
    french = Renderer().render(body, "sms", locale="fr-CA", data={"n": 0}, user={"id": "ada", "locale": "fr-CA"})
    assert french == {"text": "0 item"}


@pytest.mark.parametrize(
    ("source", "detail"),
    [
        ("{{ data.nope|number }}", "nope"),
        ("{{ 'x'|number }}", "number takes a number of at most 40 digits"),
        ("{{ true|number }}", "number takes a number"),
        ("{{ ('9' * 1)|number }}", "takes numbers only"),
        ("{{ '1e99'|money('EUR') }}", "money takes a number of at most 40 digits"),
        ("{{ 1|number(21) }}", "digits of number is a whole number from 0 to 20"),
        ("{{ 1|money('EURO') }}", "ISO 4217"),
        ("{{ 1|money('ZZZ') }}", "ISO 4217"),
        ("{{ data.at|date('tiny') }}", "the style of date is one of short, medium, long, full"),
        ("{{ 'today'|date }}", "date takes an RFC 3339 time"),
        ("{{ '2026-13-01'|date }}", "date takes an RFC 3339 time"),
        ("{{ '2026-07-01T22:30:00'|datetime }}", "datetime takes an RFC 3339 time"),
        ("{{ '2026-07-01'|time }}", "is a date alone"),
        ("{{ '0001-01-01T00:00:00Z'|datetime }}", "RFC 3339"),
        ("{{ 1e300|date }}", "RFC 3339"),
        ("{{ 1|plural(one='x') }}", "plural takes a text for 'other'"),
        ("{{ 1|plural(others='x', other='y') }}", "plural takes a text for 'other'"),
        ("{{ 1|plural('x') }}", "positional"),
    ],
)
def test_what_a_filter_can_not_read_is_an_error_that_says_so(source: str, detail: str) -> None:
    with pytest.raises(TemplateError, match=detail) as refused:
        text(source)
    assert refused.value.line == 1


def test_readers_of_one_message_each_read_their_own_numbers_and_times() -> None:
    body = {"channels": {"sms": {"text": "{{ data.total|number }} {{ data.at|time('short') }}"}}}
    readers = [("en", "UTC"), ("de", "UTC"), ("de", "Europe/Vienna"), (None, None), ("en", "UTC")]
    rendered = [
        Renderer(locale="fr", time_zone="Asia/Tokyo").render(
            body, "sms", locale=locale, data=DATA, user={"id": "u", "locale": locale, "time_zone": zone}
        )["text"]
        for locale, zone in readers
    ]
    assert rendered == [
        "1,234.5 10:30\u202fPM",
        "1.234,5 22:30",
        "1.234,5 00:30",
        "1\u202f234,5 07:30",
        "1,234.5 10:30\u202fPM",
    ]


def test_locale_is_the_language_of_the_part() -> None:
    source = "{{ locale.tag }} {{ locale.dir }}"
    body = {
        "channels": {"email": {"subject": source, "text": source}},
        "locales": {"ar": {"email": {"text": source}}, "de": {"email": {"subject": source}}},
    }
    for locale, expected in [
        ("ar-EG", {"subject": "en ltr", "text": "ar rtl"}),
        ("de-AT", {"subject": "de ltr", "text": "en ltr"}),
        (None, {"subject": "en ltr", "text": "en ltr"}),
    ]:
        user = {"id": "ada", "locale": locale}
        assert Renderer().render(body, "email", locale=locale, data={}, user=user) == expected
    hebrew = Renderer(locale="he").render(body, "email", locale=None, data={}, user={"id": "ada"})
    assert hebrew["subject"] == "he rtl"
