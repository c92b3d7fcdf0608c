"""Whoever floods the route to sign up stops nobody from leaving.

Its file comes after those that sign up: the flood uses up the links that this machine gets in an hour.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from .conftest import World
from .mail import link_in, opted_in, sent_to

PER_SECOND = 5  # the throttle of the route at its default
SECONDS = 6
ANSWERED_WITHIN = 1.0


@pytest.mark.long
def test_one_click_answers_within_a_second_while_sign_ups_are_flooded_to_their_limit(world: World) -> None:
    address = "leaves.in.a.flood@example.com"
    topic = world.topic(channels=["email"], public=True)
    assert world.anybody.press(link_in(opted_in(world, address, topic), "confirmations")).status == 200
    (mail,) = sent_to(world, address, topic)
    one_click = mail["headers"]["List-Unsubscribe"].strip("<>")
    flood(world, topic, seconds=2)  # starts the function's processes, which take longer here than at AWS
    over = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        answers = thread.submit(flood, world, topic, seconds=SECONDS, over=over)
        took = []
        while not over.is_set():
            begin = time.monotonic()
            assert world.anybody.press(one_click, List_Unsubscribe="One-Click").status == 200
            took.append(time.monotonic() - begin)
            time.sleep(0.2)
        assert answers.result() == {202}
    assert len(took) >= 5
    assert max(took) < ANSWERED_WITHIN, took
    assert sent_to(world, address, topic) == []


def flood(world: World, topic: str, *, seconds: int, over: threading.Event | None = None) -> set[int]:
    """Sign up as often as the route lets through; the statuses of the answers."""

    def sign_up(number: int) -> int:
        body = {"email": f"flood{number}@example.com", "topic": topic}
        return world.anybody.call("POST", "/v1/subscriptions", body).status

    with ThreadPoolExecutor(PER_SECOND) as threads:
        asked = []
        for number in range(seconds * PER_SECOND):
            asked.append(threads.submit(sign_up, number))
            time.sleep(1 / PER_SECOND)
        statuses = {each.result() for each in asked}
    if over is not None:
        over.set()
    return statuses
