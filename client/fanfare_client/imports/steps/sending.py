"""The calls of an import, in an order in which nothing can be sent to who refused: refusals before every yes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final, cast

from ..._sync.client import Fanfare
from ...calls import SUBSCRIPTIONS_A_CALL, SUPPRESSIONS_A_CALL, USERS_A_CALL, chunks
from ...errors import Conflict, Invalid
from ...types import ItemError, ItemFault
from ..records import CHANNEL_OF, LeftOut
from ..versions import in_order, missing
from .catalogue import stored_versions
from .composing import BRAND, NOS, SUPPRESSIONS, TEMPLATES, TOPICS, USERS, YESES
from .in_flight import in_flight
from .items import Item
from .journal import Journal

_ITEM: Final = re.compile(r"/items/\d+")
PHASES: Final = {SUPPRESSIONS: "suppressing", USERS: "storing users", NOS: "refusals", YESES: "subscribing"}
Progress = Callable[[str, int, int | None], None]


@dataclass
class Outcome:
    """The answer to an item. `lost`: optional fields that were wrong; the rest was stored."""

    item: Item
    error: ItemError | None
    lost: Sequence[ItemFault] = ()


@dataclass(frozen=True)
class Send:
    fanfare: Fanfare
    journal: Journal
    progress: Progress

    def run(self) -> None:
        """Send what is pending. What was sent when a run was killed is sent again, which changes nothing."""
        for item in self.journal.items.each_pending(BRAND):
            self._alone(item, self._brand)
        self._templates()  # a topic may name one
        for item in self.journal.items.each_pending(TOPICS):
            self._alone(item, self._topic)
        self._in_bulk(SUPPRESSIONS, SUPPRESSIONS_A_CALL, self._suppress)
        self._in_bulk(USERS, USERS_A_CALL, self._users)
        self._in_bulk(NOS, SUBSCRIPTIONS_A_CALL, self._subscribe)
        self._in_bulk(YESES, SUBSCRIPTIONS_A_CALL, self._subscribe)

    # One at a time

    def _alone(self, item: Item, put: Callable[[Item], object]) -> bool:
        try:
            put(item)
        except (Invalid, Conflict) as error:
            faults = [{"pointer": each.pointer, "code": each.code, "detail": each.detail} for each in error.errors]
            self._reject(item, cast(ItemError, {"code": error.code, "detail": error.detail, "errors": faults}))
        else:
            item.state = "done"
        self.journal.items.settle([item])
        return item.state == "done"

    def _brand(self, item: Item) -> None:
        self.fanfare.brand.put(**cast(Any, item.body))

    def _topic(self, item: Item) -> None:
        self.fanfare.topics.put(item.key, **cast(Any, _without(item.body, "if_missing")))

    def _templates(self) -> None:
        """Make versions in the order in which they were made first."""
        items = {item.key: item for item in self.journal.items.pending(TEMPLATES)}
        left = {key: missing(item.body["versions"], stored_versions(self.fanfare, key)) for key, item in items.items()}
        places = {(key, each["version"]): each["place"] for key, versions in left.items() for each in versions}
        last = {key: versions[-1]["version"] for key, versions in left.items() if versions}
        refused: set[str] = set()
        for key, number in in_order(each for versions in left.values() for each in versions):
            body = _without(self.journal.template_at(key, places[key, number], number), "version")
            item = items[key]
            if key not in refused and not self._alone(item, lambda item: self.fanfare.templates.put(item.key, **body)):  # noqa: B023
                refused.add(key)
            if key not in refused and number != last[key]:
                item.state = "pending"
                self.journal.items.settle([item])

    # In bulk

    def _in_bulk(self, step: int, most: int, send: Callable[[Sequence[Item]], list[Outcome]]) -> None:
        total = self._pending(step)
        done = 0
        for outcomes in in_flight(send, self._chunks(step, most)):
            self.journal.db.execute("BEGIN")
            for outcome in outcomes:
                self._settled(outcome)
            self.journal.items.settle([outcome.item for outcome in outcomes])
            self.journal.db.execute("COMMIT")
            done += len(outcomes)
            self.progress(PHASES[step], done, total)

    def _settled(self, outcome: Outcome) -> None:
        item = outcome.item
        item.state = "done"
        for fault in outcome.lost:
            pointer = pointer_of(fault)
            left = LeftOut(fault["code"], fault["detail"], pointer.strip("/").replace("/", "."), "field")
            self.journal.leave_out([(place_of(item, pointer), left)])
            channel = CHANNEL_OF.get(pointer.strip("/").partition("/")[0])
            if channel:
                self.journal.items.drop_channel(item.key, channel, YESES)
        if outcome.error is not None:
            self._reject(item, outcome.error)

    def _pending(self, step: int) -> int:
        question = "SELECT count(*) FROM items WHERE step = ? AND state = 'pending'"
        return int(self.journal.db.execute(question, (step,)).fetchone()[0])

    def _chunks(self, step: int, most: int) -> Iterator[Sequence[Item]]:
        """By key, so that the answers to a topic go together, in whatever order the file has them."""
        after = ""
        while items := self.journal.items.pending_by_key(step, after=after, limit=most):
            after = items[-1].key
            for _, alike in groupby(items, key=lambda item: item.body.get("topic")):
                found = [*alike]
                start = 0
                for chunk in chunks((item.body for item in found), most=most):
                    yield found[start : start + len(chunk)]
                    start += len(chunk)

    def _suppress(self, items: Sequence[Item]) -> list[Outcome]:
        answers = self.fanfare.suppressions.put_many(cast(Any, [item.body for item in items]))
        return _outcomes(items, answers)

    def _subscribe(self, items: Sequence[Item]) -> list[Outcome]:
        bodies = [_without(item.body, "topic") for item in items]
        return _outcomes(items, self.fanfare.subscriptions.put_many(items[0].body["topic"], cast(Any, bodies)))

    def _users(self, items: Sequence[Item]) -> list[Outcome]:
        """Store users; one with wrong fields again without them, if they are optional."""
        outcomes = self._merge(items)
        wrong = {outcome.item.key: faults for outcome in outcomes if (faults := _wrong_fields(outcome))}
        if not wrong:
            return outcomes
        again = [outcome.item for outcome in outcomes if outcome.item.key in wrong]
        for item in again:
            for fault in wrong[item.key]:
                item.body.pop(_field(fault), None)
        rest = [outcome for outcome in outcomes if outcome.item.key not in wrong]
        return rest + [replace(each, lost=wrong[each.item.key]) for each in self._merge(again)]

    def _merge(self, items: Sequence[Item]) -> list[Outcome]:
        return _outcomes(items, self.fanfare.users.put_many(cast(Any, [item.body for item in items]), merge=True))

    # Rejections

    def _reject(self, item: Item, error: ItemError) -> None:
        if error["code"] == "unsubscribed_by_person":
            item.state, item.verdict = "kept", "left_alone"
            return
        item.state = "rejected"
        for fault in error["errors"] or [ItemFault(pointer="", code=error["code"], detail=error["detail"])]:
            pointer = pointer_of(fault)
            left = LeftOut(fault["code"], fault["detail"], pointer.strip("/").replace("/", "."))
            places = [place_of(item, pointer)]
            if item.step == USERS and places == [item.places[""]]:
                places = self.journal.items.reject_rows(item.key)
            self.journal.leave_out((place, left) for place in places)
        if item.step == USERS:
            self.journal.db.execute("DELETE FROM items WHERE user = ? AND step > ?", (item.key, USERS))


def pointer_of(fault: ItemFault) -> str:
    """Where in the item it is."""
    return _ITEM.sub("", fault["pointer"], count=1)


def place_of(item: Item, pointer: str) -> int:
    """The row that a field comes from."""
    while pointer:
        if pointer in item.places:
            return item.places[pointer]
        pointer = pointer.rpartition("/")[0]
    return item.places[""]


def _outcomes(items: Sequence[Item], answers: Sequence[Any]) -> list[Outcome]:
    return [Outcome(item, answer["error"]) for item, answer in zip(items, answers, strict=True)]


def _without(body: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


def _field(fault: ItemFault) -> str:
    return pointer_of(fault).strip("/").partition("/")[0]


def _wrong_fields(outcome: Outcome) -> Sequence[ItemFault]:
    """The faults of optional fields; none if something else is wrong."""
    faults = outcome.error["errors"] if outcome.error else []
    body = outcome.item.body
    return faults if all(_field(each) in body and _field(each) != "id" for each in faults) else []
