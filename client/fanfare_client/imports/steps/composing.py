"""From records to what is sent: all rows of a user become one, and of two answers on a topic one holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from ..records import CHANNEL_OF, NO, OPT_OUT, SUPPRESSIBLE, LeftOut
from .items import Item
from .journal import Journal

BRAND, TOPICS, TEMPLATES, SUPPRESSIONS, USERS, NOS, YESES = range(7)
DEVICES: Final = 20  # per user
ADDRESSES: Final = ("email", "phone", "webhook")
BATCH: Final = 2_000


@dataclass(frozen=True)
class Rules:
    """`topics`: of --topic, with their channels. `one_row`: in this source, a user has one row."""

    topics: Mapping[str, Sequence[str]] = field(default_factory=dict)
    one_row: bool = False


def compose(journal: Journal, rules: Rules) -> None:
    """Make the items from the rows."""
    for step, kind in ((BRAND, "brand"), (TOPICS, "topic"), (TEMPLATES, "template")):
        _keep(journal, step, kind)
    journal.db.execute("BEGIN")
    users = groupby(journal.rows("user"), key=lambda row: row[1])
    for number, (user_id, rows) in enumerate(users):
        item = _Composed(user_id, rules.one_row).of([*rows])
        journal.leave_out(item.left_out)
        if item.fields is not None:
            journal.items.add([Item(USERS, user_id, item.fields, item.source, user_id)])
        if number % BATCH == BATCH - 1:
            journal.db.execute("COMMIT")
            journal.db.execute("BEGIN")
    for place, _, _, body in journal.rows("suppression"):
        _suppress(journal, place, body)
    for place, _, _, body in journal.rows("subscription"):
        _answer(journal, place, body, rules)
    # a refusal outweighs a yes
    journal.db.execute(
        "DELETE FROM items WHERE step = ? AND key IN (SELECT key FROM items WHERE step = ?)", (YESES, NOS)
    )
    journal.db.execute("COMMIT")


def _keep(journal: Journal, step: int, kind: str) -> None:
    """One item for each brand or topic; of templates, one with all versions."""
    for key, rows in groupby(journal.rows(kind), key=lambda row: row[1]):
        found = [*rows]
        last = found[-1]
        body = {"versions": sorted((each[3] for each in found), key=_number)} if kind == "template" else last[3]
        journal.items.add([Item(step, key, body, {"": last[0]})])


def _number(version: Mapping[str, Any]) -> int:
    number = version.get("version")
    return number if isinstance(number, int) else 1


def _suppress(journal: Journal, place: int, body: dict[str, Any]) -> None:
    if body.get("cause") is None:
        body["cause"] = OPT_OUT
    key = f"{body['channel']} {str(body['address']).strip().lower()}"
    if journal.items.get(SUPPRESSIONS, key) is None:  # the first is kept, as by the API
        journal.items.add([Item(SUPPRESSIONS, key, body, {"": place})])


def _answer(journal: Journal, place: int, body: dict[str, Any], rules: Rules) -> None:
    """An answer to a topic or, if it names none, to those of --topic."""
    address, named = body.pop("address", None), body.get("topic")
    refuses = body.get("state") == NO
    wanted = [named] if named else [topic for topic, channels in rules.topics.items() if body["channel"] in channels]
    if not wanted and refuses and not rules.topics:
        if address and body["channel"] in SUPPRESSIBLE.values():
            at = {"at": body["at"]} if body.get("at") else {}
            _suppress(journal, place, {"channel": body["channel"], "address": address, "cause": OPT_OUT} | at)
        elif body["channel"] in SUPPRESSIBLE.values():
            _opt_out(journal, place, body["user_id"])
        else:  # push and inbox have no address that could be suppressed
            detail = f"refuses {body['channel']}; pass --topic to have it refused on topics"
            journal.leave_out([(place, LeftOut("refusal_without_topic", detail, body["channel"], "field"))])
    for topic in wanted:
        key = "#".join((topic, body["user_id"], body["channel"]))
        step = NOS if refuses else YESES
        journal.items.add([Item(step, key, {**body, "topic": topic}, {"": place}, body["user_id"])])


def _opt_out(journal: Journal, place: int, user_id: str) -> None:
    """A refusal of everything by a user without an address in the file."""
    item = journal.items.get(USERS, user_id)
    if item is None:
        journal.items.add([Item(USERS, user_id, {"id": user_id, "opted_out": True}, {"": place}, user_id)])
    else:
        item.body["opted_out"] = True
        journal.items.settle([item])


class _Composed:
    """A user. If rows conflict, the newest wins; in a source with one row per user it is an error."""

    def __init__(self, user_id: str, one_row: bool) -> None:
        self.fields: dict[str, Any] | None = {"id": user_id}
        self.source: dict[str, int] = {}
        self.left_out: list[tuple[int, LeftOut]] = []
        self._one_row = one_row
        self._devices: dict[tuple[str, str], int] = {}

    def of(self, rows: Sequence[tuple[int, str, str, dict[str, Any]]]) -> _Composed:
        self.source[""] = rows[0][0]
        if self._one_row and len(rows) > 1 and (conflict := _conflict([row[3] for row in rows])):
            detail = f"{len(rows)} rows have this id and differ in {conflict}: two people under one id?"
            self.left_out += [(row[0], LeftOut("two_under_one_id", detail, "id")) for row in rows]
            self.fields = None
            return self
        for place, _, _, body in rows:
            for name, value in body.items():
                if name != "id":
                    self._take(place, name, value)
        self._keep_devices()
        return self

    def _take(self, place: int, name: str, value: Any) -> None:
        fields = self.fields or {}
        if name == "push" and value:
            for device in value:
                self._add_device(place, device)
        elif name == "attributes" and value and isinstance(fields.get(name), dict):
            fields[name] |= value
            self.source |= {f"/attributes/{each}": place for each in value}
        else:
            if name in ADDRESSES:
                self._replace_address(place, name, value)
            fields[name] = value
            self.source[f"/{name}"] = place
            if name == "attributes" and value:
                self.source |= {f"/attributes/{each}": place for each in value}

    def _replace_address(self, place: int, name: str, value: Any) -> None:
        before = self.source.get(f"/{name}")
        if before is None or before == place:
            return
        if (self.fields or {}).get(name) == value:
            left = LeftOut("duplicate", f"line {place} has the same value", outcome="skipped")
        else:
            left = LeftOut("another_address", f"a user has only one: line {place} is newer", outcome="skipped")
        self.left_out.append((before, left))

    def _add_device(self, place: int, device: Mapping[str, str]) -> None:
        key = device["platform"], device["token"]
        before = self._devices.pop(key, None)
        if before is not None and before != place:
            left = LeftOut("duplicate", f"line {place} has the same value", outcome="skipped")
            self.left_out.append((before, left))
        self._devices[key] = place

    def _keep_devices(self) -> None:
        places = list(self._devices.items())
        for _, place in places[:-DEVICES]:
            detail = f"a user has at most {DEVICES} devices: newer ones are kept"
            self.left_out.append((place, LeftOut("too_many_devices", detail, outcome="skipped")))
        if places and self.fields is not None:
            newest = places[-DEVICES:]
            self.fields["push"] = [{"platform": platform, "token": token} for (platform, token), _ in newest]
            self.source |= {f"/push/{index}": place for index, (_, place) in enumerate(newest)}


def _conflict(bodies: Sequence[Mapping[str, Any]]) -> str | None:
    """The name of a field that has two values."""
    seen: dict[str, Any] = {}
    for body in bodies:
        for name, value in _flat(body):
            if seen.setdefault(name, value) != value:
                return name
    return None


def _flat(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in body.items():
        if name == "attributes":
            yield from ((f"attributes.{each}", inner) for each, inner in (value or {}).items())
        else:
            yield name, value


def channels_of(body: Mapping[str, Any]) -> list[str]:
    """Channels on which a user with these fields has an address."""
    return [CHANNEL_OF[name] for name in CHANNEL_OF if body.get(name)]
