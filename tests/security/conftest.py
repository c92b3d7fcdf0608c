"""The world of the integration tests, and what an attacker finds in it."""

from __future__ import annotations

import time

import pytest

from tests.integration import conftest as integration

aws = integration.aws
clock = integration.clock
post = integration.post


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long answers were held back; nobody waits for it here."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept
