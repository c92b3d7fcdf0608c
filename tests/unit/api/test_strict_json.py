"""JSON that means one thing."""

from __future__ import annotations

import pytest
from fanfare.api.strict_json import parse
from fanfare.errors import MalformedRequest


def test_what_is_plain_json_is_read() -> None:
    assert parse('{"a": [1, -2.5e3, "ü \\ud83d\\ude00", true, null, {}]}') == {
        "a": [1, -2500.0, "ü 😀", True, None, {}]
    }


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "not valid JSON"),
        ("{", "line 1, column 2"),
        ("{} {}", "not valid JSON"),
        ("\ufeff{}", "not valid JSON"),
        ('{"a": 1, "a": 2}', "key 'a' twice"),
        ('{"b": {"a": 1, "a": 1}}', "key 'a' twice"),
        ('{"a": NaN}', "NaN"),
        ('{"a": -Infinity}', "-Infinity"),
        ('{"a": 1e400}', "number that is too large"),
        ('{"a": ' + "9" * 5_000 + "}", "the limit is 308 digits"),
        ('{"a": "\\ud800"}', "surrogate"),
        ('{"\\udfff": 1}', "surrogate"),
        ("[" * 100_000, "the limit is 64 levels"),
        ("[" * 65 + "]" * 65, "the limit is 64 levels"),
    ],
)
def test_what_parsers_disagree_on_is_refused(text: str, cause: str) -> None:
    with pytest.raises(MalformedRequest, match=cause):
        parse(text)


def test_nesting_is_taken_up_to_its_limit() -> None:
    assert parse("[" * 64 + "]" * 64)
