"""The import: read everything, compare, ask, send. Nothing is sent before the whole file was read and compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .._sync.client import Fanfare
from .reading import detect, source_named
from .records import Unreadable
from .sources.base import Source
from .steps.checking import Check
from .steps.composing import Rules, compose
from .steps.journal import Journal, fingerprint
from .steps.report import Summary, summary
from .steps.sending import Send
from .tables.options import TableOptions

Progress = Callable[[str, int, int | None], None]  # phase, done, total
Ask = Callable[[Summary], bool]


@dataclass(frozen=True)
class Importer:
    """Imports `file`. With `topics`, subscribes the users on the channels on which they have an address.

    `source`: the system that the file is from; None: recognised.
    """

    fanfare: Fanfare
    file: Path
    source: str | None = None
    topics: Sequence[str] = ()
    table: TableOptions = field(default_factory=TableOptions)
    progress: Progress = lambda *_: None

    @property
    def journal_file(self) -> Path:
        return self.file.with_name(f"{self.file.name}.import-journal")

    def run(self, apply: Ask) -> Summary:
        """Check; then, if `apply` says yes to the summary of the check, import.

        Raises Unreadable before the first call; FanfareError later. An import that has begun to send is continued by
        the same call without a question.
        """
        source = source_named(self.source) if self.source else detect(self.file)
        about = {
            "content": fingerprint(self.file),
            "source": source.name,
            "topics": sorted(self.topics),
            "table": self.table.as_json(),
        }
        with Journal(self.journal_file, about) as journal:
            resumed = journal.take()
            if not resumed:
                checked = self._check(journal, source)
                if not apply(checked):
                    journal.remove()
                    return checked
                journal.begin_sending({"notes": checked.notes})
            Send(self.fanfare, journal, self.progress).run()
            notes = journal.facts()["notes"]
            done = summary(journal, file=self.file, source=source.name, applied=True, resumed=resumed, notes=notes)
            journal.remove()
        return done

    def _check(self, journal: Journal, source: Source) -> Summary:
        try:
            topics = {topic: self.fanfare.topics.get(topic)["channels"] for topic in self.topics}
            for number in journal.fill(source.rows(self.file, self.table)):
                self.progress("reading", number, None)
            compose(journal, Rules(topics=topics, one_row=source.one_row))
            Check(self.fanfare, journal, self.progress).run()
        except (Unreadable, UnicodeDecodeError):
            journal.remove()
            raise
        notes = _notes(source, self.topics, journal)
        return summary(journal, file=self.file, source=source.name, applied=False, resumed=False, notes=notes)


def _notes(source: Source, topics: Sequence[str], journal: Journal) -> list[str]:
    notes = [*source.notes]
    without = journal.db.execute(
        "SELECT count(*) FROM rows WHERE kind = 'subscription' AND json_extract(body, '$.topic') IS NULL "
        "AND json_extract(body, '$.state') = 'subscribed'"
    ).fetchone()[0]
    if without and not topics:
        notes.append("Without --topic, users are stored and not subscribed; refusals are suppressions.")
    return notes


def read_options(columns: Sequence[str]) -> Mapping[str, str]:
    """`--column "E-Mail=email"` as column → field. Raises Unreadable."""
    found: dict[str, str] = {}
    for each in columns:
        name, equals, target = each.rpartition("=")
        if not equals or not name:
            raise Unreadable(f"--column {each}: must be COLUMN=FIELD, e.g. E-Mail=email; COLUMN= leaves a column out.")
        found[name] = target
    return found
