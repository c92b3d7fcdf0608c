"""Kill what runs the functions, at drawn moments, and see what the reconciler makes of it.

On the local stack a function at work is a process. `kill -9` of one is a worker of Lambda's that died; ending the
emulator and starting it again is all of them dying at once, with the tables and queues as they were.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, Final

from fanfare.aws.dynamodb import DynamoTable
from fanfare.store.batches import Batches
from fanfare.store.deliveries import Deliveries
from urllib3.exceptions import HTTPError

from local.api import Api
from local.aws import client
from local.demo import job
from local.demo.audience import Person, PersonKind
from local.providers.outbox import Mail
from local.stack import Stack
from testing.aws_calls import readable

# So short that a run takes seconds. A lease must still outlive the longest work of a worker that lives.
TIMES: Final = {
    "FANFARE_STALE_AFTER_SECONDS": "4",
    "FANFARE_DOUBT_GRACE_SECONDS": "4",
    "FANFARE_LEASE_SECONDS": "20",
}
ON_THE_WAY: Final = frozenset({"FanOut", "Email", "Reconcile", "RecordReceipt"})
PATIENCE: Final = 300.0  # seconds for a message to come to rest
IN_THE_AIR: Final = timedelta(seconds=1)  # a call that was on the wire when its caller was killed


@dataclass(frozen=True)
class Kill:
    """What was killed and when, and who was handed to the provider, or about to be, without a record of it."""

    at: datetime
    what: str
    exposed: frozenset[str]


@dataclass
class Run:
    """What came of one message."""

    kills: list[Kill]
    state: str
    copies: Mapping[str, Sequence[datetime]]  # when each user was sent to
    people: Sequence[str]
    seconds: float
    unexplained: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.unexplained = [user for user, at in self.copies.items() if len(at) > 1 and not self._explained(user, at)]

    @property
    def lost(self) -> list[str]:
        return [user for user in self.people if user not in self.copies]

    @property
    def duplicates(self) -> int:
        return sum(len(at) - 1 for at in self.copies.values())

    def _explained(self, user: str, copies: Sequence[datetime]) -> bool:
        """Each copy but the first has a kill before it, and since the copy before, that left the user in doubt."""
        return all(
            any(user in kill.exposed and before <= kill.at + IN_THE_AIR and kill.at <= after for kill in self.kills)
            for before, after in pairwise(copies)
        )


class Harness:
    """A running stack with an audience of its own."""

    victims = ON_THE_WAY

    def __init__(self, stack: Stack, *, recipients: int, topic: str) -> None:
        self.stack = stack
        self.topic = topic
        self.url = stack.described["aws_endpoint_url"]
        self.api = Api(stack.described["internal_url"], stack.described["service"])
        self.lambdas = client("lambda", self.url)
        dynamodb = client("dynamodb", self.url)
        self.batches = Batches(
            DynamoTable(dynamodb, stack.outputs["BatchesTableName"]),
            DynamoTable(dynamodb, stack.outputs["MessagesTableName"]),
        )
        self.deliveries = Deliveries(DynamoTable(dynamodb, stack.outputs["DeliveriesTableName"]))
        self.people = [f"{topic}-{number:04}" for number in range(recipients)]

    def prepare(self) -> None:
        """The template, the topic and its subscribers."""
        persons = [
            Person(user, PersonKind.REACHABLE, {"name": user, "email": f"{user}@example.com"}) for user in self.people
        ]
        job.put_template(self.api)
        job.put_topic(self.api, self.topic)
        job.store_users(self.api, persons, _silently)
        job.subscribe(self.api, persons, _silently, self.topic)

    @contextmanager
    def short_times(self) -> Iterator[None]:
        """The functions wait for each other as briefly as `TIMES` says, and then as before."""
        before = {each["FunctionName"]: each["Environment"]["Variables"] for each in self._functions()}
        for name, variables in before.items():
            known = {key: value for key, value in TIMES.items() if key in variables}
            self._tell(name, variables | known)
        try:
            yield
        finally:
            for name, variables in before.items():
                self._tell(name, variables)

    def play(self, seed: int, *, restarts: bool = True, kills: int | None = None) -> Run:
        """One message, killed at on its way."""
        drawn = Random(seed)  # noqa: S311 - to be drawn again, not to be kept secret
        self.stack.simulator.change({"receipts": seed % 2 == 0})
        begun, before = time.monotonic(), len(self.stack.outbox)
        message_id = job.submit(self.api, self.topic)
        moments = sorted(drawn.randint(0, len(self.people)) for _ in range(kills or drawn.randint(1, 3)))
        done = []
        for moment in moments:
            self._until_sent(moment, before, drawn.uniform(0, 0.3))
            done.append(self._strike(drawn, message_id, restarts=restarts))
        message = self._at_rest(message_id)
        self.stack.simulator.change({"receipts": True})
        return Run(done, message["state"], self._copies(message_id), self.people, time.monotonic() - begun)

    def hosts(self) -> dict[int, str]:
        """The processes that functions run in, and which."""
        return {pid: name for pid, name in functions_under(self.stack.emulator.pid).items() if name in self.victims}

    def _strike(self, drawn: Random, message_id: str, *, restarts: bool) -> Kill:
        what = drawn.choice(["one", "one", "one", "all", "restart"] if restarts else ["one"])
        if what == "restart":
            at = datetime.now(UTC)
            self.stack.emulator.restart()
            return Kill(at, "restart", self._exposed(message_id, at))
        hosts = sorted(self.hosts())
        chosen = hosts if what == "all" or not hosts else [drawn.choice(hosts)]
        at = datetime.now(UTC)
        return Kill(at, self._end(*chosen), self._exposed(message_id, at))

    def _end(self, *processes: int) -> str:
        """Kill these processes. Returns what they were."""
        hosts = self.hosts()
        for pid in processes:
            os.kill(pid, signal.SIGKILL)
        count = Counter(hosts[pid] for pid in processes)
        return ", ".join(f"{number} {name}" for name, number in sorted(count.items())) or "nobody"

    def _exposed(self, message_id: str, at: datetime) -> frozenset[str]:
        """Those in batches that a worker had when it was killed, without a record of what became of them."""
        held = [
            (message_id, state.id)
            for state in self.batches.open_batches(message_id, shards=1)
            if state.lease_owner is not None and state.leased(at)
        ]
        users = {user for batch in self.batches.recipients(held).values() for user in batch.recipients}
        recorded = {key[0] for key in self.deliveries.get_many((user, message_id, "email") for user in users)}
        return frozenset(users - recorded)

    def _until_sent(self, mails: int, before: int, more_seconds: float) -> None:
        """Wait until so many mails of this run are with the provider, and a little more; it may never be so many."""
        deadline = time.monotonic() + 10
        while len(self.stack.outbox) - before < mails and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(more_seconds)

    def _at_rest(self, message_id: str) -> dict[str, Any]:
        """The message when nothing of it is on its way, or as it is when patience ends."""
        deadline = time.monotonic() + PATIENCE
        while True:
            with suppress(HTTPError):  # who answers may have been at work when the emulator ended
                message: dict[str, Any] = self.api.expect(200, "GET", f"/v1/messages/{message_id}")
                if message["state"] in job.AT_REST or time.monotonic() > deadline:
                    return message
            time.sleep(0.3)

    def _copies(self, message_id: str) -> dict[str, list[datetime]]:
        copies: dict[str, list[datetime]] = {}
        mails: list[Mail] = [mail for _, mail in self.stack.outbox.find(message_id=message_id)]
        for mail in mails:
            copies.setdefault(str(mail.user_id), []).append(mail.at)
        return copies

    def _functions(self) -> list[dict[str, Any]]:
        pages = self.lambdas.get_paginator("list_functions").paginate()
        return [each for page in pages for each in page["Functions"] if readable(each["FunctionName"]) in ON_THE_WAY]

    def _tell(self, name: str, variables: Mapping[str, str]) -> None:
        self.lambdas.update_function_configuration(FunctionName=name, Environment={"Variables": dict(variables)})


def functions_under(root: int) -> dict[int, str]:
    """The processes below `root` that run a function, and its readable name. Linux alone tells."""
    children: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        children.setdefault(parent, []).append(int(place.name))
    below, found = [root], {}
    while below:
        for pid in children.get(below.pop(), ()):
            below.append(pid)
            name = _function_in(pid)
            if name:
                found[pid] = readable(name)
    return found


def _function_in(pid: int) -> str | None:
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return None
    named = [each.partition(b"=")[2].decode() for each in environment if each.startswith(b"AWS_LAMBDA_FUNCTION_NAME=")]
    return named[0] if named else None


def _silently(_: str) -> None:
    pass
