"""What the deployment decides."""

from __future__ import annotations

import pytest
from fanfare.runtime.settings import brand_of


@pytest.mark.parametrize(
    ("sender", "brand"),
    [("Fanfare <no-reply@example.com>", "Fanfare"), ("no-reply@example.com", "no-reply@example.com"), ("", "")],
)
def test_people_know_the_sender_by_name(sender: str, brand: str) -> None:
    assert brand_of(sender) == brand
