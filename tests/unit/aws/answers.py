"""Answers of AWS to the SDK, without a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from botocore.awsrequest import AWSResponse
from botocore.loaders import create_loader

MODELS: Final = create_loader()  # shared: to read the models of AWS takes most of a test


class _Raw:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self.content


def answer(request: Any, status: int, body: bytes, headers: Mapping[str, str]) -> AWSResponse:
    """What a hook of `before-send` gives instead of a call."""
    return AWSResponse(request.url, status, headers, _Raw(body))  # type: ignore[arg-type]


def agent_of(request: Any) -> str:
    """Without what Powertools adds by a hook, once a process has imported it."""
    agent: bytes = request.headers["User-Agent"]
    return agent.decode().partition(" PT/")[0]
