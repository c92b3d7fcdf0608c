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
        ("", "not JSON"),
        ("{", "line 1, column 2"),
        ("{} {}", "not JSON"),
        ("\ufeff{}", "not JSON"),
        ('{"a": 1, "a": 2}', "'a' more than once"),
        ('{"b": {"a": 1, "a": 1}}', "'a' more than once"),
        ('{"a": NaN}', "NaN"),
        ('{"a": -Infinity}', "-Infinity"),
        ('{"a": 1e400}', "too large"),
        ('{"a": ' + "9" * 5_000 + "}", "too large"),
        ('{"a": "\\ud800"}', "surrogate"),
        ('{"\\udfff": 1}', "surrogate"),
        ("[" * 100_000, "levels deep"),
        ("[" * 65 + "]" * 65, "levels deep"),
    ],
)
def test_what_parsers_disagree_on_is_refused(text: str, cause: str) -> None:
    with pytest.raises(MalformedRequest, match=cause):
        parse(text)


def test_nesting_is_taken_up_to_its_limit() -> None:
    assert parse("[" * 64 + "]" * 64)
