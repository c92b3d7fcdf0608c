"""docs/data-model.md names every kind of item that is stored."""

from __future__ import annotations

import re

from fanfare.aws.tables import TABLES

from tests.documents import ROOT
from tools import data_model
from tools.data_model import PACKAGE, Row, rows

KEYS_OF_INDEXES = {"due#", "recent#", "users#", "nos#"}  # values of keys of indexes, not of pk or sk


SNAPSHOT = ROOT / "tests" / "frozen" / "snapshots" / "items.txt"
LEAVES = {"messages", "batches", "deliveries", "inbox"}  # tables of which every item has a TTL
# Items of messages that are larger than those of tests/frozen: see tests/budget/test_counting.py
OF_LARGE_MESSAGES = {"running", "cancelled"}
Kind = tuple[str, str, str]  # table, pk, sk


def stored() -> dict[Kind, set[str]]:
    """Every kind of item that the code writes, with the names of its attributes."""
    kinds: dict[Kind, set[str]] = {}
    for block in re.split(r"\n(?=\S)", SNAPSHOT.read_text()):
        heading, *attributes = block.splitlines()
        table, _, keys = heading.partition(": ")
        pk, _, sk = keys.partition(" | ")
        kinds[table, pk, sk] = {line.partition(":")[0].strip() for line in attributes}
    return kinds


def at(row: Row, kind: Kind) -> bool:
    return row.table == kind[0] and fits(row, *kind[1:])


def fits(row: Row, pk: str, sk: str) -> bool:
    return all(
        re.fullmatch(re.sub(r"<.+?>", "[^#]+", pattern), key) is not None
        for pattern, key in ((row.pk, pk), (row.sk, sk))
    )


def test_the_page_is_up_to_date() -> None:
    assert data_model.PAGE.read_text() == data_model.page(), "run: python -m tools.data_model"


def test_every_table_has_rows_and_every_row_a_table() -> None:
    assert {row.table for row in rows()} == {table.name for table in TABLES}


def test_every_index_says_what_it_is_for() -> None:
    assert [index.name for table in TABLES for index in table.indexes if not index.what] == []


def test_every_key_prefix_in_the_code_is_on_the_page() -> None:
    source = "".join(file.read_text() for file in PACKAGE.rglob("*.py"))
    used = set(re.findall(r'f?"([a-z_]+#)(?=["{])', source)) - KEYS_OF_INDEXES
    named = {prefix for row in rows() for key in (row.pk, row.sk) for prefix in re.findall(r"^[a-z_]+#", key)}
    assert used == named


def test_no_two_rows_have_the_same_keys() -> None:
    keys = [(row.table, row.pk, row.sk) for row in rows()]
    assert len(keys) == len(set(keys))


def test_every_kind_of_item_that_is_stored_is_on_the_page_and_no_other() -> None:
    """`tests/frozen` compares the snapshot with what the code writes."""
    kinds = rows()
    found = {kind: [row for row in kinds if at(row, kind)] for kind in stored()}
    assert [kind for kind, fitting in found.items() if not fitting] == []
    unfound = {row.sk for row in kinds if not any(row in fitting for fitting in found.values())}
    assert unfound == OF_LARGE_MESSAGES


def test_a_row_says_that_ttl_removes_it_if_it_alone_of_its_table_has_one() -> None:
    having_ttl = {
        row for row in rows() for kind, attributes in stored().items() if "ttl" in attributes and at(row, kind)
    }
    assert {row for row in rows() if row.table in LEAVES and row.sk not in OF_LARGE_MESSAGES} <= having_ttl
    of_others = [row for row in rows() if row.table not in LEAVES]
    assert {row.sk for row in of_others if row in having_ttl} == {
        row.sk for row in of_others if row.what.endswith("removed by TTL")
    }
