"""Keyed digests, for values that must be recognised later but must not be readable in storage."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping

Keys = Callable[[], Mapping[str, str]]  # key id → key, the newest last


def digest(*parts: str, keys: Keys, purpose: str) -> str:
    """The digest (hexadecimal) of `parts` with the newest key; another purpose has another digest."""
    return _under(list(keys().values())[-1], purpose, parts)


def digests(*parts: str, keys: Keys, purpose: str) -> list[str]:
    """The digest of `parts` with each configured key."""
    return [_under(key, purpose, parts) for key in keys().values()]


def matches(known: str, *parts: str, keys: Keys, purpose: str) -> bool:
    """Whether `known` is the digest of `parts` with any configured key. Takes constant time."""
    found = [hmac.compare_digest(known, _under(key, purpose, parts)) for key in keys().values()]
    return any(found)


def _under(key: str, purpose: str, parts: tuple[str, ...]) -> str:
    # lengths keep ("ab", "c") and ("a", "bc") apart
    text = "".join(f"{len(part)}:{part}" for part in (purpose, *parts))
    return hmac.new(key.encode(), f"digest\n{text}".encode(), hashlib.sha256).hexdigest()
