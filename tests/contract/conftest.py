"""The same facts of each AWS that tests are run on: the one in memory, and moto. tests/e2e asks the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto import mock_aws

from testing.memory_aws.aws import Memory
from testing.moto_speed import one_copy_of_a_table
from tests.contract.backend import THINGS, Backend, opened


@pytest.fixture(scope="module", params=["memory", "moto"])
def opened_once(request: pytest.FixtureRequest) -> Iterator[Backend]:
    if request.param == "memory":
        now = [datetime(2027, 1, 1, tzinfo=UTC)]
        memory = Memory(lambda: now[0], tables=[THINGS])

        def sleep(seconds: float) -> None:
            now[0] += timedelta(seconds=seconds)

        yield Backend(request.param, memory.dynamodb, memory.sqs, THINGS.name, "a-queue", sleep)
        return
    with mock_aws(), one_copy_of_a_table():
        session = boto3.Session("testing", "testing", region_name="eu-central-1")
        yield opened(request.param, session.client("dynamodb"), session.client("sqs"))


@pytest.fixture
def aws(opened_once: Backend) -> Backend:
    """With nothing in its table and its queue."""
    opened_once.clean()
    return opened_once
