"""The house's limits, with what is above them today. An entry goes once it is not needed; none is added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest

from tests.unit import house

# Fewer with each release: what is listed may not grow, and a line that is no longer needed fails a test.
LIMITS: Final[Mapping[str, tuple[int, Mapping[str, int]]]] = {
    "files_of_folders": (
        12,
        {},
    ),
    "lines_of_files": (
        350,
        {},
    ),
    "lines_of_functions": (
        40,
        {},
    ),
    "complexities": (
        12,
        {},
    ),
    "methods_of_classes": (
        15,
        {},
    ),
    "parameters_of_functions": (
        8,
        {},
    ),
}
NAMED_TWICE: Final[frozenset[str]] = frozenset()


def measured(measure: str) -> dict[str, int]:
    """The largest of each name."""
    found: dict[str, int] = {}
    for where, size in getattr(house, measure)():
        found[where] = max(size, found.get(where, 0))
    return found


@pytest.mark.parametrize("measure", LIMITS)
def test_nothing_is_above_its_limit_but_what_is_listed(measure: str) -> None:
    limit, allowed = LIMITS[measure]
    assert {w: size for w, size in measured(measure).items() if size > allowed.get(w, limit)} == {}


@pytest.mark.parametrize("measure", LIMITS)
def test_the_list_has_only_what_is_above_the_limit_and_as_it_is(measure: str) -> None:
    limit, allowed = LIMITS[measure]
    found = measured(measure)
    shrunk = {where: found.get(where, 0) for where, size in allowed.items() if found.get(where, 0) < size}
    assert shrunk == {}, "smaller by now: lower or remove these entries"
    assert all(size > limit for size in allowed.values())


def test_no_two_classes_of_the_package_have_one_name() -> None:
    assert {name for name, count in house.names_of_classes().items() if count > 1} == NAMED_TWICE
