"""An erasure goes through the messages that are not finished, as far as one call can."""

from __future__ import annotations

import pytest

from tests.faults.functions import Unanswered
from tests.faults.providers import OWN
from tests.faults.world import World


@pytest.fixture(autouse=True)
def tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that an erasure reads in addition to what the world opens."""
    monkeypatch.setenv("FANFARE_INBOX_TABLE", "inbox")
    monkeypatch.setenv("FANFARE_BATCHES_TABLE", "batches")


def waiting(count: int) -> World:
    """So many messages that are due tomorrow, the last of them with data of a user's own."""
    world = World()
    world.prepare(("a",))
    message = world.post(
        topic=None,
        template=None,
        content={"subject": "Hello", "text": "{{ data.own }}"},
        recipients=[{"user": "a", "data": {"own": f"{OWN}a."}}],
        send_at="2027-01-02T08:00:00Z",
    )
    table = world.table("messages")
    item = table.get(f"message#{message}", "message")
    assert item is not None
    earlier = {**item, "due_at": "2027-01-02T07:00:00.000Z"}
    ids = [f"01940000-0000-7000-8000-{number:012}" for number in range(count - 1)]
    table.write_many([{**earlier, "pk": f"message#{each}", "id": each} for each in ids])
    return world


def everything(world: World) -> str:
    """All items of all tables."""
    stores = world.memory.tables.stores.values()
    return str([[*part.items.values()] for store in stores for part in store.partitions.values()])


def test_an_erasure_goes_through_a_thousand_messages_that_are_due() -> None:
    world = waiting(1_000)
    assert OWN in everything(world)
    assert world.functions.on_request("DELETE", "/v1/users/a")[0] == 204
    assert OWN not in everything(world)


def test_with_more_an_erasure_says_that_it_is_unfinished() -> None:
    world = waiting(1_001)
    with world.unwatched(), pytest.raises(Unanswered, match="erasure_unfinished"):
        world.functions.on_request("DELETE", "/v1/users/a")
    world.table("messages").delete("message#01940000-0000-7000-8000-000000000000", "message")
    assert world.functions.on_request("DELETE", "/v1/users/a")[0] == 204
    assert OWN not in everything(world)
