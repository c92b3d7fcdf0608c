"""Pages by hand are short."""

from __future__ import annotations

import re

import pytest

from tests.documents import DOCS, prose

MOST_WORDS = 11_000  # by hand in all; code, decisions, the changelog and generated pages not counted
AT_MOST = {"README.md": 700, "docs/architecture.md": 1_500, "docs/code-map.md": 700, "docs/performance.md": 1_500}
GENERATED_PART = re.compile(r"<!-- generated .*?<!-- end of generated -->|<!-- From here on written by .*", re.DOTALL)
# Pages whose first line says that they are generated, and whose sentences are by hand all the same
SENTENCES_BY_HAND = {"docs/performance.md", "docs/cost.md"}


def by_hand() -> dict[str, str]:
    """The sentences and tables that somebody wrote, by page."""
    return {file: text for file in DOCS if (text := _by_hand(file))}


def _by_hand(file: str) -> str:
    text = prose(file)
    if file.startswith("docs/decisions/") or file == "CHANGELOG.md":
        return ""
    if not re.match(r"<!-- (Made|Generated) ", text):
        return GENERATED_PART.sub("", text)
    if file in SENTENCES_BY_HAND:
        return "\n".join(line for line in text.splitlines() if not line.startswith("|"))
    return ""


def words(text: str) -> int:
    return sum(any(sign.isalnum() for sign in word) for word in text.split())


def test_the_pages_by_hand_have_no_more_words_than_one_can_read() -> None:
    counted = {file: words(text) for file, text in by_hand().items()}
    assert {"README.md", "docs/cli.md", "docs/cost.md"} <= counted.keys()
    assert "docs/http.md" not in counted
    assert sum(counted.values()) <= MOST_WORDS, counted


@pytest.mark.parametrize("file", AT_MOST)
def test_a_page_with_a_limit_of_its_own_keeps_it(file: str) -> None:
    text = GENERATED_PART.sub("", DOCS[file].read_text())
    assert words(text) <= AT_MOST[file]


def test_words_are_counted_and_rules_of_tables_are_not() -> None:
    assert words("| one | two-three |\n|---|---|\n**4** - five") == 4
