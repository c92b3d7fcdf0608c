"""The import: suppressions first, so that users who opted out are never contacted; then users, each atomically."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final, cast

from .._sync.client import Fanfare
from ..calls import USERS_A_CALL
from ..errors import FanfareError, Invalid
from ..types import Channel, ItemError, SubscriptionItem
from . import reading
from .compose import Composed, compose
from .journal import Journal, Settled, fingerprint
from .rows import LeftOut

CALLS_AT_ONCE: Final = 4
_ITEM: Final = re.compile(r"/items/\d+")

Progress = Callable[[str, int, int | None], None]  # phase, done, total


@dataclass(frozen=True)
class Summary:
    """`rows = imported + skipped + rejected`. `resumed`: the import continued an earlier run."""

    file: str
    format: str
    resumed: bool
    rows: int
    imported: int
    users: int
    skipped: dict[str, int]
    rejected: dict[str, int]
    suppressed: int
    attributes_left_out: dict[str, int]
    rejects_file: str | None


@dataclass
class _Result:
    settled: list[Settled] = field(default_factory=list)
    refusals: list[tuple[str, str]] = field(default_factory=list)


class Importer:
    """Imports `file`. With `topics`, subscribes the users on all channels with an address and without an opt-out."""

    def __init__(
        self,
        fanfare: Fanfare,
        file: Path,
        *,
        form: str | None = None,
        topics: Sequence[str] = (),
        progress: Progress = lambda *_: None,
    ) -> None:
        self.fanfare = fanfare
        self.file = file
        self.topics = topics
        self.progress = progress
        self._given = form
        self.journal_file = file.with_name(f"{file.name}.import-journal")
        self.rejects_file = file.with_name(f"{file.name}.rejects.jsonl")

    def run(self) -> Summary:
        """Import the rows that are not imported yet. Raises Unreadable before the first call; FanfareError later.

        After an error, the same call resumes the import.
        """
        content = fingerprint(self.file)
        self._form = reading.FORMATS[self._given] if self._given else reading.detect(self.file)
        self._channels = {topic: set(self.fanfare.topics.get(topic)["channels"]) for topic in self.topics}
        about = {"content": content, "format": self._form.name, "topics": sorted(self.topics)}
        with Journal(self.journal_file, about) as journal:
            resumed = journal.take()
            if not resumed:
                self._read(journal)
            self._send(journal)
            summary = self._summary(journal, resumed=resumed)
            journal.remove()
        return summary

    def _read(self, journal: Journal) -> None:
        try:
            for line in journal.fill(reading.rows(self.file, self._form)):
                self.progress("reading", line, None)
        except reading.Unreadable:
            journal.remove()
            raise

    def _send(self, journal: Journal) -> None:
        counted = {outcome: sum(codes.values()) for outcome, codes in journal.counted().items()}
        total = sum(counted.values())
        done = total - counted.get("pending", 0)
        self.progress("importing", done, total)
        with ThreadPoolExecutor(CALLS_AT_ONCE) as calls:
            while batch := journal.pending(USERS_A_CALL * CALLS_AT_ONCE):
                users = [compose(user_id, rows) for user_id, rows in batch]
                chunks = [users[at : at + USERS_A_CALL] for at in range(0, len(users), USERS_A_CALL)]
                for result in calls.map(self._send_chunk, chunks):
                    journal.settle(result.settled, result.refusals)
                    done += len(result.settled)
                    self.progress("importing", done, total)

    def _send_chunk(self, users: Sequence[Composed]) -> _Result:
        """The results of the rows. If a user's opt-out is rejected, their other rows stay pending for the next call."""
        result = _Result()
        again = {user.user_id for user in users if self._refuse(user, result)}
        going = [user for user in users if user.user_id not in again]
        stored = self._store([user for user in going if user.has_rows], result)
        self._subscribe(stored)
        for user in [*stored, *(user for user in going if not user.has_rows)]:
            result.settled += [_outcome(line, user.left_out.get(line)) for line in user.lines]
        return result

    def _refuse(self, user: Composed, result: _Result) -> bool:
        """Suppress the addresses that the user opted out of. Returns whether a row was rejected."""
        rejected = False
        for line, channel, address in user.refuses:
            try:
                self.fanfare.suppressions.put(cast(Channel, channel), address, cause="opt_out")
            except (Invalid, ValueError) as error:
                detail = error.errors[0].detail if isinstance(error, Invalid) and error.errors else str(error)
                column = self._form.column("/email" if channel == "email" else "/phone")
                result.settled.append(Settled(line, "rejected", "invalid_address", column, detail))
                rejected = True
            else:
                result.refusals.append((channel, address))
        return rejected

    def _store(self, users: Sequence[Composed], result: _Result) -> list[Composed]:
        """Store the users. Returns the accepted ones."""
        results = self.fanfare.users.put_many(user.item for user in users)
        taken = []
        for user, answer in zip(users, results, strict=True):
            if answer["error"] is None:
                taken.append(user)
            else:
                result.settled += self._rejected(user, answer["error"])
        return taken

    def _rejected(self, user: Composed, error: ItemError) -> Iterator[Settled]:
        """The lines that caused the error, as rejected."""
        seen: set[int] = set()
        for fault in error["errors"] or [{"pointer": "", "code": error["code"], "detail": error["detail"]}]:
            pointer = _ITEM.sub("", fault["pointer"], count=1)
            for line in user.lines_of(pointer):
                if line not in seen:
                    seen.add(line)
                    yield Settled(line, "rejected", fault["code"], self._form.column(pointer), fault["detail"])

    def _subscribe(self, users: Sequence[Composed]) -> None:
        for topic, channels in self._channels.items():
            items = [
                SubscriptionItem(user_id=user.user_id, channel=cast(Channel, channel), by="import")
                for user in users
                for channel in user.channels
                if channel in channels
            ]
            for answer in self.fanfare.subscriptions.put_many(topic, items):
                # who unsubscribed stays so
                if answer["error"] is not None and answer["error"]["code"] != "unsubscribed_by_person":
                    raise FanfareError(f"A subscription to {topic} was rejected: {answer['error']['detail']}")

    def _summary(self, journal: Journal, *, resumed: bool) -> Summary:
        counted = journal.counted()
        left_out = self._write_rejects(journal)
        return Summary(
            file=str(self.file),
            format=self._form.name,
            resumed=resumed,
            rows=sum(sum(codes.values()) for codes in counted.values()),
            imported=sum(counted.get("imported", {}).values()),
            users=journal.users(),
            skipped=counted.get("skipped", {}),
            rejected=counted.get("rejected", {}),
            suppressed=journal.refused_addresses(),
            attributes_left_out=journal.left_out_attributes(),
            rejects_file=str(self.rejects_file) if left_out else None,
        )

    def _write_rejects(self, journal: Journal) -> bool:
        """Write every row that was not imported, with the reason. Returns whether there is one."""
        self.rejects_file.unlink(missing_ok=True)
        left_out = journal.not_imported()
        first = next(left_out, None)
        if first is None:
            return False
        # readable only by the owner: it contains addresses
        descriptor = os.open(self.rejects_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            for row in chain([first], left_out):
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        return True


def _outcome(line: int, left_out: LeftOut | None) -> Settled:
    if left_out is None:
        return Settled(line, "imported")
    return Settled(line, left_out.outcome, left_out.code, left_out.column, str(left_out))
