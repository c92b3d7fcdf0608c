"""A file of twenty people for each system that people come from, as that system writes it, and what becomes of each.

A row stands beside what is stored of it afterwards:

    ada name=Ada email=ada@x.org       the user, with the fields that are stored
    +news/email@2020-01-02             a yes, with its time if the file has one; `-` is a refusal
    !ada@x.org bounce@2020-01-02       a suppression
    ~rejected invalid_email email      what is not imported: outcome, code, field
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Rows = Sequence[tuple[Any, str]]


@dataclass(frozen=True)
class Peer:
    """`rules`: what says how the file looks. `write` makes its content from the rows. `said`: notes to the importer."""

    source: str
    rules: str
    file: str
    write: Callable[[list[Any]], str | bytes]
    people: Rows
    said: Sequence[str] = ()
    options: dict[str, Any] = field(default_factory=dict)
    recognised: bool = True

    def made(self, folder: Path) -> Path:
        target = folder / self.file
        content = self.write([row for row, _ in self.people])
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return target


def lines(*before: str) -> Callable[[list[Any]], str]:
    """Rows of text below a header."""
    return lambda rows: "".join(f"{line}\n" for line in (*before, *rows))
