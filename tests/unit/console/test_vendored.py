"""What others wrote is here as they released it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import console

# of the package htmx.org 2.0.11 on the npm registry: dist/htmx.min.js
HTMX = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
STATIC = Path(console.__file__).parent / "static"


def test_htmx_is_as_it_was_released() -> None:
    (script,) = STATIC.glob("*.js")
    assert hashlib.sha256(script.read_bytes()).hexdigest() == HTMX


def test_its_licence_is_beside_it() -> None:
    assert "Zero-Clause BSD" in (STATIC / "htmx-LICENSE.txt").read_text()
