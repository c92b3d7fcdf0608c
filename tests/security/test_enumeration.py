"""Nobody learns who is known: not by an answer, not by its length, not by its time, not by what it does."""

from __future__ import annotations

import re
from typing import Final

import pytest
from fanfare.runtime import stores
from fanfare.runtime.use_cases import public_api as use_cases
from fanfare.self_service import sign_up

from tests.integration import internal_api
from tests.integration.conftest import Aws
from tests.integration.internal_api import Answer
from tests.integration.letters import Post
from tests.integration.public_api import BASE, browse, call, preferences_link, unsubscribe_link

KNOWN: Final = ["known@example.com", "subscribed@example.com", "suppressed@example.com", "opted.out@example.com"]
UNKNOWN: Final = ["unknown@example.com", "unknown@\u00fcber.example", "UNKNOWN@EXAMPLE.COM"]
TOPICS: Final = ["news", "private", "phones", "terms", "no-such-topic"]
OF_ONE_CALL: Final = {"x-request-id", "date"}


@pytest.fixture(autouse=True)
def people(aws: Aws) -> None:
    shown = {"title": "News", "channels": ["email"], "public": True}
    for topic, more in (("news", {}), ("private", {"public": False}), ("phones", {"channels": ["sms"]})):
        internal_api.call("PUT", f"/v1/topics/{topic}", shown | more)
    internal_api.call("PUT", "/v1/topics/terms", shown | {"required": True})
    for address in KNOWN:
        user = address.partition("@")[0]
        internal_api.call("PUT", f"/v1/users/{user}", {"email": address})
    internal_api.call("PUT", "/v1/users/subscribed/subscriptions/news/email")
    internal_api.call("PUT", "/v1/suppressions/email/suppressed@example.com", {})
    stores.audience().users.opt_out("opted.out", True)


def ask(email: str, topic: str = "news") -> Answer:
    return call("POST", "/v1/subscriptions", {"email": email, "topic": topic}, user=None)


def seen(answer: Answer) -> tuple[int, str, tuple[tuple[str, str], ...]]:
    """All of an answer that could tell."""
    headers = tuple(sorted((name, value) for name, value in answer.headers.items() if name not in OF_ONE_CALL))
    return answer.status, answer.text, headers


def test_one_answer_for_everybody(post: Post, slept: list[float]) -> None:
    answers = {seen(ask(email, topic)) for email in (*KNOWN, *UNKNOWN) for topic in TOPICS}
    assert len(answers) == 1
    assert len(slept) == len((*KNOWN, *UNKNOWN)) * len(TOPICS)


def test_nobody_is_looked_up_before_a_link_is_followed(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    def looked_up(*_: object) -> None:
        raise AssertionError("somebody was looked up")

    for name in ("at_address", "get", "get_many", "signed_up"):
        monkeypatch.setattr(stores.audience().users, name, looked_up)
    assert {ask(email).status for email in (*KNOWN, *UNKNOWN)} == {202}


def test_an_answer_is_held_until_its_time_whatever_it_found(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    for took in (0.0, 0.02, 0.2, 0.49):
        slept: list[float] = []
        times = iter([5.0, 5.0 + took])
        with sign_up.steadily(monotonic=lambda times=times: next(times), sleep=slept.append):  # type: ignore[misc]
            pass
        assert slept == [pytest.approx(sign_up.ANSWER_AFTER - took)]


def test_an_answer_is_held_also_where_it_failed() -> None:
    slept: list[float] = []
    times = iter([5.0, 5.1])
    with (
        pytest.raises(RuntimeError),
        sign_up.steadily(monotonic=lambda: next(times), sleep=slept.append),
    ):
        raise RuntimeError
    assert slept == [pytest.approx(0.4)]


def test_who_is_over_a_limit_is_not_told(post: Post) -> None:
    answers = {seen(ask("known@example.com")) for _ in range(5)}
    answers |= {seen(ask(f"reader{n}@example.com")) for n in range(30)}
    assert (len(answers), len(post.mails)) == (1, 28)


# Spellings of one mail box are one address for the limit
SPELLINGS: Final = ["reader@example.com", "Reader@Example.com", "READER@EXAMPLE.COM", "reader@EXAMPLE.com"]


def test_an_address_has_one_limit_however_it_is_spelled(post: Post) -> None:
    for spelling in SPELLINGS * 2:
        ask(spelling)
    assert len(post.mails) == 3


def test_the_pages_of_links_tell_nothing_without_a_right_token(post: Post) -> None:
    good = unsubscribe_link("known", "news").removeprefix(BASE)
    wrong = good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB")
    of_nobody = "/v1/unsubscribe/WyJub2JvZHkiLCJuZXdzIiwiZW1haWwiXQ.AAAA"
    pages = {(browse(path).status, browse(path).text) for path in (wrong, of_nobody, "/v1/unsubscribe/x")}
    assert len(pages) == 1


def test_a_page_shows_no_address_and_no_name(post: Post) -> None:
    internal_api.call("PUT", "/v1/users/known", {"email": "known@example.com", "name": "Mrs Known", "phone": "+436641"})
    ask("known@example.com")
    for link in (
        post.mails[-1].link,
        post.mails[-1].stop,
        unsubscribe_link("known", "news"),
        preferences_link("known"),
    ):
        text = browse(link).text
        assert not re.search(r"known@example|Mrs Known|\+43664", text)


def test_two_links_of_one_address_pressed_at_once_make_one_user(post: Post) -> None:
    ask("somebody.new@example.com")
    ask("somebody.new@example.com")
    first, second = (mail.link.rpartition("/")[2] for mail in post.mails)
    pressed: list[str] = []

    def press_the_other(**_: object) -> None:
        if not pressed:
            pressed.append(second)
            confirm(second)

    def confirm(token: str) -> None:
        use_cases.confirm().run(token)

    stores.audience().table.client.meta.events.register("before-call.dynamodb.TransactWriteItems", press_the_other)
    confirm(first)
    assert pressed
    assert len(stores.audience().users.at_address("email", "somebody.new@example.com")) == 1
