"""Everything of an import: a file next to the imported one until the import is complete.

It contains the same personal data as the imported file, so only the owner can read it; it is deleted at the end.

lines      the text of each row of the file
rows       the records of the rows
items      what is sent: one per user, subscription, suppression, topic, template, brand; with its result
left_out   what is not imported, and why
changes    what changes of stored users, field by field
known      ids of stored users that are numbers, and without leading zeros
opted_out  ids of stored users who opted out of everything
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Self

from ..records import LeftOut, Read, Unreadable, to_json
from .items import Items

VERSION: Final = 3
ROWS_A_COMMIT: Final = 2_000
TABLES: Final = """
CREATE TABLE about (what TEXT PRIMARY KEY, said TEXT NOT NULL);
CREATE TABLE lines (place INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE rows (n INTEGER PRIMARY KEY, place INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT, at TEXT, body TEXT);
CREATE TABLE items (
    n INTEGER PRIMARY KEY, step INTEGER NOT NULL, key TEXT NOT NULL, user TEXT, body TEXT NOT NULL,
    places TEXT NOT NULL, state TEXT NOT NULL, verdict TEXT
);
CREATE UNIQUE INDEX by_key ON items (step, key);
CREATE INDEX by_state ON items (step, state, n);
CREATE TABLE left_out (
    place INTEGER, outcome TEXT NOT NULL, code TEXT NOT NULL, field TEXT NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (place, outcome, code, field, detail)
) WITHOUT ROWID;
CREATE TABLE changes (
    user TEXT NOT NULL, field TEXT NOT NULL, old TEXT, new TEXT, PRIMARY KEY (user, field)
) WITHOUT ROWID;
CREATE TABLE opted_out (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE known (id TEXT PRIMARY KEY, bare TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX by_bare ON known (bare);
CREATE INDEX by_row ON rows (kind, key, at, n);
CREATE INDEX by_user ON items (user);
"""


class Journal:
    def __init__(self, file: Path, about: Mapping[str, Any]) -> None:
        self.file = file
        self._about = to_json({"version": VERSION, **about})
        # readable only by the owner: it contains addresses
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        self.db = sqlite3.connect(file, timeout=0, isolation_level=None)
        self.items = Items(self.db)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    def take(self) -> bool:
        """Lock the journal. Returns whether the import had begun to send. Raises Unreadable."""
        try:
            self.db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self.db.execute("PRAGMA cache_size = -16000")
            self.db.execute("BEGIN EXCLUSIVE")
            known = self.db.execute("SELECT name FROM sqlite_master").fetchall()
            found = dict(self.db.execute("SELECT what, said FROM about")) if known else {}
            self.db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise Unreadable(f"{self.file} is in use. Is the same import already running?") from error
        except sqlite3.DatabaseError as error:
            raise Unreadable(f"{self.file} is not an import journal. Remove it and start again.") from error
        if "sending" in found and found["about"] != self._about:
            raise Unreadable(
                f"{self.file} belongs to an import of another file or with other options. To start over, remove it; "
                "what was imported before is then imported again, which is safe."
            )
        return "sending" in found

    def fill(self, reads: Iterable[Read]) -> Iterator[int]:
        """Store all rows. Yields the number of rows after each commit."""
        self._begin_anew()
        self.db.execute("BEGIN")
        for number, read in enumerate(reads, start=1):
            text = read.text.encode("utf-8", "replace").decode()
            self.db.execute("INSERT INTO lines VALUES (?, ?)", (read.place, text))
            for found in read.found:
                if isinstance(found, LeftOut):
                    self.leave_out([(read.place, found)])
                else:
                    key = str(found.body.get("id") or "")
                    self.db.execute(
                        "INSERT INTO rows (place, kind, key, at, body) VALUES (?, ?, ?, ?, ?)",
                        (read.place, found.kind, key, found.at, to_json(found.body)),
                    )
            if number % ROWS_A_COMMIT == 0:
                self.db.execute("COMMIT")
                yield number
                self.db.execute("BEGIN")
        self.db.execute("COMMIT")

    def _begin_anew(self) -> None:
        names = ("about", "lines", "rows", "items", "left_out", "changes", "known", "opted_out")
        self.db.executescript("".join(f"DROP TABLE IF EXISTS {name};" for name in names) + TABLES)
        self.db.execute("INSERT INTO about VALUES ('about', ?)", (self._about,))

    def begin_sending(self, facts: Mapping[str, Any]) -> None:
        """From now on, the same import goes on here. `facts` are kept."""
        self.db.execute("INSERT OR REPLACE INTO about VALUES ('facts', ?)", (to_json(facts),))
        self.db.execute("INSERT OR REPLACE INTO about VALUES ('sending', 'yes')")

    def facts(self) -> dict[str, Any]:
        """What was kept when sending began."""
        (said,) = self.db.execute("SELECT said FROM about WHERE what = 'facts'").fetchone()
        found: dict[str, Any] = json.loads(said)
        return found

    def rows(self, kind: str) -> Iterator[tuple[int, str, str, dict[str, Any]]]:
        """(Place, key, at, body) of all records of a kind, by key, the newest last."""
        cursor = self.db.execute("SELECT place, key, at, body FROM rows WHERE kind = ? ORDER BY key, at, n", (kind,))
        for place, key, at, body in cursor:
            yield place, key, at, json.loads(body)

    def leave_out(self, left: Iterable[tuple[int, LeftOut]]) -> None:
        self.db.executemany(
            "INSERT OR IGNORE INTO left_out VALUES (?, ?, ?, ?, ?)",
            [(place, each.outcome, each.code, each.column, each.detail) for place, each in left],
        )

    def leave_out_user(self, user: str, left: LeftOut) -> None:
        """Leave out all rows of a user. That they were skipped for another one counts no more."""
        self.db.execute(
            "DELETE FROM left_out WHERE outcome = 'skipped' "
            "AND place IN (SELECT place FROM rows WHERE kind = 'user' AND key = ?)",
            (user,),
        )
        self.db.execute(
            "INSERT OR IGNORE INTO left_out "
            "SELECT DISTINCT place, ?, ?, ?, ? FROM rows WHERE kind = 'user' AND key = ?",
            (left.outcome, left.code, left.column, left.detail, user),
        )

    def note_opted_out(self, users: Iterable[str]) -> None:
        self.db.executemany("INSERT OR IGNORE INTO opted_out VALUES (?)", [(each,) for each in users])

    def has_opted_out(self, user: str) -> bool:
        """Whether the user opted out of everything before the import."""
        return self.db.execute("SELECT 1 FROM opted_out WHERE id = ?", (user,)).fetchone() is not None

    def template_at(self, key: str, place: int, version: int) -> dict[str, Any]:
        """A version of a template, as the file has it."""
        found = self.db.execute("SELECT body FROM rows WHERE kind = 'template' AND key = ? AND place = ?", (key, place))
        bodies = [json.loads(body) for (body,) in found]
        return next((each for each in bodies if each.get("version") == version), bodies[-1])

    def remove(self) -> None:
        self.db.close()
        self.file.unlink()


def fingerprint(file: Path) -> str:
    """SHA-256 of the file's content. Raises Unreadable."""
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise Unreadable(f"Can't read {file}: {error.strerror}") from error
