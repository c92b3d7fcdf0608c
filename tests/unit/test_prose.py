"""Product text is plain technical English. Old matches are counted in tests/prose/allowed.json, which only shrinks."""

from __future__ import annotations

import functools

import pytest

from tests.prose.allowed import allowed, counted, entry_of, lowered
from tests.prose.rules import RULES, Rule
from tests.prose.texts import Found, files, found_in, plain, texts

SOURCE = '''"""Says what\nthere is."""

NAME = "told"
MESSAGE = f"{NAME} was told"  # in short
# Two lines
# of a comment
'''
PAGE = '<p class="told" title="a hint">{{ told }} one</p>\n\n<p>two</p>'
DOCUMENT = "# Title\nBoth `told`\nhere.\n\n```sh\ntold\n```\n\n| cell | told |\n"


def ids(rule: Rule) -> str:
    return rule.instead


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_a_rule_matches_its_wrong_example_and_not_the_right_one(rule: Rule) -> None:
    assert rule.regex.search(rule.wrong)
    assert not any(each.regex.search(rule.right) for each in RULES)


def test_docstrings_messages_and_comments_are_read_and_names_are_not() -> None:
    found = [(line, plain(said)) for line, said in texts("a.py", SOURCE)]
    assert found == [(1, "Says what there is."), (5, "was told"), (5, "in short"), (6, "Two lines of a comment")]


def test_pages_are_read_without_markup_and_documents_without_code() -> None:
    assert [plain(said) for _, said in texts("a.html", PAGE)] == ["a hint … one", "two"]
    assert [plain(said) for _, said in texts("a.md", DOCUMENT)] == ["# Title Both CODE here.", "| cell | told |"]


def test_a_file_counts_for_its_own_entry_before_that_of_its_folder() -> None:
    entries = ["docs", "docs/a.md"]
    assert entry_of("docs/a.md", entries) == "docs/a.md"
    assert entry_of("docs/b.md", entries) == "docs"
    assert entry_of("docs.md", entries) == "docs.md"


def test_allowed_numbers_are_only_lowered() -> None:
    assert lowered({"a.md": 3, "b.md": 2, "c.md": 1}, {"a.md": 1, "b.md": 5, "d.md": 4}) == {"a.md": 1, "b.md": 2}


@functools.cache
def everywhere() -> tuple[Found, ...]:
    """All matches: to read every file takes seconds."""
    return tuple(each for name in files() for each in found_in(name))


def test_product_text_has_no_banned_phrases_except_the_old_ones() -> None:
    found = everywhere()
    before = allowed()
    now = counted(found, before)
    over = {entry for entry, count in now.items() if count > before.get(entry, 0)}
    assert not [
        f"{each.file}:{each.line}: {each.words!r}; write: {each.rule.instead}"
        for each in found
        if entry_of(each.file, before) in over
    ]


def test_no_more_is_allowed_than_there_is() -> None:
    before = allowed()
    now = counted(everywhere(), before)
    assert {entry: count for entry, count in before.items() if count > now.get(entry, 0)} == {}, (
        "fewer banned phrases than allowed: run `python -m tests.prose` and commit tests/prose/allowed.json"
    )
