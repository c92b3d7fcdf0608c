"""The line of a JSON pointer in a JSON text."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from console.templates.pointers import line_of, lines

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_each_value_has_the_line_that_it_begins_on() -> None:
    text = '{\n  "a": [1,\n    {"b/c": null}],\n  "d~": "}"\n}'
    assert lines(text) == {"": 1, "/a": 2, "/a/0": 2, "/a/1": 3, "/a/1/b~1c": 3, "/d~0": 4}


def test_what_is_not_there_has_the_line_of_what_it_would_be_in() -> None:
    found = lines('{\n  "a": {}\n}')
    assert line_of("/a/b/c", found) == 2
    assert line_of("/z", found) == 1


@given(VALUES)
def test_any_json_is_read_to_its_end(value: Any) -> None:
    found = lines(json.dumps(value, indent=1))
    assert set(found) == set(pointers(value, ""))


def pointers(value: Any, at: str) -> list[str]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    escaped = [(str(step).replace("~", "~0").replace("/", "~1"), each) for step, each in steps]
    return [at, *(pointer for step, each in escaped for pointer in pointers(each, f"{at}/{step}"))]
