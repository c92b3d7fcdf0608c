"""Responses with a status or headers of their own."""

from __future__ import annotations

from typing import TypeVar

from aws_lambda_powertools.event_handler import Response

T = TypeVar("T")


def json_response(status: int, body: T, headers: dict[str, str] | None = None) -> Response[T]:
    """A JSON response with a status and headers."""
    return Response(status_code=status, content_type="application/json", body=body, headers=headers)


def created_or_ok(created: bool, body: T) -> Response[T]:
    """201 if created, else 200."""
    return json_response(201 if created else 200, body)


def no_content() -> Response[None]:
    """204 without a body."""
    return Response(status_code=204)
