"""Answers that are more than a body."""

from __future__ import annotations

from typing import TypeVar

from aws_lambda_powertools.event_handler import Response

T = TypeVar("T")


def json_response(status: int, body: T, headers: dict[str, str] | None = None) -> Response[T]:
    """A status that is not 200, or may be another."""
    return Response(status_code=status, content_type="application/json", body=body, headers=headers)


def created_or_ok(created: bool, body: T) -> Response[T]:
    """201 for what is new, 200 for what was there."""
    return json_response(201 if created else 200, body)


def no_content() -> Response[None]:
    """It is done, and there is nothing to say."""
    return Response(status_code=204)
