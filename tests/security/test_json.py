"""JSON that parsers disagree on, or choke on, is refused: deep, wide, doubled, without a number's end."""

from __future__ import annotations

import json
import time

import pytest
from fanfare.api.strict_json import parse
from fanfare.errors import MalformedRequest

from tests.integration.internal_api import call

DEEP = 120_000
REFUSED = {
    "deep arrays": "[" * DEEP + "]" * DEEP,
    "deep arrays without an end": "[" * DEEP,
    "deep objects": '{"a":' * 40_000 + "1" + "}" * 40_000,
    "just too deep": '{"a":' * 66 + "1" + "}" * 66,
    "a key twice": '{"topic": "a", "topic": "b"}',
    "a key twice, spelled otherwise": '{"topic": "a", "t\\u006fpic": "b"}',
    "a key twice, far inside": '{"data": {"a": [{"b": 1, "b": 2}]}}',
    "a key ten thousand times": "{" + ",".join(['"a": 1'] * 10_000) + "}",
    "NaN": '{"a": NaN}',
    "Infinity": '{"a": Infinity}',
    "-Infinity": '{"a": -Infinity}',
    "a number beyond a double": '{"a": 1e400}',
    "a whole number beyond a double": '{"a": ' + "9" * 310 + "}",
    "a number without an end": '{"a": ' + "1" * 250_000 + "}",
    "a negative number without an end": '{"a": -' + "1" * 250_000 + "}",
    "half a surrogate": '{"a": "\\ud800"}',
    "the other half": '{"a": "\\udc00"}',
    "halves in the wrong order": '{"a": "\\udc00\\ud800"}',
    "half a surrogate in a key": '{"\\ud800": 1}',
    "a byte order mark": '\ufeff{"a": 1}',
    "a comment": '{"a": 1 /* b */}',
    "a comma too many": '{"a": 1,}',
    "single quotes": "{'a': 1}",
    "a control character": '{"a": "\x00"}',
    "a line end in a text": '{"a": "\n"}',
    "two values": '{"a": 1} {"b": 2}',
    "a hexadecimal number": '{"a": 0x10}',
    "a leading zero": '{"a": 007}',
    "a leading plus": '{"a": +1}',
    "no value": '{"a": }',
    "no end": '{"a": "',
    "words of Python": '{"a": None, "b": True}',
    "white space of Unicode": '\u00a0{"a": 1}',
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_json_for_everybody_is_refused_in_no_time(name: str) -> None:
    began = time.thread_time()
    with pytest.raises(MalformedRequest):
        parse(REFUSED[name])
    assert time.thread_time() - began < 1


@pytest.mark.parametrize("name", REFUSED)
def test_the_api_answers_so(name: str) -> None:
    answer = call("POST", "/v1/messages", raw=REFUSED[name])
    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
    assert len(answer.text) < 2_000


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe{\x00}\x00", b'{"a": "\xff"}', b'{"a": "\xc0\xaf"}', b'{"a": "\xed\xa0\x80"}', b"\x00" * 100]
)
def test_bytes_that_are_no_utf_8_are_refused(raw: bytes) -> None:
    assert call("POST", "/v1/messages", raw=raw).status == 400


@pytest.mark.parametrize(
    "text", ['{"a": ' + "9" * 308 + "}", '{"a": 1e308}', '{"a": "\\ud83d\\ude00"}', '{"a": "' + "x" * 250_000 + '"}']
)
def test_what_is_large_and_right_is_taken(text: str) -> None:
    assert json.dumps(parse(text))


def test_a_wide_body_is_answered_in_no_time() -> None:
    wide = "{" + ",".join(f'"a{n}": 1' for n in range(20_000)) + "}"
    began = time.thread_time()
    answer = call("POST", "/v1/messages", raw=wide)
    assert (answer.status, len(answer.body["errors"])) == (422, 100)
    assert len(answer.text) < 50_000
    assert time.thread_time() - began < 3
