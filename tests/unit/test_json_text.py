"""Values as JSON text. What orjson writes and refuses: https://github.com/ijl/orjson#serialize."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from fanfare.json_text import written


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": [1, 2.5, None, True], "a": "ü\n"}, '{"b":[1,2.5,null,true],"a":"ü\\n"}'),
        (2**64, "18446744073709551616"),  # more than 64 bits
        ({"n": -(2**70), "u": "ü"}, '{"n":-1180591620717411303424,"u":"ü"}'),
        ((), "[]"),
        (1e16, "1e+16"),
    ],
)
def test_text_is_compact_and_reads_as_the_value(value: Any, text: str) -> None:
    assert written(value) == text
    assert json.loads(text) == (list(value) if value == () else value)


def test_half_a_pair_of_surrogates_is_escaped_where_text_must_be_sent() -> None:
    assert written({"name": "\ud83d", "number": 2**64}, half_pairs=True) == (
        '{"name":"\\ud83d","number":18446744073709551616}'
    )


@pytest.mark.parametrize("number", [7, 2**64])
def test_a_default_is_asked_for_what_is_no_json(number: int) -> None:
    at = datetime(2026, 11, 29, tzinfo=UTC)
    assert json.loads(written([{at.date}, number], default=lambda _: "other")) == ["other", number]


def test_what_is_no_json_is_refused_without_a_default() -> None:
    with pytest.raises(TypeError):
        written({object()})
