"""The planted bugs still fit the code that they spoil: a mutant that changes nothing catches nothing."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.__main__ import file_of, planted
from tests.mutants.planted import MODULES, MUTANTS, Mutant

SOURCE = """
LIMIT = 3

class Door:
    async def other(self): ...

    def may_pass(self):
        return self.count < 3

    def is_full(self):
        return self.count < 3
"""


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_fits_and_is_python(mutant: Mutant) -> None:
    source = file_of(mutant).read_text()
    spoiled = planted(source, mutant)
    assert spoiled != source
    ast.parse(spoiled)


def test_there_are_enough_of_them_and_no_module_is_listed_in_vain() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 25
    assert {mutant.place.partition(":")[0] for mutant in MUTANTS} == MODULES.keys()


def test_a_bug_is_planted_in_the_function_that_it_names_and_nowhere_else() -> None:
    spoiled = planted(SOURCE, Mutant("", "door:Door.is_full", "count < 3", "count < 4"))
    assert spoiled == SOURCE[::-1].replace("3 < tnuoc", "4 < tnuoc", 1)[::-1]
    assert "LIMIT = 4" in planted(SOURCE, Mutant("", "door:LIMIT", "3", "4"))


@pytest.mark.parametrize(
    ("place", "old", "error"),
    [
        ("door:Door.is_full", "count < 5", "0 of 'count < 5'"),
        ("door:Door", "count < 3", "2 of 'count < 3'"),
        ("door:Door.is_open", "count < 3", "0 definitions of Door.is_open"),
    ],
)
def test_a_bug_that_fits_nowhere_or_twice_is_an_error(place: str, old: str, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        planted(SOURCE, Mutant("", place, old, "True"))
