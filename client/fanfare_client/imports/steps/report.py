"""What an import would do or has done: numbers, and a file with each row that is not imported and each change."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

from .composing import BRAND, NOS, SUPPRESSIONS, TEMPLATES, TOPICS, USERS, YESES
from .journal import Journal

EXAMPLES: Final = 3
WHOLE_ROWS: Final = ("rejected", "damaged", "skipped")  # the first of these is a row's outcome


@dataclass(frozen=True)
class Summary:
    """`rows = imported + skipped + rejected + damaged`; `fields`: only this field of a row is not imported.

    Before the import is applied, the numbers say what it would do. `resumed`: it continued an earlier run.
    """

    file: str
    source: str
    applied: bool
    resumed: bool
    rows: int
    imported: int
    skipped: Mapping[str, int]
    rejected: Mapping[str, int]
    damaged: Mapping[str, int]
    fields: Mapping[str, int]
    users: Mapping[str, int]
    changes: Mapping[str, int]
    examples: Mapping[str, list[list[Any]]]
    subscribed: int
    unsubscribed: int
    left_alone: int
    suppressed: int
    topics: Mapping[str, int]
    templates: Mapping[str, int]
    brand: Mapping[str, int]
    notes: list[str]
    report_file: str | None

    @property
    def complete(self) -> bool:
        """Whether everything in the file can be imported."""
        return not (self.rejected or self.damaged or self.fields)


def summary(journal: Journal, *, file: Path, source: str, applied: bool, resumed: bool, notes: list[str]) -> Summary:
    """The numbers; writes the report."""
    outcomes = _rows(journal)
    counted: dict[str, dict[str, int]] = {name: {} for name in (*WHOLE_ROWS, "field")}
    for outcome, code, count in outcomes:
        counted[outcome][code] = count
    rows = _number(journal, "SELECT count(*) FROM lines")
    whole = sum(sum(counted[name].values()) for name in WHOLE_ROWS)
    changes = dict(journal.db.execute("SELECT field, count(*) FROM changes GROUP BY 1 ORDER BY 1"))
    report = file.with_name(f"{file.name}.report.jsonl")
    return Summary(
        file=str(file),
        source=source,
        applied=applied,
        resumed=resumed,
        rows=rows,
        imported=rows - whole,
        skipped=counted["skipped"],
        rejected=counted["rejected"],
        damaged=counted["damaged"],
        fields=counted["field"],
        users=_verdicts(journal, USERS),
        changes=changes,
        examples={name: _examples(journal, name) for name in changes},
        subscribed=_sent(journal, YESES),
        unsubscribed=_sent(journal, NOS),
        left_alone=_number(journal, "SELECT count(*) FROM items WHERE verdict = 'left_alone'"),
        suppressed=_sent(journal, SUPPRESSIONS),
        topics=_verdicts(journal, TOPICS),
        templates=_verdicts(journal, TEMPLATES),
        brand=_verdicts(journal, BRAND),
        notes=notes,
        report_file=str(report) if _write(journal, report) else None,
    )


def _rows(journal: Journal) -> list[tuple[str, str, int]]:
    """(Outcome, code, number): of a row that is not imported once, under its first reason; of fields each."""
    whole = journal.db.execute(
        "SELECT outcome, code, count(*) FROM (SELECT outcome, code, min(CASE outcome WHEN 'rejected' THEN 0 "
        "WHEN 'damaged' THEN 1 ELSE 2 END) FROM left_out WHERE outcome <> 'field' GROUP BY place) "
        "GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()
    fields = journal.db.execute(
        "SELECT outcome, code, count(*) FROM left_out WHERE outcome = 'field' GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()
    return [*whole, *fields]


def _verdicts(journal: Journal, step: int) -> dict[str, int]:
    return dict(
        journal.db.execute(
            "SELECT CASE WHEN state = 'rejected' THEN 'rejected' ELSE coalesce(verdict, 'new') END, count(*) "
            "FROM items WHERE step = ? GROUP BY 1 ORDER BY 1",
            (step,),
        )
    )


def _sent(journal: Journal, step: int) -> int:
    question = "SELECT count(*) FROM items WHERE step = ? AND state IN ('pending', 'done')"
    return _number(journal, question, step)


def _examples(journal: Journal, field: str) -> list[list[Any]]:
    found = journal.db.execute(
        "SELECT user, old, new FROM changes WHERE field = ? ORDER BY user LIMIT ?", (field, EXAMPLES)
    )
    return [[user, json.loads(old), json.loads(new)] for user, old, new in found]


def _write(journal: Journal, file: Path) -> bool:
    """Write the report. Returns whether there is anything to report."""
    file.unlink(missing_ok=True)
    lines = chain(_not_imported(journal), _left_alone(journal), _changes(journal))
    first = next(lines, None)
    if first is None:
        return False
    # readable only by the owner: it contains addresses
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as written:
        for line in chain([first], lines):
            written.write(json.dumps(line, ensure_ascii=False) + "\n")
    return True


def _not_imported(journal: Journal) -> Iterator[dict[str, Any]]:
    """What is not imported, in the order of the file."""
    for place, outcome, code, field, detail, text in journal.db.execute(
        "SELECT place, outcome, code, field, detail, coalesce(text, '') FROM left_out LEFT JOIN lines USING (place) "
        "ORDER BY place, outcome, code, field"
    ):
        found = {"line": place, "outcome": outcome, "code": code, "field": field, "detail": detail}
        yield found | {"row": text.rstrip("\r\n")}


def _left_alone(journal: Journal) -> Iterator[dict[str, Any]]:
    for key in journal.db.execute("SELECT key FROM items WHERE verdict = 'left_alone' ORDER BY key"):
        topic, user, channel = key[0].split("#")
        yield {
            "outcome": "left_alone",
            "code": "unsubscribed_by_person",
            "topic": topic,
            "user": user,
            "channel": channel,
        }


def _changes(journal: Journal) -> Iterator[dict[str, Any]]:
    for user, field, old, new in journal.db.execute("SELECT user, field, old, new FROM changes ORDER BY user, field"):
        yield {"outcome": "changed", "user": user, "field": field, "old": json.loads(old), "new": json.loads(new)}


def _number(journal: Journal, question: str, *values: Any) -> int:
    return int(journal.db.execute(question, values).fetchone()[0])
