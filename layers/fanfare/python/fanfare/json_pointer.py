"""JSON pointers (RFC 6901)."""

from __future__ import annotations


def escaped(step: object) -> str:
    """A step of a JSON pointer (RFC 6901)."""
    return str(step).replace("~", "~0").replace("/", "~1")
