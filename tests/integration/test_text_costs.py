"""What texts may cost: to which countries they go, and how many codes there are, is bounded wherever a text begins."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration import internal_api
from tests.integration.conftest import Aws, Clock
from tests.integration.internal_api import Answer
from tests.integration.letters import Post
from tests.integration.public_api import call

AUSTRIAN, JAMAICAN, PREMIUM = "+436641234567", "+18765551234", "+449098790000"
TEXT = {"content": {"text": "Your order has left"}, "channels": ["sms"]}


@pytest.fixture
def countries(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANFARE_SMS_COUNTRIES", "AT,GB")
    for name, phone in (("ada", AUSTRIAN), ("bob", JAMAICAN), ("eve", PREMIUM)):
        assert internal_api.call("PUT", f"/v1/users/{name}", {"phone": phone}).status == 201


def submit(**fields: Any) -> Answer:
    dry = fields.pop("dry_run", "false")
    return internal_api.call("POST", "/v1/messages", TEXT | fields, dry_run=dry)


def test_a_dry_run_counts_who_lives_where_texts_do_not_go(countries: None) -> None:
    told = submit(recipients=["ada", "bob", "eve"], dry_run="true").body
    assert told["deliver"] == {"sms": 1}
    assert told["skipped"] == {"sms": {"country_not_allowed": 1, "number_not_allowed": 1}}


def test_an_explanation_names_the_country_as_the_reason(countries: None) -> None:
    message = submit(recipients=["bob"]).body["id"]
    explained = internal_api.call("GET", f"/v1/messages/{message}/explanations/bob").body
    assert "country_not_allowed" in json.dumps(explained)


def test_a_message_by_text_alone_is_refused_if_texts_go_nowhere(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANFARE_SMS_COUNTRIES", "")
    for dry_run in ("true", "false"):
        refused = submit(recipients=["ada"], dry_run=dry_run)
        assert (refused.status, refused.pointers) == (422, ["/channels"])
        assert refused.body["errors"][0]["code"] == "country_not_allowed"
    both = {"channels": ["email", "sms"], "content": {"subject": "Left", "text": "Your order has left"}}
    assert submit(recipients=["ada"], **both).status == 202


@pytest.mark.parametrize(("number", "code"), [(JAMAICAN, "country_not_allowed"), (PREMIUM, "number_not_allowed")])
def test_a_number_that_is_not_texted_is_refused_where_people_enter_it(
    countries: None, post: Post, number: str, code: str
) -> None:
    answer = call("PATCH", "/v1/me", {"phone": number})
    assert (answer.status, answer.pointers, answer.body["errors"][0]["code"]) == (422, ["/phone"], code)
    assert post.texts == []


def test_a_number_that_is_refused_uses_up_no_allowance(countries: None, post: Post) -> None:
    for _ in range(4):
        call("PATCH", "/v1/me", {"phone": JAMAICAN})
    assert call("PATCH", "/v1/me", {"phone": "+436641234568"}).status == 200


def new_number(user: int) -> Answer:
    return call("PATCH", "/v1/me", {"phone": f"+4366412345{user:02}"}, user=f"user{user}")


def test_all_users_together_get_no_more_codes_an_hour_than_the_deployment_allows(
    post: Post, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANFARE_CODES_PER_HOUR", "3")
    answers = [new_number(user) for user in range(5)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
    assert (answers[3].body["code"], answers[3].headers["retry-after"]) == ("too_many_codes", "3600")
    assert len(post.texts) == 3
    assert call("PATCH", "/v1/me", {"email": "ada@example.com"}).status == 200  # a link costs next to nothing
    clock.advance(hours=1)
    assert new_number(9).status == 200


def test_one_user_over_their_own_limit_uses_up_no_code_of_others(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANFARE_CODES_PER_HOUR", "4")
    for _ in range(20):
        call("PATCH", "/v1/me", {"phone": "+436641234500"}, user="greedy")
    assert (len(post.texts), new_number(1).status) == (3, 200)


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """The metrics of codes, summed."""
    found: dict[str, float] = {}
    for line in capsys.readouterr().out.splitlines():
        for name, values in json.loads(line).items() if '"_aws"' in line else ():
            if name.startswith("codes_"):
                found[name] = found.get(name, 0) + sum(values)
    return found


def test_codes_sent_refused_and_not_confirmed_are_counted(
    post: Post, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FANFARE_CODES_PER_HOUR", "2")
    for user in range(3):
        new_number(user)
    assert counted(capsys) == {"codes_sent": 2, "codes_unconfirmed": 2, "codes_refused": 1}
    assert call("POST", "/v1/me/confirmations", {"channel": "sms", "code": post.code}, user="user1").status == 200
    assert counted(capsys) == {"codes_unconfirmed": -1}


def test_a_code_that_was_not_sent_is_not_counted_as_sent(post: Post, capsys: pytest.CaptureFixture[str]) -> None:
    post.refusal = (400, "Throttled")
    new_number(1)
    assert counted(capsys) == {}
