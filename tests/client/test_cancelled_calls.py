"""Cancelled calls leave no connection behind: a client with deadlines works on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator

import httpx2
import pytest
from botocore.credentials import Credentials
from fanfare_client import AsyncFanfare, Retries, Unreachable

ROUNDS, CALLS = 8, 400
BODY = json.dumps({"items": []}).encode()
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(BODY), BODY)


@contextlib.asynccontextmanager
async def healthy(seconds: float) -> AsyncIterator[str]:
    """A server on loopback that answers every call after so many seconds, and keeps connections open."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                await asyncio.sleep(seconds)
                writer.write(ANSWER)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1_000)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def client(url: str, **more: object) -> AsyncFanfare:
    credentials = Credentials("AKIDEXAMPLE", "secret")
    return AsyncFanfare(url, region="eu-west-1", credentials=credentials, retries=Retries(attempts=1), **more)  # type: ignore[arg-type]


async def _with_deadline(fanfare: AsyncFanfare, seconds: float) -> None:
    with contextlib.suppress(TimeoutError, Unreachable):
        await asyncio.wait_for(fanfare.queues(), seconds)


def test_after_rounds_of_cancelled_calls_every_connection_is_free() -> None:
    """With httpx 0.28 and httpcore 1.0 all 100 connections are lost after some rounds; no call succeeds then."""
    deadlines = random.Random(16)  # noqa: S311 - the same each time

    async def script() -> list[object]:
        async with healthy(0.05) as url, client(url) as fanfare:
            for _ in range(ROUNDS):
                await asyncio.gather(*(_with_deadline(fanfare, deadlines.uniform(0.2, 1.7)) for _ in range(CALLS)))
            return list(await asyncio.gather(*(fanfare.queues() for _ in range(100))))

    assert asyncio.run(script()) == [[]] * 100


def test_who_makes_too_many_calls_at_once_is_told_so_soon() -> None:
    async def script() -> str:
        one = httpx2.AsyncClient(limits=httpx2.Limits(max_connections=1), timeout=httpx2.Timeout(30, pool=0.2))
        async with healthy(2.0) as url, client(url, http=one) as fanfare:
            first = asyncio.create_task(fanfare.queues())
            await asyncio.sleep(0.1)
            with pytest.raises(Unreachable) as late:
                await fanfare.queues()
            await first
            return str(late.value)

    said = asyncio.run(script())
    assert "too many calls at once" in said
    assert "became free in 1 attempts" in said


@pytest.mark.parametrize(("timeout", "pool"), [(35.0, 5.0), (2.0, 2.0)])
def test_the_wait_for_a_free_connection_has_a_short_limit_of_its_own(timeout: float, pool: float) -> None:
    fanfare = client("https://example.com", timeout=timeout)
    found = fanfare._transport._http.timeout
    assert (found.read, found.pool) == (timeout, pool)
