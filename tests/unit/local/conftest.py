"""The stand-ins on loopback, and the SDK's own clients for them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config

from local.http import Server
from local.providers.outbox import Mail, Outbox
from local.providers.server import Providers
from local.providers.ses_events import EventLog
from local.providers.simulator import Simulator

ONCE = Config(proxies={}, retries={"total_max_attempts": 1}, read_timeout=5)


@dataclass
class World:
    outbox: Outbox = field(default_factory=Outbox)
    simulator: Simulator = field(default_factory=Simulator)
    events: EventLog = field(default_factory=EventLog)
    url: str = ""

    @property
    def mails(self) -> list[Mail]:
        return [mail for _, mail in self.outbox.find()]

    @property
    def told(self) -> list[str]:
        return [event["eventType"] for _, event in self.events.events]

    def client(self, service: str) -> Any:
        return _session().client(service, endpoint_url=self.url, config=ONCE)


@functools.cache
def _session() -> Any:
    """One for all: it takes a while to make."""
    return boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-central-1")


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    providers = Providers(outbox=world.outbox, simulator=world.simulator, publish=world.events.publish)
    server = Server(providers.handle)
    world.url = server.url
    yield world
    server.close()
