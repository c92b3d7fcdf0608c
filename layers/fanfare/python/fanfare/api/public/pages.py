"""HTML pages as responses."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response

from fanfare.errors import FanfareError
from fanfare.runtime.settings import brand
from fanfare.self_service import pages


def html(page: str, *, status: int = 200) -> Response[str]:
    """A page with its security headers."""
    return Response(status_code=status, content_type=pages.MEDIA_TYPE, body=page, headers=dict(pages.headers()))


def error_page(error: FanfareError) -> Response[str]:
    """An error page, for a person who opened a link."""
    return html(pages.problem(error.code, brand=brand()), status=error.status)
