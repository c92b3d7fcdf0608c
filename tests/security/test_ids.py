"""Ids that look like others, hide something, or mean something to what is behind: none is an id."""

from __future__ import annotations

import pytest
from fanfare.schemas.messages import SubmitRequest
from fanfare.schemas.scalars import Name
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
    "_ada",
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
    "ada@example.com",
    "ada,bob",
    "ada|bob",
    "ada*",
    "a" * 129,
]


@pytest.mark.parametrize("name", NOT_AN_ID, ids=ascii)
def test_it_is_no_id_in_a_body(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Name).validate_python(name)
    with pytest.raises(ValidationError):
        SubmitRequest.model_validate({"topic": "t", "recipients": [name], "content": {"text": "x"}})


@pytest.mark.parametrize("name", [each for each in NOT_AN_ID if each], ids=ascii)
@pytest.mark.parametrize("path", ["/v1/users/{}", "/v1/topics/{}", "/v1/templates/{}"])
def test_it_is_no_id_in_a_path(name: str, path: str) -> None:
    answer = call("GET", path.format(name))
    assert (answer.status, answer.headers["content-type"]) in [
        (404, "application/problem+json"),
        (422, "application/problem+json"),
    ]


def test_it_is_nobody_in_a_token(aws: Aws) -> None:
    for name in [*NOT_AN_ID, 7, True, ["ada"], {"sub": "ada"}, None]:
        answer = public_api.call("GET", "/v1/me", claims={"sub": name})  # type: ignore[dict-item]
        assert (answer.status, answer.body["code"]) == (401, "unauthorized"), ascii(name)


@pytest.mark.parametrize("name", ["ada", "A.b_c:d-9", "0", "a" * 128])
def test_an_id_is_one(name: str) -> None:
    assert TypeAdapter(Name).validate_python(name) == name
