"""Providers of a few lines: they keep what they were asked and answer what they were told to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import botocore.session
from botocore.exceptions import ClientError
from fanfare.channels.base import Envelope


def envelope(user_id: str = "ada", **fields: Any) -> Envelope:
    defaults: dict[str, Any] = {"message_id": "message-1", "address": f"{user_id}@example.com", "content": {}}
    return Envelope(user_id=user_id, **defaults | fields)


def refusal(code: str, status: int = 400, *, message: str = "") -> ClientError:
    """An AWS service's answer that is an error."""
    answer: Any = {"Error": {"Code": code, "Message": message or code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Operation")


def modelled_errors(service: str, operation: str) -> set[str]:
    """The codes of the errors that AWS's own model of a service lists for an operation."""
    session: Any = botocore.session.get_session()
    shapes = session.get_service_model(service).operation_model(operation).error_shapes
    return {shape.metadata.get("error", {}).get("code", shape.name) for shape in shapes}


class Provider:
    """Answers each call with the next of `answers`: an exception is raised, the last one is repeated."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            self.asked.append((operation, request))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if callable(answer) and not isinstance(answer, type):
                answer = answer(operation, request)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call
