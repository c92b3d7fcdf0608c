"""How many matches each file, or all files of a folder, may still have. The numbers only go down."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from tests.prose.texts import Found

FILE: Final = Path(__file__).with_name("allowed.json")


def allowed() -> dict[str, int]:
    """File or folder → matches."""
    counts: dict[str, int] = json.loads(FILE.read_text())
    return counts


def entry_of(file: str, entries: Iterable[str]) -> str:
    """The entry that a file counts for: its own, else that of the nearest folder, else none yet."""
    fitting = [entry for entry in entries if file == entry or file.startswith(f"{entry}/")]
    return max(fitting, key=len, default=file)


def counted(found: Iterable[Found], entries: Iterable[str]) -> Counter[str]:
    """Matches by entry."""
    entries = list(entries)
    return Counter(entry_of(each.file, entries) for each in found)


def lowered(before: Mapping[str, int], now: Mapping[str, int]) -> dict[str, int]:
    """The entries with smaller numbers where there are fewer matches; those without a match are gone."""
    return {entry: min(count, now.get(entry, 0)) for entry, count in before.items() if now.get(entry, 0)}
