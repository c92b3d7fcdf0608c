"""A page of a message to 100,000 takes the console and the API no longer than that of a small one.

CPU time in one process, in turns: the tables are in memory, and answer a query of a large partition as fast as one of a
small one, as DynamoDB does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any, Final

import httpx2
import pytest
from flask.testing import FlaskClient

from bench.harness.deployment import Bench
from console.app import make
from console.host import Host
from tests.client.deployment import Deployment
from tests.integration.console import Reply

SMALL, LARGE = 400, 100_000
TURNS: Final = 15
DELIVERIES: Final = 25  # on a page
PAGES: Final = {"all": "/messages/{id}", "sent": "/messages/{id}?status=sent"}


def sent(recipients: int) -> tuple[FlaskClient, str]:
    """A console over a deployment with one message that was sent to all, and the id of the message."""
    world = Bench(recipients, limit=None)
    message_id = world.post({"topic": "orders"}, key="one")
    world.work_off()
    assert world.aws.sent == recipients
    deployment = Deployment(memory=world.memory)

    def call(method: str, url: str, body: Any = None, /, **headers: str) -> Reply:
        more: Mapping[str, Any] = {} if body is None else {"json": body}
        answer = deployment(httpx2.Request(method, f"https://api.example.com{url}", headers=headers, **more))
        return Reply(answer.status_code, answer.content)

    return make(call, stage="test", at_once=1, host=Host(zone=UTC)).test_client(), message_id


def seconds(browser: FlaskClient, path: str) -> float:
    began = time.process_time()
    answer = browser.get(path)
    took = time.process_time() - began
    assert (answer.status_code, answer.text.count("/explanations/user-")) == (200, DELIVERIES)
    return took


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_page_of_100_000_recipients_takes_at_most_twice_the_time_of_a_small_one(
    record_property: Callable[[str, object], None],
) -> None:
    (small, of_small), (large, of_large) = sent(SMALL), sent(LARGE)
    for name, page in PAGES.items():
        took: dict[str, list[float]] = {"small": [], "large": []}
        for _ in range(TURNS):
            took["small"].append(seconds(small, page.format(id=of_small)))
            took["large"].append(seconds(large, page.format(id=of_large)))
        small_ms, large_ms = (min(took[which]) * 1_000 for which in ("small", "large"))
        record_property(name, f"{large_ms:.1f} ms against {small_ms:.1f}")
        assert large_ms <= 2 * small_ms, name
