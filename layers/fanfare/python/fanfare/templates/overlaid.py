"""Data of one recipient laid over the message's, name by name.

`names` are those that any recipient of the batch has of their own: text that reads none of them is the same for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Overlaid(dict[str, Any]):
    def __init__(self, base: Mapping[str, Any], own: Mapping[str, Any], names: frozenset[str]) -> None:
        super().__init__({**base, **own})
        self.base = base
        self.names = names


def base_of(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data that all readers have in common."""
    return data.base if isinstance(data, Overlaid) else data


def own_names(data: Mapping[str, Any]) -> frozenset[str]:
    """The names of data that are not the same for all readers."""
    return data.names if isinstance(data, Overlaid) else frozenset()
