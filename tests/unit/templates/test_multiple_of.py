"""`multipleOf` counts in decimal digits, as people write prices."""

from __future__ import annotations

import pytest
from fanfare.templates.data_schema.validation import data_faults, schema_faults


def faults(divisor: float, value: object) -> list[str]:
    schema = {"properties": {"price": {"multipleOf": divisor}}}
    assert schema_faults(schema) == []
    return [fault.code for fault in data_faults(schema, {"price": value}, pointer="/data")]


def test_prices_are_multiples_of_a_cent() -> None:
    assert [cents for cents in range(0, 10_000, 13) if faults(0.01, float(f"{cents // 100}.{cents % 100:02d}"))] == []


@pytest.mark.parametrize(
    ("divisor", "value", "fits"),
    [
        (0.01, 4.35, True),
        (0.01, 4.355, False),
        (0.1, 0.3, True),
        (2.5, 7.5, True),
        (2.5, 8, False),
        (3, 9, True),
        (3, 10, False),
        (0.01, 10**300, True),
        (1e-300, 0.5, True),
        (0.01, "4.355", True),  # of numbers alone
        (3, True, True),
    ],
)
def test_a_multiple_is_one_in_decimal_digits(divisor: float, value: object, fits: bool) -> None:
    assert faults(divisor, value) == ([] if fits else ["schema_multipleOf"])
