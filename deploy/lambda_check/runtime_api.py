"""Lambda's runtime API for one invocation, on loopback.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

from local.http import Answer, HangUp, Request, Server, as_json, problem

VERSION: Final = "/2018-06-01/runtime"
REQUEST_ID: Final = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"


class RuntimeApi:
    """Hands out one event inside a `with` block, and takes its result."""

    def __init__(self, event: Mapping[str, Any], *, seconds: float) -> None:
        self.event = event
        self.deadline = time.time() + seconds
        self.result: Any = None
        self.error: Any = None
        self.ended = threading.Event()
        self._closing = threading.Event()
        self._handed_out = False

    def __enter__(self) -> Self:
        self._server = Server(self.handle)
        self.address = self._server.url.removeprefix("http://")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.close()

    def handle(self, request: Request) -> Answer:
        match request.method, request.path.removeprefix(VERSION).split("/"):
            case "GET", ["", "invocation", "next"]:
                return self._next()
            case "POST", ["", "invocation", id, "response"] if id == REQUEST_ID:
                self.result = json.loads(request.body)
            case "POST", ["", "init", "error"] | ["", "invocation", _, "error"]:
                self.error = json.loads(request.body)
            case _:
                return problem(404, f"The runtime API has no {request.method} {request.path}.")
        self.ended.set()
        return as_json({"status": "OK"}, 202)

    def _next(self) -> Answer:
        if self._handed_out:  # no further event comes
            self._closing.wait()
            raise HangUp
        self._handed_out = True
        return as_json(
            self.event,
            200,
            **{
                "Lambda-Runtime-Aws-Request-Id": REQUEST_ID,
                "Lambda-Runtime-Deadline-Ms": str(int(self.deadline * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:123456789012:function:check",
                "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
            },
        )
