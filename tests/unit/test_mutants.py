"""The planted bugs still fit the code that they spoil: a mutant that changes nothing catches nothing."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.__main__ import DOMAIN, planted
from tests.mutants.planted import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_fits_and_is_python(mutant: Mutant) -> None:
    source = (DOMAIN / "fanfare" / mutant.file).read_text()
    spoiled = planted(source, mutant)
    assert spoiled != source
    ast.parse(spoiled)


def test_there_are_enough_of_them() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 25
