"""Readers and services that change something between any two AWS calls, for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fanfare.clock import to_text
from fanfare.domain.audience import Subscription

from tests.faults.times import END, START

if TYPE_CHECKING:
    from tests.faults.world import World

Change = Callable[["World"], None]


def toggles(user: str) -> Change:
    """Unsubscribes, and subscribes again."""

    def change(world: World) -> None:
        if not world.audience.subscriptions.remove(user, "news", "email"):
            yes = Subscription(user_id=user, topic="news", channel="email", created_at=to_text(START))
            world.audience.subscriptions.add(yes, shards=1)

    return change


def renames(user: str) -> Change:
    """Writes the profile anew."""

    def change(world: World) -> None:
        known = world.audience.users.get(user)
        assert known is not None
        world.audience.users.put(user, {**known.profile, "name": f"{user} {known.rev}"})

    return change


def is_counted(user: str) -> Change:
    """Other messages are counted against a limit of the user."""

    def change(world: World) -> None:
        known = world.table("audience").get(f"user#{user}", "user")
        assert known is not None
        before = known["limits"].get("other#email", [0, 0, 0])
        counter = [int(END.timestamp()), int(START.timestamp()), before[2] + 1]
        world.table("audience").update(
            f"user#{user}",
            "user",
            "SET limits = :limits, rev = rev + :one",
            values={":limits": {**known["limits"], "other#email": counter}, ":one": 1},
        )

    return change


def all_of(*changes: Change) -> Change:
    def change(world: World) -> None:
        for each in changes:
            world.change(each)

    return change
