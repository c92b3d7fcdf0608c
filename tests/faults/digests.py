"""Digests under faults: what is played, and how it is judged from the tables and the provider's outbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fanfare.domain.lifecycle import State
from fanfare.domain.outcomes import Outcome

from tests.faults.scenarios import Scenario, Verdict, explained
from tests.faults.world import World

DIGEST: dict[str, Any] = {
    "digest": {"template": {"id": "digest"}, "every": {"seconds": 60}, "items": 100, "day": "mon"},
    "frequencies": ("digest",),
    "frequency": "digest",
}
REST_ONLY = {"frequencies": ("immediate", "digest"), "frequency": "immediate"}


@dataclass(frozen=True)
class DigestScenario(Scenario):
    """Readers of digests. With a limit: of what is over it; the other messages reach them alone."""

    def world(self) -> World:
        world = World()
        world.provider.receipts = self.receipts
        limit = {"count": self.limit, "per_seconds": 3600, "overflow": "digest"} if self.limit else None
        world.prepare(self.users, **(DIGEST | (REST_ONLY if limit else {})), limit=limit)
        return world

    def judge(self, world: World) -> Verdict:
        """Each message is in exactly one mail of each reader, or was taken out by its deletion."""
        if not world.posted:
            return Verdict(wrong=(*world.wrong, "it was never accepted"))
        wrong, lost = [*world.wrong], []
        windows: dict[tuple[str, str], set[str]] = {}
        for message in world.posted:
            outcomes = world.codes(message)
            if world.state(message) is not State.DELETED and outcomes.keys() != {*self.users}:
                wrong.append(f"the tables know {len(outcomes)} of {len(self.users)} recipients")
            wrong += world.records_that_differ(message, {(who, "email"): each for who, each in outcomes.items()})
            wrong += world.counts_that_differ(message, [*outcomes.values()])
            for user, outcome in outcomes.items():
                if outcome is Outcome.DIGESTED:
                    windows.setdefault((user, _window_of(world, user, message)), set()).add(message)
                elif outcome is Outcome.SENT and self.limit:
                    lost += [] if world.provider.reached(message)[user, "email"] else [f"{user}/{message}"]
                elif outcome is not Outcome.DELETED:
                    wrong.append(f"{user} is {outcome.label}")
        for (user, window), items in windows.items():
            wrong += _wrong_mails(world, user, window, items)
            lost += [f"{user}/{message}" for message in items if not _mails_with(world, user, message)]
        wrong += [
            f"{each} ended {world.state(each)}" for each in world.digests() if world.state(each) is not State.SENT
        ]
        wrong += self._over_the_limit(world)
        counted = sum((world.known(each).digest_of or {})["items"] for each in world.digests())
        if counted != sum(map(len, windows.values())):
            wrong.append(f"digests count {counted} items, there are {sum(map(len, windows.values()))}")
        unexplained = [
            f"{user}/{each}"
            for each in (*world.posted, *world.digests())
            for (user, channel), copies in world.provider.reached(each).items()
            if copies > 1 and not explained([s for s in world.provider.accepted if s.message == each], (user, channel))
        ]
        return Verdict(lost=tuple(lost), wrong=tuple(wrong), unexplained=tuple(unexplained))

    def _over_the_limit(self, world: World) -> list[str]:
        """Whoever got more than the limit at once. All that is posted lies within an hour."""
        outcomes = [world.codes(message) for message in world.posted] if self.limit else []
        alone = Counter(user for each in outcomes for user, outcome in each.items() if outcome is Outcome.SENT)
        return [f"{user} got {count} alone" for user, count in alone.items() if count > (self.limit or 0)]


def _window_of(world: World, user: str, message: str) -> str:
    with world.unwatched():
        record = world.deliveries.get_many([(user, message, "email")])[user, message, "email"]
    return record.digest_id or "none"


def _wrong_mails(world: World, user: str, window: str, items: set[str]) -> list[str]:
    """What is wrong with the mails of a window: all of them have all of its items, and no others have any."""
    with world.unwatched():
        known = world.windows.get(user, window)
    if known is None or known.message_id is None:
        return [f"the window {window} of {user} is not closed"]
    found = []
    for sent in world.provider.accepted:
        mine = sent.user == user and sent.message == known.message_id
        if mine and sorted(sent.items) != sorted(items):
            found.append(f"{user} got {sent.items}, of {items}")
        if not mine and sent.user == user and items.intersection(sent.items):
            found.append(f"{user} got an item in another mail")
    return found


def _mails_with(world: World, user: str, message: str) -> int:
    return sum(sent.user == user and message in sent.items for sent in world.provider.accepted)


def items_in_two_digests(world: World) -> list[str]:
    """Items that a reader got in the mails of two digests; and mails of one digest that differ."""
    digest_of: dict[tuple[str, str], str] = {}
    shown: dict[tuple[str, str], tuple[str, ...]] = {}
    wrong = []
    for sent in world.provider.accepted:
        if not sent.items:
            continue
        if shown.setdefault((sent.user, sent.message), sent.items) != sent.items:
            wrong.append(f"{sent.user} got {sent.message} with other items")
        for item in sent.items:
            if digest_of.setdefault((sent.user, item), sent.message) != sent.message:
                wrong.append(f"{sent.user} got {item} in two digests")
    return wrong


def windows_that_differ(world: World, users: Sequence[str], messages: Sequence[str]) -> list[str]:
    """What is wrong once all is at rest: an open window, a wrong count, an item in no mail or in the wrong one."""
    wrong = []
    with world.unwatched():
        items: dict[tuple[str, str], set[str]] = {}
        for message in messages:
            for user, outcome in world.codes(message).items():
                if outcome is Outcome.DIGESTED:
                    items.setdefault((user, _window_of(world, user, message)), set()).add(message)
        windows = {(user, window.id): window for user in users for window in world.windows.of_user(user)}
    if missing := items.keys() - windows.keys():
        wrong.append(f"there are no windows {missing}")
    for (user, name), window in windows.items():
        inside = items.get((user, name), set())
        if not window.closed or window.count != len(inside):
            wrong.append(f"the window {name} of {user} counts {window.count} of {len(inside)}")
            continue
        digest = window.message_id or ""
        mails = [sent for sent in world.provider.accepted if (sent.user, sent.message) == (user, digest)]
        if any(sorted(sent.items) != sorted(inside) for sent in mails):
            wrong.append(f"{user} got other items than {inside}")
        if world.codes(digest)[user] is Outcome.SENT and not mails:
            wrong.append(f"{user} got no mail of {digest}")
    counted = sum((world.known(each).digest_of or {})["items"] for each in world.digests())
    if counted != sum(map(len, items.values())):
        wrong.append(f"digests count {counted} items")
    return wrong
