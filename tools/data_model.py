"""Writes docs/data-model.md from the code: `python -m tools.data_model`.

Tables and indexes are those of `fanfare.aws.tables`. The rows of a table stand in the docstring of the module that
stores them: its first line names the table, and the lines below `pk  sk  what` are the rows.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fanfare.aws.tables import TABLES, Index, TableSpec

ROOT: Final = Path(__file__).parent.parent
PACKAGE: Final = ROOT / "layers" / "fanfare" / "python" / "fanfare"
PAGE: Final = ROOT / "docs" / "data-model.md"
_HEADER: Final = re.compile(r"^ *(pk +)(sk +)what$", re.MULTILINE)
HEAD: Final = """\
<!-- Generated from the code by `python -m tools.data_model`; a test fails if they differ. -->
# Data model

Six DynamoDB tables, billed on demand, encrypted, with point-in-time recovery. Each has a partition key `pk`, a sort key
`sk`, and the TTL attribute `ttl`. TTL removes messages, batches, deliveries and inbox notes after `retention_days`;
nothing depends on when it does so. Rows of `audience` and `catalogue` stay, unless the table below says otherwise.

`<k>` is the shard of a topic, chosen by a hash of the user's id; `<message>` is a message's id. Names of tables are the
outputs of the storage stack. Attributes and key prefixes are deployed: a change of the code never renames them. The
attributes of each kind of item are in [items.txt](../tests/frozen/snapshots/items.txt).
"""


@dataclass(frozen=True)
class Row:
    """A kind of item: its keys, with what varies in angle brackets."""

    table: str
    pk: str
    sk: str
    what: str
    module: str


@functools.cache
def rows() -> tuple[Row, ...]:
    """Every kind of item that a docstring names."""
    return tuple(row for file in sorted(PACKAGE.rglob("*.py")) for row in _rows(file))


def _rows(file: Path) -> Iterator[Row]:
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    header = _HEADER.search(said)
    if header is None:
        return
    named = re.search(r"\b(\w+) table\b", said.partition("\n")[0])
    if named is None:
        raise ValueError(f"the first line of {file.name} must name its table")
    second, third = header.start(2) - header.start(), header.end(2) - header.start()
    module = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for line in _joined(said[header.end() + 1 :].partition("\n\n")[0].splitlines(), third):
        yield Row(named[1], line[:second].strip(), line[second:third].strip(), line[third:].strip(), module)


def _joined(lines: list[str], third: int) -> list[str]:
    """The lines of a table; one that has only a third column goes on with the line before it."""
    joined: list[str] = []
    for line in lines:
        if line[:third].strip():
            joined.append(line)
        else:
            joined[-1] += f" {line.strip()}"
    return joined


def page() -> str:
    """The whole page."""
    found = rows()
    return HEAD + "".join(_section(table, [row for row in found if row.table == table.name]) for table in TABLES)


def _section(table: TableSpec, found: list[Row]) -> str:
    modules = ", ".join(f"`{module}`" for module in dict.fromkeys(row.module for row in found))
    lines = [f"## {table.name}", "", f"Stored by {modules}.", "", "| pk | sk | what |", "|---|---|---|"]
    lines += [f"| `{row.pk}` | `{row.sk}` | {row.what} |" for row in found]
    if table.indexes:
        lines += ["", "| index | partition key | sort key | projection | for |", "|---|---|---|---|---|"]
        lines += [_index(index) for index in table.indexes]
    return "\n" + "\n".join(lines) + "\n"


def _index(index: Index) -> str:
    projection = ", ".join(f"`{name}`" for name in index.include) or "keys only"
    return f"| `{index.name}` | `{index.hash}` | `{index.range}` | {projection} | {index.what} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
