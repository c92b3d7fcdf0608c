"""Names of constructs."""

from __future__ import annotations


def pascal(name: str) -> str:
    """`fan_out` → `FanOut`, `deliver-email` → `DeliverEmail`."""
    return "".join(word.capitalize() for word in name.replace("-", "_").split("_"))
