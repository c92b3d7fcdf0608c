"""The page of all topics, its forms, and the language that a reader gets."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

import pytest
from fanfare.runtime import stores
from fanfare.runtime.registry import opened

from tests.integration import internal_api
from tests.integration.conftest import Aws
from tests.integration.internal_api import Answer
from tests.integration.letters import Post
from tests.integration.public_api import BROWSER, FORM, browse, call, preferences_link, reader
from tests.integration.test_public_links import topic, user

NEWS: dict[str, Any] = {
    "title": "The news",
    "titles": {"de": "Nachrichten", "pt-BR": "Notícias"},
    "description": "Once a week",
    "descriptions": {"de": "Einmal in der Woche"},
}
SENT = {"email": "grace@example.com", "topic": "news", "lang": "de-AT", "website": ""}


@pytest.fixture(autouse=True)
def news(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    return topic("news", **NEWS)


def open_page(language: str = "en", accept: str = BROWSER, **query: Any) -> Answer:
    return call("GET", "/", user=None, headers={"accept": accept, "accept-language": language}, **query)


def send(form: Mapping[str, str], accept: str = BROWSER) -> Answer:
    raw = "&".join(f"{name}={value}" for name, value in form.items())
    return call("POST", "/v1/subscriptions", raw=raw, content_type=FORM, user=None, headers={"accept": accept})


def test_the_page_shows_public_topics_with_a_form_each() -> None:
    topic("secret", title="Secret", public=False)
    topic("calls", title="Calls", channels=["sms"])
    page = open_page()
    assert page.status == 200
    assert re.findall(r"<h2[^>]*>([^<]*)</h2>", page.text) == ["Calls", "The news"]
    assert re.findall(r'name="topic" value="([^"]*)"', page.text) == ["news"]
    assert 'action="/v1/subscriptions"' in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"]


def test_a_description_keeps_its_direction_on_a_page_that_is_read_from_the_right() -> None:
    topic("calls", title="Calls", description="By telephone.")
    page = open_page("ar")
    assert 'lang="ar" dir="rtl"' in page.text
    assert "<bdi>By telephone.</bdi>" in page.text


def test_head_answers_like_get_without_the_page() -> None:
    page, head = open_page(), call("HEAD", "/", user=None, headers={"accept": BROWSER, "accept-language": "en"})
    assert (head.status, head.text) == (200, "")
    ignored = ("content-length", "x-request-id")
    assert {k: v for k, v in head.headers.items() if k not in ignored} == {
        k: v for k, v in page.headers.items() if k not in ignored
    }


def test_the_page_says_who_sends() -> None:
    internal_api.call("PUT", "/v1/brand", {"name": "The Shop", "logo_url": "https://cdn.example.com/logo.png"})
    page = open_page()
    assert "<h1>What The Shop sends</h1>" in page.text
    assert '<img src="https://cdn.example.com/logo.png" alt="The Shop">' in page.text
    assert "img-src https://cdn.example.com;" in page.headers["content-security-policy"]


def test_a_program_finds_no_page() -> None:
    answer = open_page(accept="*/*")
    assert (answer.status, answer.headers["content-type"], answer.body["code"]) == (
        404,
        "application/problem+json",
        "not_found",
    )


def test_a_deployment_without_a_directory_shows_no_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANFARE_PUBLIC_DIRECTORY", "false")
    opened.reset()
    assert (open_page().status, call("GET", "/v1/topics", user=None).status) == (404, 401)
    assert call("GET", "/v1/topics").status == 200


@pytest.mark.parametrize(
    ("accepted", "query", "title", "language"),
    [
        ("de-AT,de;q=0.9", {}, "Nachrichten", "de"),
        ("de", {"lang": "pt"}, "Notícias", "pt"),
        ("fr,de;q=0.5", {}, "The news", "fr"),
        ("sv", {}, "The news", "en"),
        ("ar", {"lang": "xx"}, "The news", "ar"),
    ],
)
def test_the_page_is_in_the_readers_language(accepted: str, query: Any, title: str, language: str) -> None:
    page = open_page(accepted, **query)
    assert f">{title}</h2>" in page.text
    assert f'<html lang="{language}"' in page.text
    assert page.headers["content-language"] == language


def test_the_list_of_topics_needs_no_token_and_is_in_the_readers_language() -> None:
    answer = call("GET", "/v1/topics", user=None, headers={"accept-language": "sv, de-CH;q=0.5"})
    assert [(each["title"], each["description"]) for each in answer.body["items"]] == [
        ("Nachrichten", "Einmal in der Woche")
    ]


def test_a_form_signs_up_in_its_language_and_the_new_user_has_it(post: Post) -> None:
    answer = send(SENT)
    assert (answer.status, answer.headers["content-type"]) == (202, "text/html; charset=utf-8")
    assert "Sehen Sie in Ihr Postfach" in answer.text
    (mail,) = post.mails
    assert mail.subject == "Bitte bestätigen: Nachrichten"
    page = browse(mail.link).text
    assert "„Nachrichten“ abonnieren?" in page
    assert "Fanfare" in re.findall(r"<p>(.*?)</p>", page)[0]
    assert "Sie sind angemeldet" in browse(mail.link, {}).text
    (user_id,) = stores.audience().users.at_address("email", "grace@example.com")
    assert reader(user_id).profile["locale"] == "de-AT"
    assert "Ihre Einstellungen" in browse(preferences_link(user_id)).text


def test_a_program_signs_up_in_a_language_too(post: Post) -> None:
    answer = call("POST", "/v1/subscriptions", SENT | {"lang": "tr"}, user=None)
    assert (answer.status, answer.body) == (202, {"status": "confirmation_requested"})
    assert post.mails[0].subject == "Lütfen onaylay\u0131n: The news"
    assert post.mails[0].text.startswith("Fanfare, “The news” gönderilerinin")


def test_the_answer_to_a_form_is_the_same_whoever_it_is(post: Post) -> None:
    user("grace")
    forms = [SENT, SENT | {"email": "new@example.com"}, SENT | {"topic": "nothing"}, SENT | {"website": "spam"}]
    answers = {(answer.status, answer.text) for answer in map(send, forms)}
    assert (len(answers), [mail.to for mail in post.mails]) == (1, ["grace@example.com", "new@example.com"])


@pytest.mark.parametrize("email", ["", "nobody", "a@b@c.example"])
def test_a_form_with_a_wrong_address_gets_a_page(email: str, post: Post) -> None:
    answer = send(SENT | {"email": email})
    assert (answer.status, "Please check the address" in answer.text, post.mails) == (422, True, [])


def test_a_user_gets_pages_and_mails_in_their_own_language(post: Post) -> None:
    user("ada", locale="fr-CA")
    link = preferences_link("ada")
    page = browse(link).text
    assert "Ce que Fanfare envoie à a***@e***.com" in page
    assert "Your choices" in browse(link, lang="en").text
    browse(link, {"shown": "news/email", "yes": "news/email"})
    assert post.mails[0].subject == "Veuillez confirmer vos préférences"
    call("PATCH", "/v1/me", {"phone": "+436641234567"})
    assert "est votre code pour Fanfare" in post.texts[0][1]
