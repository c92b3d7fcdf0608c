"""The planted bugs still fit the code that they spoil: a mutant that changes nothing catches nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutants.__main__ import file_of, planted
from tests.mutants.areas import AREAS, Area
from tests.mutants.drawn import draw, every
from tests.mutants.planted import MODULES, MUTANTS, Mutant
from tests.mutants.scratch import ROOT, in_scratch, origin

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
    file = file_of(mutant)
    source = file.read_text()
    spoiled = planted(source, mutant)
    assert spoiled != source
    ast.parse(spoiled)
    assert in_scratch(file)  # it lies in what is copied


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


# Drawn by a tool


@pytest.mark.parametrize("area", AREAS.values(), ids=AREAS)
def test_the_code_and_the_tests_of_an_area_are_there(area: Area) -> None:
    assert all(origin(name).is_file() for name in area.sources)
    assert [test for test in area.tests if not (ROOT / test.partition("::")[0]).exists()] == []


def test_what_is_drawn_changes_more_than_annotations_and_is_drawn_again_by_its_seed(tmp_path: Path) -> None:
    file = tmp_path / "door.py"
    file.write_text("def may_pass(count: int | None) -> bool | None:\n    return count < 3\n")
    found = [*every(file)]
    drawn = draw(found, 5, seed=1)
    assert len({mutant.text() for mutant in drawn}) == 5
    assert all("count: int | None) -> bool | None" in (mutant.text() or "") for mutant in drawn)
    assert drawn == draw(found, 5, seed=1) != draw(found, 5, seed=2)
