"""Pages of lists."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fanfare.pagination import take


@pytest.mark.parametrize(
    ("there", "page", "position"),
    [([], [], None), ([1, 2], [1, 2], None), ([1, 2, 3], [1, 2, 3], None), ([1, 2, 3, 4], [1, 2, 3], "after 3")],
)
def test_a_list_goes_on_after_the_last_if_there_are_more(there: list[int], page: list[int], position: str) -> None:
    assert take(there, 3, lambda last: f"after {last}") == (page, position)


def test_no_more_is_read_than_one_beyond_the_page() -> None:
    read: list[int] = []

    def found() -> Iterator[int]:
        for number in range(100):
            read.append(number)
            yield number

    take(found(), 3, lambda last: last)
    assert read == [0, 1, 2, 3]
