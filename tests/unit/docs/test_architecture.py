"""docs/architecture.md draws the life cycle of the code."""

from __future__ import annotations

import pytest

from tools import architecture


def test_the_states_on_the_page_are_those_of_the_code() -> None:
    text = architecture.PAGE.read_text()
    assert architecture.page(text) == text, "run: python -m tools.architecture"


def test_the_picture_has_the_moves_of_the_design() -> None:
    drawn = architecture.page(architecture.BEGIN + architecture.END)
    assert drawn.count(" --> ") == 18  # 15 moves, the start and two ends
    assert "failed --> pending" in drawn
    assert "deleted --> [*]" in drawn
    assert "sent --> failed" not in drawn


def test_a_page_without_the_generated_part_is_refused() -> None:
    with pytest.raises(ValueError, match="must have one"):
        architecture.page("# Architecture")
