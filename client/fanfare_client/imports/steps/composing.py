"""From records to what is sent: all rows of a user become one, and of two answers on a topic one holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from ..records import CHANNEL_OF, NO, OPT_OUT, SUPPRESSIBLE, LeftOut
from ..versions import outline
from .items import Item
from .journal import Journal

BRAND, TOPICS, TEMPLATES, SUPPRESSIONS, USERS, NOS, YESES = range(7)
DEVICES: Final = 20  # per user
ATTRIBUTES: Final = 1_000  # of the rows of a user: the API has a lower limit
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
        composed = _Composed(journal, user_id, rules.one_row)
        if composed.of(rows):
            journal.items.add([Item(USERS, user_id, composed.fields, composed.source, user_id)])
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
    """One item for each brand or topic; of templates, one that names all versions: their content may be large."""
    for key, rows in groupby(journal.rows(kind), key=lambda row: row[1]):
        place = 0
        body: dict[str, Any] = {}
        versions: list[dict[str, Any]] = []
        for place, _, _, body in rows:  # the last is kept
            if kind == "template":
                versions.append(outline(body) | {"place": place})
        if kind == "template":
            body = {"versions": sorted(versions, key=itemgetter("version"))}
        journal.items.add([Item(step, key, body, {"": place})])


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

    def __init__(self, journal: Journal, user_id: str, one_row: bool) -> None:
        self.fields: dict[str, Any] = {"id": user_id}
        self.source: dict[str, int] = {}
        self._journal = journal
        self._one_row = one_row
        self._devices: dict[tuple[str, str], int] = {}
        self._seen: dict[str, Any] = {}

    def of(self, rows: Iterable[tuple[int, str, str, dict[str, Any]]]) -> bool:
        """Whether the rows, of which there may be any number, are one user."""
        number, conflict = 0, None
        for place, _, _, body in rows:
            number += 1
            self.source.setdefault("", place)
            conflict = conflict or (self._conflict(body) if self._one_row else None)
            for name, value in body.items():
                if name != "id" and conflict is None:
                    self._take(place, name, value)
        if conflict:
            detail = f"{number} rows have this id and differ in {conflict}: two people under one id?"
            self._journal.leave_out_user(self.fields["id"], LeftOut("two_under_one_id", detail, "id"))
            return False
        self._keep_devices()
        return True

    def _conflict(self, body: Mapping[str, Any]) -> str | None:
        """The name of a field that has another value in an earlier row."""
        return next((name for name, value in _flat(body) if self._seen.setdefault(name, value) != value), None)

    def _take(self, place: int, name: str, value: Any) -> None:
        if name == "push" and value:
            for device in value:
                self._add_device(place, device)
        elif name == "attributes" and value:
            self._take_attributes(place, value)
        else:
            if name in ADDRESSES:
                self._replace_address(place, name, value)
            self.fields[name] = value
            self.source[f"/{name}"] = place

    def _take_attributes(self, place: int, values: Mapping[str, Any]) -> None:
        taken = self.fields.setdefault("attributes", {})
        for name, value in values.items():
            if name not in taken and len(taken) >= ATTRIBUTES:
                left = LeftOut("too_many", f"rows of this user have more than {ATTRIBUTES} attributes", name, "field")
                self._leave_out(place, left)
            else:
                taken[name] = value
                self.source |= {"/attributes": place, f"/attributes/{name}": place}

    def _replace_address(self, place: int, name: str, value: Any) -> None:
        before = self.source.get(f"/{name}")
        if before is None or before == place:
            return
        if self.fields.get(name) == value:
            left = LeftOut("duplicate", f"line {place} has the same value", outcome="skipped")
        else:
            left = LeftOut("another_address", f"a user has only one: line {place} is newer", outcome="skipped")
        self._leave_out(before, left)

    def _leave_out(self, place: int, left: LeftOut) -> None:
        self._journal.leave_out([(place, left)])

    def _add_device(self, place: int, device: Mapping[str, str]) -> None:
        key = device["platform"], device["token"]
        before = self._devices.pop(key, None)
        if before is not None and before != place:
            left = LeftOut("duplicate", f"line {place} has the same value", outcome="skipped")
            self._leave_out(before, left)
        self._devices[key] = place
        if len(self._devices) > DEVICES:
            oldest = self._devices.pop(next(iter(self._devices)))
            detail = f"a user has at most {DEVICES} devices: newer ones are kept"
            self._leave_out(oldest, LeftOut("too_many_devices", detail, outcome="skipped"))

    def _keep_devices(self) -> None:
        if self._devices:
            self.fields["push"] = [{"platform": platform, "token": token} for platform, token in self._devices]
            self.source |= {f"/push/{index}": place for index, place in enumerate(self._devices.values())}


def _flat(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in body.items():
        if name == "attributes":
            yield from ((f"attributes.{each}", inner) for each, inner in (value or {}).items())
        else:
            yield name, value


def channels_of(body: Mapping[str, Any]) -> list[str]:
    """Channels on which a user with these fields has an address."""
    return [CHANNEL_OF[name] for name in CHANNEL_OF if body.get(name)]
