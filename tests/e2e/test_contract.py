"""What Fanfare takes for granted of AWS, asked of the emulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.backend import Backend, opened
from tests.contract.test_dynamodb import *  # noqa: F403 - the same facts, of another AWS
from tests.contract.test_sqs import *  # noqa: F403
from tests.e2e.conftest import World


@pytest.fixture(scope="module")
def opened_once(world: World) -> Iterator[Backend]:
    backend = opened("ministack", world.client("dynamodb"), world.client("sqs"))
    yield backend
    backend.dynamodb.delete_table(TableName=backend.table)
    backend.sqs.delete_queue(QueueUrl=backend.queue)


@pytest.fixture
def aws(opened_once: Backend) -> Backend:
    opened_once.clean()
    return opened_once
