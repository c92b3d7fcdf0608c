"""The texts of errors, side by side in error_texts.md: what is wrong, the limit, what to do."""

from __future__ import annotations

import pytest
from fanfare.schemas.errors import code_and_detail

from tests.unit.api.error_texts import CALLS, TABLE, TEMPLATES, rows, table

RAISED = [row for row in rows() if row[0] not in (*TEMPLATES, "return", "_error")]


def test_the_table_has_every_text() -> None:
    assert table() == TABLE.read_text(encoding="utf-8"), "run `python -m tests.unit.api.error_texts` and read the diff"


def test_the_collector_finds_the_calls_that_it_knows() -> None:
    assert {"Invalid", "Invalid.field", "NotFound", *CALLS} <= {row[0] for row in rows()}


@pytest.mark.parametrize("text", sorted({row[2].strip() for row in RAISED}))
def test_a_text_is_a_sentence(text: str) -> None:
    assert text[0].isupper() or text[0] == "{"
    assert text.endswith(".")


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        ({"type": "missing", "msg": "Field required"}, "Field is required."),
        ({"type": "string_type", "msg": "Input should be a valid string"}, "Must be a valid string."),
        (
            {"type": "string_too_long", "msg": "String should have at most 9 characters"},
            "Must have at most 9 characters.",
        ),
        ({"type": "too_long", "msg": "", "ctx": {"max_length": 500}}, "Number of items must be at most 500."),
        ({"type": "dict_type", "msg": "Input should be a valid dictionary"}, "Must be an object."),
        ({"type": "invalid_email", "msg": "It must have one @-sign."}, "It must have one @-sign."),
    ],
)
def test_texts_of_the_library_become_sentences(error: dict[str, object], detail: str) -> None:
    assert code_and_detail(error)[1] == detail
