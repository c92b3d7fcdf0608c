"""A thousand messages to one person each, with workers and the API itself killed on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from fanfare.aws.dynamodb import DynamoTable
from fanfare.domain.batch import SHORT, batch_id
from fanfare.domain.lifecycle import AT_REST, State
from fanfare.store.messages import Messages
from urllib3.exceptions import HTTPError

from local.aws import client
from local.demo import job
from local.stack import Stack
from tests.kills.harness import ON_THE_WAY, PATIENCE, Harness, Kill, Run

POSTED_AT_ONCE: Final = 4
AGAIN: Final = 0.2  # seconds until a service that got no answer repeats its request
FIRST: Final = batch_id(SHORT, 0, 0)  # a message to one person on one channel has no other


class Singles(Harness):
    """A service posts a message to each person, and repeats what is not answered."""

    victims = ON_THE_WAY | {"InternalApi"}

    def __init__(self, stack: Stack, *, recipients: int, topic: str) -> None:
        super().__init__(stack, recipients=recipients, topic=topic)
        self.messages = Messages(DynamoTable(client("dynamodb", self.url), stack.outputs["MessagesTableName"]))
        self.posted: dict[str, str] = {}  # message id → user

    def play_each(self, seed: int, *, kills: int) -> Run:
        """One message to each person, killed at on their way: `kills` times one process."""
        drawn = Random(seed)  # noqa: S311 - to be drawn again, not to be kept secret
        begun, before = time.monotonic(), len(self.stack.outbox)
        moments = sorted(drawn.sample(range(len(self.people)), kills))
        done: list[Kill] = []
        with ThreadPoolExecutor(POSTED_AT_ONCE) as threads:
            posts = [threads.submit(self._post, user, f"{seed}-{user}") for user in self.people]
            for moment in moments:
                _until(lambda moment=moment: len(self.stack.outbox) - before >= moment or _over(posts))  # type: ignore[misc]
                time.sleep(drawn.uniform(0, 0.3))
                done.append(self._kill(drawn))
            for each in posts:
                each.result()
        _until(self._all_at_rest)
        states = {message.state for message in self._known().values()}
        ended = "sent" if states == {State.SENT} else ", ".join(sorted(map(str, states)))
        return Run(done, ended, self._all_copies(), self.people, time.monotonic() - begun)

    def _post(self, user: str, key: str) -> None:
        deadline = time.monotonic() + PATIENCE
        body = {"topic": self.topic, "template": {"id": job.TEMPLATE}, "data": job.example(), "recipients": [user]}
        while time.monotonic() < deadline:
            with suppress(HTTPError):  # the process that answers was killed
                reply = self.api.call("POST", "/v1/messages", body, idempotency_key=key)
                if reply.status == 202:
                    self.posted[reply.json()["id"]] = user
                    return
                assert reply.status >= 500, reply.content
            time.sleep(AGAIN)
        raise AssertionError(f"The message to {user} was never accepted.")

    def _kill(self, drawn: Random) -> Kill:
        """Kill one process, as soon as there is one."""
        _until(lambda: bool(self.hosts()))
        at = datetime.now(UTC)
        return Kill(at, self._end(drawn.choice(sorted(self.hosts()))), self._in_doubt(at))

    def _in_doubt(self, at: datetime) -> frozenset[str]:
        """Those whose message a worker had when it was killed, without a record of what became of it."""
        posted = dict(self.posted)
        states = self.batches.get_open_many((message, FIRST) for message in posted)
        held = {state.message_id for state in states if state.lease_owner is not None and state.leased(at)}
        recorded = self.deliveries.get_many((posted[message], message, "email") for message in held)
        return frozenset(posted[message] for message in held - {key[1] for key in recorded})

    def _known(self) -> Mapping[str, Any]:
        return {key: message for key, (message, _) in self.messages.get_many([*self.posted]).items()}

    def _all_at_rest(self) -> bool:
        with suppress(ClientError, BotoCoreError):
            return all(message.state in AT_REST for message in self._known().values())
        return False

    def _all_copies(self) -> dict[str, list[datetime]]:
        copies: dict[str, list[datetime]] = {}
        for _, mail in self.stack.outbox.find():
            if mail.message_id in self.posted:
                copies.setdefault(self.posted[str(mail.message_id)], []).append(mail.at)
        return copies


def _over(posts: list[Future[None]]) -> bool:
    return all(each.done() for each in posts)


def _until(true: Callable[[], bool]) -> None:
    """Wait until it is, or patience ends."""
    deadline = time.monotonic() + PATIENCE
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
