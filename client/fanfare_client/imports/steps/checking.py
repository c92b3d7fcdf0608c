"""What an import would change: compared with the deployment, before the first write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..._sync.client import Fanfare
from ...errors import NotFound
from ..records import LeftOut
from ..tables.made_of import as_number, made_of
from .catalogue import FIXED, CheckCatalogue, stored_or_none
from .composing import USERS, YESES
from .in_flight import in_flight
from .items import Item
from .journal import Journal

BATCH: Final = 500
OF_PEOPLE: Final = frozenset({"person", "one_click", "page", "stop", "confirmation"})
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Check:
    fanfare: Fanfare
    journal: Journal
    progress: Progress

    def run(self) -> None:
        """Note for each item whether it is new, changed, the same or left alone. Reads only."""
        CheckCatalogue(self.fanfare, self.journal).run()
        if self._count("json_extract(body, '$.opted_out')"):
            for page in self.fanfare.users.list(opted_out=True).pages():
                self.journal.note_opted_out([user["id"] for user in page["items"]])
        self._users()
        self._ids_made_numbers()
        self._refusals()

    # Users

    def _users(self) -> None:
        """Compare the users.

        As many pages of all users are read as there are users to compare; then each of the rest alone.
        """
        total = left = self._count("verdict IS NULL")
        pages = 0
        if left:
            for page in self.fanfare.users.list().pages():
                pages += 1
                self._remember([user["id"] for user in page["items"]])
                left -= self._compare({user["id"]: user for user in page["items"]})
                self.progress("checking", total - left, total)
                if not left or (page["next_cursor"] and pages >= total):
                    break
            else:
                self._all_else_is_new()
                return
        self._one_by_one()

    def _count(self, condition: str) -> int:
        (count,) = self.journal.db.execute(
            f"SELECT count(*) FROM items WHERE step = ? AND {condition}",  # noqa: S608  # a constant
            (USERS,),
        ).fetchone()
        return int(count)

    def _remember(self, ids: Sequence[str]) -> None:
        numbers = [(each, made) for each in ids if (made := as_number(each)) is not None]
        self.journal.db.executemany("INSERT OR IGNORE INTO known VALUES (?, ?)", numbers)

    def _compare(self, stored: Mapping[str, Any]) -> int:
        found = [self.journal.items.get(USERS, user_id) for user_id in stored]
        known = [item for item in found if item is not None and item.verdict is None]
        self.journal.db.execute("BEGIN")
        for item in known:
            self._compare_one(item, stored[item.key])
        self.journal.items.settle(known)
        self.journal.db.execute("COMMIT")
        return len(known)

    def _compare_one(self, item: Item, stored: Mapping[str, Any]) -> None:
        changes: dict[str, tuple[Any, Any]] = {}
        for name, (old, new) in list(_differences(item.body, stored)):
            damage = made_of(old, new) if isinstance(old, str) and isinstance(new, str) else None
            if damage:
                _drop(item.body, name)
                place = item.places.get(f"/{name.replace('.', '/')}", item.places[""])
                self.journal.leave_out([(place, LeftOut(damage.code, damage.detail, name, "damaged"))])
            else:
                changes[name] = (old, new)
        if item.body.get("opted_out"):
            if self.journal.has_opted_out(item.key):
                del item.body["opted_out"]
            else:
                changes["opted_out"] = (False, True)
        item.verdict = "changed" if changes else "unchanged"
        item.state = item.state if item.verdict == "changed" else "kept"
        self.journal.items.note_changes(item.key, changes)

    def _all_else_is_new(self) -> None:
        self.journal.db.execute("UPDATE items SET verdict = 'new' WHERE step = ? AND verdict IS NULL", (USERS,))

    def _one_by_one(self) -> None:
        def look_up(item: Item) -> tuple[Item, Mapping[str, Any] | None]:
            return item, stored_or_none(lambda: self.fanfare.users.get(item.key))

        while items := list(self._unjudged()):
            for item, stored in in_flight(look_up, items):
                if stored is None:
                    item.verdict = "new"
                    self.journal.items.settle([item])
                else:
                    self._compare({item.key: stored})

    def _unjudged(self) -> Iterator[Item]:
        keys = self.journal.db.execute(
            "SELECT key FROM items WHERE step = ? AND verdict IS NULL LIMIT ?", (USERS, BATCH)
        ).fetchall()
        return (item for (key,) in keys if (item := self.journal.items.get(USERS, key)))

    def _ids_made_numbers(self) -> None:
        """Leave out new users whose id is what a spreadsheet makes of a stored user's, e.g. 12 of 0012."""
        found = self.journal.db.execute(
            "SELECT items.key, known.id FROM items JOIN known ON known.bare = items.key "
            "WHERE items.step = ? AND items.verdict = 'new' AND known.id <> items.key",
            (USERS,),
        )
        for key, known in found:
            item = self.journal.items.get(USERS, key)
            if item is not None:
                item.verdict, item.state = "damaged", "rejected"
                detail = f"no user {key}, but {known}: a spreadsheet made a number of it"
                code = "lost_zeros" if known.isdigit() else "number"
                self.journal.leave_out([(item.places[""], LeftOut(code, detail, "id", "damaged"))])
                self.journal.items.settle([item])
                self.journal.db.execute("DELETE FROM items WHERE user = ? AND step > ?", (key, USERS))

    # Refusals

    def _refusals(self) -> None:
        """Leave alone who unsubscribed here."""
        topics = self.journal.db.execute(
            "SELECT DISTINCT substr(key, 1, instr(key, '#') - 1) FROM items WHERE step = ? AND state = 'pending'",
            (YESES,),
        ).fetchall()
        for (topic,) in topics:
            try:
                self._refusals_of(topic)
            except NotFound:  # a topic that is still to be made
                continue

    def _refusals_of(self, topic: str) -> None:
        for page in self.fanfare.topics.subscribers(topic, state="unsubscribed").pages():
            keys = [
                "#".join((topic, each["user_id"], each["channel"])) for each in page["items"] if each["by"] in OF_PEOPLE
            ]
            items = [item for key in keys if (item := self.journal.items.get(YESES, key)) is not None]
            for item in items:
                item.state, item.verdict = "kept", "left_alone"
            self.journal.items.settle(items)


def _differences(body: dict[str, Any], stored: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """(Field, (old, new)) of what would change. A value of another type that says the same takes the old type."""
    names = [name for name in body if name not in FIXED and name != "attributes"]
    for name in names:
        old, new = stored.get(name), body[name]
        if (old or None) != (new or None):
            yield name, (old, new)
    mine, theirs = body.get("attributes") or {}, stored.get("attributes") or {}
    for name in mine:
        old, new = theirs.get(name), _typed_as(theirs.get(name), mine[name])
        mine[name] = new
        if old != new:
            yield f"attributes.{name}", (old, new)


def _typed_as(old: Any, new: Any) -> Any:
    """The text of a table as the number or boolean that the attribute was."""
    if isinstance(new, str) and isinstance(old, bool) and new.lower() in ("true", "false"):
        return new.lower() == "true"
    if isinstance(new, str) and isinstance(old, int | float) and not isinstance(old, bool):
        if re.fullmatch(r"-?\d{1,15}", new):
            return int(new)
        if re.fullmatch(r"-?\d{1,15}\.\d{1,15}", new):
            return float(new)
    return new


def _drop(body: dict[str, Any], name: str) -> None:
    first, _, rest = name.partition(".")
    if rest:
        body[first].pop(rest, None)
    else:
        body.pop(first, None)
