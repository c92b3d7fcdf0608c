"""HTML pages as responses, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from aws_lambda_powertools.event_handler import Response

from fanfare.api.requests import headers_of
from fanfare.errors import FanfareError
from fanfare.runtime.brand import brands
from fanfare.runtime.settings import settings
from fanfare.self_service import pages
from fanfare.self_service.pages.look import Look
from fanfare.self_service.pages.rendering import MEDIA_TYPE, headers
from fanfare.self_service.unsubscribe import ReaderErased
from fanfare.translations import accepted, language_of

CONFIRMATIONS = "/v1/confirmations/"
FINDING = ("/v1/unsubscribe/", "/v1/preferences/")  # whose links lead to the choices of a user


def html(page: str, look: Look, *, status: int = 200) -> Response[str]:
    """A page with its security headers."""
    return Response(status_code=status, content_type=MEDIA_TYPE, body=page, headers=dict(headers(look)))


def look_for(event: Mapping[str, Any], locale: str | None = None) -> Look:
    """The brand in the language of `?lang=`, of the user's `locale`, or of `Accept-Language`; else in English."""
    return Look(brand=brands().known(), language=language_of(lang_of(event), locale, *languages_of(event)))


def lang_of(event: Mapping[str, Any]) -> str | None:
    """The language that the URL asks for."""
    asked = parse_qs(event.get("rawQueryString") or "").get("lang")
    return asked[-1] if asked else None


def languages_of(event: Mapping[str, Any]) -> list[str]:
    """The languages of `Accept-Language`, the most wanted first."""
    return accepted(headers_of(event).get("accept-language"))


def error_page(error: FanfareError, event: Mapping[str, Any]) -> Response[str]:
    """An error page, for a person who opened a link or sent a form."""
    look, path = look_for(event), str(event.get("rawPath", ""))
    code = "reader_erased" if isinstance(error, ReaderErased) else error.code
    page = pages.problem(
        look,
        code,
        renews=code == "link_expired" and path.startswith(CONFIRMATIONS),
        finds=code == "link_invalid" and path.startswith(FINDING),
        directory=code in ("link_invalid", "topic_not_found")
        and path.startswith(CONFIRMATIONS)
        and settings().public_directory,
    )
    return html(page, look, status=error.status)
