"""What SES reports afterwards is recorded, is heeded by the next message, and resolves a doubt."""

from __future__ import annotations

from typing import Any

import pytest

from local.api import until
from local.demo import job
from local.demo.audience import Person

from .conftest import World


@pytest.fixture(scope="module", autouse=True)
def _awake(world: World, reachable: list[Person]) -> None:
    """The first receipt waits for the first worker of its queue: let it not be one that a test waits for."""
    message_id = world.send(world.topic(reachable[:1]))
    assert receipt(world, reachable[0].id, message_id) == "delivered"


def receipt(world: World, user_id: str, message_id: str, *, seconds: float = 60) -> str:
    """What was reported of a user's mail, once something was."""

    def reported() -> Any:
        deliveries = world.api.call("GET", f"/v1/users/{user_id}/deliveries").json().get("items", ())
        return next((each["receipt"] for each in deliveries if each["message_id"] == message_id), None)

    return str(until(f"a receipt of {user_id}", reported, seconds=seconds))


@pytest.mark.parametrize(
    ("name", "address", "reported"),
    [
        ("bounce", "no-mailbox@simulator.example.com", "bounced"),
        ("account_list", "listed@simulator.example.com", "bounced"),
        ("complaint", "complaint@simulator.amazonses.com", "complained"),
    ],
)
def test_an_address_that_is_dead_or_complains_is_not_written_to_again(
    world: World, name: str, address: str, reported: str
) -> None:
    person = world.user(f"e2e-{name}", address)
    topic = world.topic([person])
    first = world.send(topic)
    assert world.rest(first)["state"] == "sent"
    until("it is reported", lambda: receipt(world, person.id, first) == reported, seconds=60)

    second = world.send(topic)
    assert world.rest(second)["state"] == "sent"
    assert job.reasons(world.api, second, "skipped") == {f"suppressed_{name}": 1}
    assert world.received(second).total() == 0


@pytest.mark.parametrize("on_doubt", ["hold", "resend"])
def test_a_lost_answer_is_made_good_by_its_receipt(world: World, on_doubt: str) -> None:
    person = world.user(f"e2e-lost-{on_doubt}", f"timeout-then-accepted+{on_doubt}@simulator.example.com")
    message_id = world.send(world.topic([person]), on_doubt=on_doubt)
    message = world.rest(message_id)
    assert message["state"] == "sent"
    assert message["counts"]["sent"] == 1
    assert world.received(message_id)[person.id] == 1
    assert receipt(world, person.id, message_id) == "delivered"
