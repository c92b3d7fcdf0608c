"""Responses with a status or headers of their own, and their form for API Gateway."""

from __future__ import annotations

from typing import Any, TypeVar

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


def in_form(response: Response[Any], body: str | None) -> dict[str, Any]:
    """The response with this body, in the form of API Gateway (payload format 2.0)."""
    return {
        "statusCode": response.status_code,
        "headers": response.headers,
        "body": body,
        "isBase64Encoded": False,
    }
