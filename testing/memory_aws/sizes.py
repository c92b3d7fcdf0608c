"""How many bytes an item has, by DynamoDB's rules.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

from typing import Any


def item_bytes(item: Any) -> int:
    """Of its names and its values; no item has none."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items()) if item else 0


def _value_bytes(value: Any) -> int:
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return len(content.lstrip("-").replace(".", "").strip("0")) // 2 + 2
    if kind == "NS":
        return 3 + sum(1 + _value_bytes({"N": each}) for each in content)
    if kind == "L":
        return 3 + sum(1 + _value_bytes(each) for each in content)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _value_bytes(each) for name, each in content.items())
    return 1
