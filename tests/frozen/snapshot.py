"""Compares a text with its snapshot. `python -m tests.frozen` sets `rewriting`, and the snapshot is written instead."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "snapshots"
rewriting = False


def compare(name: str, lines: Iterable[str]) -> None:
    """Fail, showing the lines that differ, unless the snapshot has exactly these lines."""
    now = [*lines]
    path = FOLDER / name
    if rewriting:
        path.write_text("".join(f"{line}\n" for line in now), encoding="utf-8")
    frozen = path.read_text(encoding="utf-8").splitlines()
    differ = difflib.unified_diff(frozen, now, "frozen", "now", n=0, lineterm="")
    told = "\n".join(line[:2_000] for line in differ)
    assert not told, f"{name} is frozen, and differs:\n{told}"


def members(value: Mapping[str, Any]) -> Iterable[str]:
    """JSON with one member a line, sorted by name, so that a diff names what changed."""
    yield "{"
    for place, name in enumerate(sorted(value)):
        comma = "," if place < len(value) - 1 else ""
        yield f"  {json.dumps(name)}: {json.dumps(value[name], sort_keys=True, ensure_ascii=False)}{comma}"
    yield "}"
