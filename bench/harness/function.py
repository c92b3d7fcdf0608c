"""Runs one function like Lambda does, in its own process: `python -m bench.harness.function deliver 5`.

It imports only the handler and its imports, so that the memory of this process is the function's. Events arrive on the
socket with the given number, each with the time to use while it is processed, so that the speed of the machine does not
affect the counts. AWS requests leave on the same socket, at the point where botocore would open a connection.
"""

from __future__ import annotations

import io
import os
import re
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from botocore.awsrequest import AWSResponse
from fanfare.ids import random_uuid
from fanfare.runtime import clients, settings, stores
from fanfare.runtime.registry import opened

from bench.harness.door import Door

SECONDS_LEFT = 240
FORGET = "forget"
LONG = 3_600.0


class Raw(io.BytesIO):
    """The raw response that botocore reads from."""

    def stream(self, *_: object, **__: object) -> Any:
        yield self.read()


def response(url: str, status: int, body: bytes) -> AWSResponse:
    """A response in the form that botocore expects from its HTTP client."""
    headers = {"content-type": "application/x-amz-json-1.0", "content-length": str(len(body))}
    return AWSResponse(url, status, headers, Raw(body))  # type: ignore[arg-type]


def target_of(request: Any) -> str | None:
    """The operation in the request's header; None for SES, which has it in the path."""
    target = request.headers.get("X-Amz-Target")
    return target.decode() if isinstance(target, bytes) else target


def body_of(request: Any) -> bytes:
    """The body as bytes; for SNS, botocore has it as text."""
    body: str | bytes = request.body or b"{}"
    return body.encode() if isinstance(body, str) else body


def main() -> None:
    code, descriptor = sys.argv[1:]
    door = Door(socket.socket(fileno=int(descriptor)))
    standing = datetime.now(UTC)
    opened.put(settings.clock, lambda: standing)

    def ask(request: Any, **_: object) -> AWSResponse:
        door.send(("aws", target_of(request), body_of(request)))
        return response(request.url, *door.receive())

    session: Any = clients.session()
    session.register("before-send.*.*", ask)
    handler = import_module(f"functions.{code}.handler").handler
    age = 0.0  # caches with a lifetime of a second expire only between two messages
    stores.catalogue().cache.monotonic = lambda: age
    for invocation in _received(door):
        if invocation == FORGET:
            age += LONG
            continue
        event, standing = invocation
        # another one in each invocation, as in Lambda
        os.environ["_X_AMZN_TRACE_ID"] = f"Root=1-{random_uuid()};Sampled=0"
        before = time.process_time()
        answer = handler(event, _context(code))
        spent = time.process_time() - before
        door.send(("done", answer, spent, _peak_kb()))


def _received(door: Door) -> Iterator[Any]:
    """Process events until the parent closes the socket."""
    with suppress(EOFError):
        while True:
            yield door.receive()


def _peak_kb() -> int:
    """Peak resident memory. `ru_maxrss` would include the parent's memory at the time of the fork."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1])


def _context(code: str) -> SimpleNamespace:
    return SimpleNamespace(
        function_name=code,
        memory_limit_in_mb=512,
        invoked_function_arn=f"arn:aws:lambda:eu-central-1:123456789012:function:{code}",
        aws_request_id="52fdfc07-2182-454f-963f-5f0f9a621d72",
        get_remaining_time_in_millis=lambda: SECONDS_LEFT * 1000,
    )


if __name__ == "__main__":
    main()
