"""The brand, as a service sees it over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.internal_api import call, deliver, event

BRAND: dict[str, Any] = {
    "name": "Example Shop",
    "url": "https://shop.example.com",
    "logo_url": "https://cdn.example.com:8443/logo.png?v=2",
    "colour": "#FFd400",
    "address": "Example Ltd\n1 High Street",
    "links": [{"titles": {"en": "Privacy", "de": "Datenschutz"}, "url": "https://shop.example.com/privacy"}],
}

pytestmark = pytest.mark.usefixtures("aws")


def test_the_name_is_the_senders_until_a_brand_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANFARE_SENDER", "The Shop <shop@example.com>")
    answer = call("GET", "/v1/brand")
    assert (answer.status, answer.body) == (
        200,
        {"name": "The Shop", "url": None, "logo_url": None, "colour": None, "address": None, "links": []},
    )


def test_a_brand_reads_as_it_was_written_and_a_put_takes_what_a_get_answers() -> None:
    stored = call("PUT", "/v1/brand", BRAND)
    assert (stored.status, stored.body) == (200, BRAND)
    assert call("PUT", "/v1/brand", call("GET", "/v1/brand").body).body == BRAND
    assert call("GET", "/v1/brand").body == BRAND


def test_a_put_replaces_the_whole_brand() -> None:
    deliver(event("put_brand"))
    call("PUT", "/v1/brand", {"name": "Shop"})
    assert deliver(event("get_brand")).body == {
        "name": "Shop",
        "url": None,
        "logo_url": None,
        "colour": None,
        "address": None,
        "links": [],
    }


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example.com",
        "HTTP://shop.example.com",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "//shop.example.com",
        "/logo.png",
        "https:shop.example.com",
        "https://",
        "https://user@shop.example.com",
        "https://shop.example.com/a b",
        'https://shop.example.com/"onload=',
        "https://shop.example.com/\u202e",
        "https://shop.example.com:99999/",
        "https://shop;script-src *.example.com/",
        "",
    ],
)
def test_a_url_that_is_not_https_is_refused(url: str) -> None:
    link = {"titles": {"en": "Privacy"}, "url": url}
    answer = call("PUT", "/v1/brand", {"name": "Shop", "url": url, "logo_url": url, "links": [link]})
    assert answer.status == 422
    assert {(each["pointer"], each["code"]) for each in answer.body["errors"]} == {
        ("/url", "url_refused"),
        ("/logo_url", "url_refused"),
        ("/links/0/url", "url_refused"),
    }


@pytest.mark.parametrize(
    ("field", "value", "pointer", "code"),
    [
        ("colour", "blue", "/colour", "invalid_colour"),
        ("colour", "#fff", "/colour", "invalid_colour"),
        ("colour", "#0b57a4\n", "/colour", "invalid_colour"),
        ("name", "", "/name", "too_short"),
        ("name", "x" * 101, "/name", "too_long"),
        ("name", "a\nb", "/name", "control_character"),
        ("address", "x" * 501, "/address", "too_long"),
        ("address", "a\tb", "/address", "control_character"),
        ("links", [{"titles": {}, "url": "https://e.com"}], "/links/0/titles", "too_short"),
        ("links", [{"titles": {"en": ""}, "url": "https://e.com"}], "/links/0/titles/en", "too_short"),
        ("links", [{"titles": {"en": "A"}, "url": "https://e.com"}] * 11, "/links", "too_long"),
        ("imprint", "x", "/imprint", "unknown_field"),
    ],
)
def test_a_field_of_the_brand_has_its_limits(field: str, value: Any, pointer: str, code: str) -> None:
    answer = call("PUT", "/v1/brand", {"name": "Shop"} | {field: value})
    assert answer.status == 422
    assert [(each["pointer"], each["code"]) for each in answer.body["errors"]] == [(pointer, code)]


def test_a_brand_has_a_name() -> None:
    assert call("PUT", "/v1/brand", {"colour": "#0b57a4"}).pointers == ["/name"]


def test_a_preview_shows_the_brand() -> None:
    mail = {"subject": "{{ brand.name }}", "text": "{{ brand.colour }}"}
    call("PUT", "/v1/templates/t", {"channels": {"email": mail}})
    call("PUT", "/v1/brand", BRAND)
    preview = call("POST", "/v1/templates/t/previews", {"channel": "email"}).body
    assert (preview["subject"], preview["text"].partition("\n")[0]) == ("Example Shop", "#FFd400")
