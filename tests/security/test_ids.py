"""Ids that look like others, hide something, or mean something to what is behind: none is an id."""

from __future__ import annotations

import itertools

import pytest
from fanfare.ids import user_id_of
from fanfare.schemas.messages import SubmitRequest
from fanfare.schemas.scalars import Name, UserId
from pydantic import TypeAdapter, ValidationError

from tests.integration import public_api
from tests.integration.conftest import Aws
from tests.integration.internal_api import call

NOT_AN_ID = [
    "\u0430da",  # a Cyrillic a
    "ad\u0251",  # a Latin alpha
    "\uff41da",  # a wide a
    "a\u0301da",  # an accent that is put on
    "\u00e1da",
    "\U0001d41ada",  # a bold a of mathematics
    "ada\u200b",  # no width
    "a\u200dda",
    "a\u00adda",  # a hyphen that is not seen
    "\u202eada",  # from right to left
    "\ufeffada",
    "ada\u2060",
    "ada\u3164",  # a filler of Hangul
    "ada\U000e0061",  # a tag
    "ada\ufe0f",  # a variation
    "\u0661\u0662",  # digits of Arabic
    "\u2160",  # a Roman number
    "ada\u2024x",  # a leader that looks like a dot
    "ada\u2010x",  # a hyphen
    "ada\uff0fx",  # a wide slash
    "ada\u2215x",  # a slash of mathematics
    "stra\u00dfe",
    "\u0130da",
    "ad\u017f",  # a long s
    "\u212a",  # the sign of Kelvin
    "ada ",
    " ada",
    "ada\t",
    "ada\n",
    "ada\r\n",
    "ada\x00",
    "ada\x7f",
    "",
    ".",
    "..",
    "-ada",
    ":ada",
    "ada/bob",
    "ada\\bob",
    "../ada",
    "ada#bob",
    "ada?x=1",
    "ada%",
    "ada%2e",
    "ada&x",
    "ada;drop",
    "ada'--",
    'ada"',
    "ada`id`",
    "$(id)",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "<ada>",
    "ada,bob",
    "ada*",
    "a" * 129,
]

# What identity providers issue: ids of users alone
OF_USERS_ALONE = [
    "_ada",
    "ada@example.com",
    "ada|bob",
    "auth0|5f7c",
    "a.b+c@example.com",
    "_x=y",
    "a~2Fb",
    "a" * 127 + "=",
]


@pytest.mark.parametrize("name", NOT_AN_ID, ids=ascii)
def test_it_is_no_id_in_a_body(name: str) -> None:
    for kind in (Name, UserId):
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(name)
    with pytest.raises(ValidationError):
        SubmitRequest.model_validate({"topic": "t", "recipients": [name], "content": {"text": "x"}})


# The gateway decodes a path, cuts it at `?`, and refuses a lone `%`: no function sees these (test_gateway.py)
CHANGED_BY_THE_GATEWAY = ("ada?x=1", "ada%", "ada%2e")


@pytest.mark.parametrize("name", [each for each in NOT_AN_ID if each and each not in CHANGED_BY_THE_GATEWAY], ids=ascii)
@pytest.mark.parametrize("path", ["/v1/users/{}", "/v1/topics/{}", "/v1/templates/{}"])
def test_it_is_no_id_in_a_path(name: str, path: str) -> None:
    answer = call("GET", path.format(name))
    assert (answer.status, answer.headers["content-type"]) in [
        (404, "application/problem+json"),
        (422, "application/problem+json"),
    ]


def test_it_is_nobody_in_a_token(aws: Aws) -> None:
    for name in ["", "/ada", "-ada", "~2Fada", "\u0430", "a" * 129, "a" * 126 + "/", "a\ud800", 7, True, ["ada"], None]:
        answer = public_api.call("GET", "/v1/me", claims={"sub": name})  # type: ignore[dict-item]
        assert (answer.status, answer.body["code"]) == (401, "unauthorized"), ascii(name)


@pytest.mark.parametrize("name", OF_USERS_ALONE)
def test_what_identity_providers_issue_is_an_id_of_a_user_alone(name: str) -> None:
    assert TypeAdapter(UserId).validate_python(name) == name
    with pytest.raises(ValidationError):
        TypeAdapter(Name).validate_python(name)


@pytest.mark.parametrize(
    ("subject", "user_id"),
    [
        ("auth0|5f7c", "auth0|5f7c"),
        ("a.b+c@example.com", "a.b+c@example.com"),
        ("_x=y", "_x=y"),
        ("https://idp/users/7", "https:~2F~2Fidp~2Fusers~2F7"),
        ("a~b", "a~7Eb"),
        ("a~7Eb", "a~7E7Eb"),
        ("ada b", "ada~20b"),
        ("ad\u00e4", "ad~C3~A4"),
        ("ada\x00", "ada~00"),
        ("ada\n", "ada~0A"),
    ],
)
def test_a_subject_has_one_id_and_no_two_have_the_same(subject: str, user_id: str) -> None:
    assert user_id_of(subject) == user_id


def test_no_two_subjects_have_one_id() -> None:
    letters = ["a", "~", "7", "E", "2", "F", "/", "%", "|", "\u00e4", "\x00", "\n"]
    subjects = ["a" + "".join(each) for size in range(4) for each in itertools.product(letters, repeat=size)]
    assert len({user_id_of(each) for each in subjects}) == len(subjects)


@pytest.mark.parametrize("name", ["ada", "A.b_c:d-9", "0", "a" * 128])
def test_an_id_is_one(name: str) -> None:
    assert TypeAdapter(Name).validate_python(name) == name
