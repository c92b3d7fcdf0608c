"""The result of each row: a file next to the imported one until the import is complete.

It contains the same personal data as the imported file, so only the owner can read it; it is deleted at the end.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Self

from .reading import Read, Unreadable
from .rows import LeftOut, Row

VERSION = 1
ROWS_A_COMMIT = 2_000
TABLES = """
CREATE TABLE about (what TEXT PRIMARY KEY, said TEXT NOT NULL);
CREATE TABLE rows (
    line INTEGER PRIMARY KEY, user TEXT, row TEXT, text TEXT NOT NULL,
    outcome TEXT NOT NULL, code TEXT, field TEXT, detail TEXT
);
CREATE INDEX by_user ON rows (outcome, user);
CREATE TABLE left_out (name TEXT PRIMARY KEY, times INTEGER NOT NULL);
CREATE TABLE refusals (channel TEXT, address TEXT, PRIMARY KEY (channel, address));
"""


@dataclass(frozen=True)
class Settled:
    line: int
    outcome: str  # imported, skipped, rejected
    code: str | None = None
    field: str | None = None
    detail: str | None = None


class Journal:
    def __init__(self, file: Path, about: Mapping[str, Any]) -> None:
        self.file = file
        self._about = json.dumps({"version": VERSION, **about}, sort_keys=True)
        # readable only by the owner: it contains addresses
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        self._db = sqlite3.connect(file, timeout=0, isolation_level=None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def take(self) -> bool:
        """Lock the journal. Returns whether it resumes an earlier run. Raises Unreadable."""
        try:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("BEGIN EXCLUSIVE")
            known = self._db.execute("SELECT name FROM sqlite_master").fetchall()
            found = dict(self._db.execute("SELECT what, said FROM about")) if known else {}
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise Unreadable(f"{self.file} is in use. Is the same import already running?") from error
        except sqlite3.DatabaseError as error:
            raise Unreadable(f"{self.file} is not an import journal. Remove it and start again.") from error
        if "read" in found and found["about"] != self._about:
            raise Unreadable(
                f"{self.file} belongs to an import of another file or with other options. To start over, remove it; "
                "users imported before are then imported again, which is safe."
            )
        return "read" in found

    def fill(self, rows: Iterable[Read]) -> Iterator[int]:
        """Store all rows. Yields the current line number after each commit."""
        self._db.executescript(
            "".join(f"DROP TABLE IF EXISTS {name};" for name in ("about", "rows", "left_out", "refusals")) + TABLES
        )
        self._db.execute("BEGIN")
        for number, read in enumerate(rows, start=1):
            self._note(read)
            if number % ROWS_A_COMMIT == 0:
                self._db.execute("COMMIT")
                yield read.line
                self._db.execute("BEGIN")
        self._db.execute("INSERT INTO about VALUES ('about', ?), ('read', 'whole')", (self._about,))
        self._db.execute("COMMIT")

    def _note(self, read: Read) -> None:
        found = read.found
        text = read.text.encode("utf-8", "replace").decode()
        values: tuple[str | None, ...]
        if isinstance(found, LeftOut):
            values = (None, None, text, found.outcome, found.code, found.column, str(found))
        else:
            values = (found.user_id, found.to_json(), text, "pending", None, None, None)
            for name in found.left_out:
                self._db.execute(
                    "INSERT INTO left_out VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET times = times + 1", (name,)
                )
        self._db.execute("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (read.line, *values))

    def pending(self, users: int) -> list[tuple[str, dict[int, Row]]]:
        """The rows of up to `users` users that have no result yet."""
        found = self._db.execute(
            "SELECT user, line, row FROM rows WHERE outcome = 'pending' AND user IN "
            "(SELECT DISTINCT user FROM rows WHERE outcome = 'pending' ORDER BY user LIMIT ?) ORDER BY user, line",
            (users,),
        )
        return [
            (user, {line: Row.from_json(row) for _, line, row in rows})
            for user, rows in groupby(found, key=lambda each: each[0])
        ]

    def settle(self, settled: Iterable[Settled], refusals: Iterable[tuple[str, str]]) -> None:
        """Store the results in one transaction."""
        self._db.execute("BEGIN")
        self._db.executemany(
            "UPDATE rows SET outcome = ?, code = ?, field = ?, detail = ? WHERE line = ?",
            [(row.outcome, row.code, row.field, row.detail, row.line) for row in settled],
        )
        self._db.executemany("INSERT OR IGNORE INTO refusals VALUES (?, ?)", refusals)
        self._db.execute("COMMIT")

    def counted(self) -> dict[str, dict[str, int]]:
        """Rows by outcome and code."""
        counts: dict[str, dict[str, int]] = {}
        for outcome, code, number in self._db.execute(
            "SELECT outcome, coalesce(code, ''), count(*) FROM rows GROUP BY 1, 2 ORDER BY 1, 2"
        ):
            counts.setdefault(outcome, {})[code] = number
        return counts

    def users(self) -> int:
        return self._number("SELECT count(DISTINCT user) FROM rows WHERE outcome = 'imported'")

    def refused_addresses(self) -> int:
        return self._number("SELECT count(*) FROM refusals")

    def left_out_attributes(self) -> dict[str, int]:
        """Names of attributes that were not imported, with the number of rows that had them."""
        return dict(self._db.execute("SELECT name, times FROM left_out ORDER BY name"))

    def not_imported(self) -> Iterator[dict[str, Any]]:
        """The rows that were not imported, in the order of the file."""
        for line, outcome, code, field, detail, text in self._db.execute(
            "SELECT line, outcome, code, field, detail, text FROM rows "
            "WHERE outcome IN ('rejected', 'skipped') ORDER BY line"
        ):
            yield {
                "line": line,
                "outcome": outcome,
                "code": code,
                "field": field,
                "detail": detail,
                "row": text.rstrip("\r\n"),
            }

    def remove(self) -> None:
        self._db.close()
        self.file.unlink()

    def _number(self, question: str) -> int:
        number: int = self._db.execute(question).fetchone()[0]
        return number


def fingerprint(file: Path) -> str:
    """SHA-256 of the file's content. Raises Unreadable."""
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise Unreadable(f"Can't read {file}: {error.strerror}") from error
