"""Ten thousand bodies that are wrong, drawn with a seed, to every operation that takes one: refused, and nothing done.

There is no AWS here at all: what reached a table, a queue or a provider would be answered by a 500.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import pytest

from functions.internal_api import handler as internal_handler
from functions.public_api import handler as public_handler
from tests.integration import internal_api, public_api
from tests.integration.conftest import Aws
from tests.integration.internal_api import EVENTS, event
from tests.integration.public_api import FORM, call

SEED: Final = 20_261_122
BODIES: Final = 10_000
REFUSALS: Final = {400, 413, 415, 422}
TAKE: Final = sorted(path.stem for path in EVENTS.glob("*.json") if event(path.stem).get("body", "").startswith("{"))
# whose body is optional
NEED_NO_BODY: Final = {"put_suppression", "subscribe_user", "public_subscribe"}
VALUES: Final[list[Any]] = [7, 3.5, -1, "x", "", True, False, [], [1], {}, {"x": 1}, [[[]]], {"": {"": ""}}, 10**300]
WORDS: Final = ["NaN", "Infinity", "1e999", '"\\ud800"', "0x1", "[" * 200 + "]" * 200, "undefined", "'x'", "01", "\x00"]


def unlike(value: Any, draw: random.Random) -> Any:
    """A value of another kind."""
    number = (int, float)
    return draw.choice(
        [
            each
            for each in VALUES
            if type(each) is not type(value) and not (type(each) in number and type(value) in number)
        ]
    )


def shortened(text: str, draw: random.Random) -> str:
    return text[: draw.randrange(1, len(text.rstrip()) - 1)]


def followed(text: str, draw: random.Random) -> str:
    return text + draw.choice(["x", "{}", "]", ",", '"', "\x00", "null"])


def doubled(text: str, draw: random.Random) -> str:
    name = draw.choice(list(json.loads(text)))
    return text.rstrip()[:-1] + f", {json.dumps(name)}: null}}"


def with_a_field_more(text: str, draw: random.Random) -> str:
    name = draw.choice(["", "x", "__class__", "\u0000", "rev", "toString", "a" * 1_000, "\U0001f600", "$where"])
    return json.dumps(json.loads(text) | {name: draw.choice(VALUES)})


def of_another_kind(text: str, draw: random.Random) -> str:
    body = json.loads(text)
    name = draw.choice(list(body))
    return json.dumps(body | {name: unlike(body[name], draw)})


def no_object(_: str, draw: random.Random) -> str:
    return draw.choice(["null", "true", "[]", "[{}]", "7", '"x"', "", " ", "\n\n", "-0"])


def with_a_word(text: str, draw: random.Random) -> str:
    name = draw.choice(list(json.loads(text)))
    kept = {key: value for key, value in json.loads(text).items() if key != name}
    return f"{json.dumps(kept)[:-1]}{', ' if kept else ''}{json.dumps(name)}: {draw.choice(WORDS)}}}"


def garbage(_: str, draw: random.Random) -> str:
    return "\x7f" + "".join(chr(draw.randrange(1, 0x2FFF)) for _ in range(draw.randrange(1, 40)))


WAYS: Final[tuple[Callable[[str, random.Random], str], ...]] = (
    shortened,
    followed,
    doubled,
    with_a_field_more,
    of_another_kind,
    no_object,
    with_a_word,
    garbage,
)


def test_ten_thousand_malformed_bodies_do_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(internal_handler.logger, "info", lambda *_, **__: None)  # ten thousand lines
    monkeypatch.setattr(public_handler.logger, "info", lambda *_, **__: None)
    draw = random.Random(SEED)  # noqa: S311 - drawn again, the same
    answers: Counter[int] = Counter()
    events = {name: event(name) for name in TAKE}
    for number in range(BODIES):
        name = TAKE[number % len(TAKE)]
        way = WAYS[number // len(TAKE) % len(WAYS)]
        body = way(events[name]["body"], draw)
        if name in NEED_NO_BODY and not body.strip():
            continue
        api = public_api if name.startswith("public_") else internal_api
        answer = api.deliver({**events[name], "body": body, "isBase64Encoded": False})
        assert answer.status in REFUSALS, (name, way.__name__, body[:300], answer.text[:300])
        answers[answer.status] += 1
    assert answers.total() > BODIES * 0.99
    assert min(answers[400], answers[422]) > BODIES / 5


def test_every_operation_that_takes_a_body_is_among_them() -> None:
    reached = {(event(name)["requestContext"]["http"]["method"], event(name)["rawPath"]) for name in TAKE}
    for api in (internal_handler.api, public_handler.api):
        for route in api.routes:
            if route.dependant.body_params:
                assert any(method == route.method and route.rule.fullmatch(path) for method, path in reached), (
                    route.rule
                )


FORMS: Final = [
    "",
    "shown",
    "yes=1&yes=2",
    "shown=%ff%fe",
    "&&&&",
    "=",
    "%",
    "%zz",
    "nothing=yes" * 50,
    "a=" + "b" * 9_000,
]


@pytest.mark.parametrize("purpose", ["unsubscribe", "preferences", "confirmations"])
def test_a_form_without_a_right_link_does_nothing(purpose: str, aws: Aws) -> None:
    draw = random.Random(SEED)  # noqa: S311 - drawn again, the same
    for form in FORMS:
        token = "".join(draw.choice("abcXYZ019-_.~!$'()*") for _ in range(draw.randrange(1, 90)))
        answer = call("POST", f"/v1/{purpose}/{token}", raw=form, content_type=FORM, user=None)
        assert answer.status == 404, (token, form)
    assert not any(aws.dynamodb.scan(TableName=table)["Items"] for table in aws.tables.values())
