"""Subscribe without an account."""

from __future__ import annotations

from typing import Any, Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from fanfare.api.openapi import PAGE, answers
from fanfare.api.public.origin import source_of
from fanfare.api.public.pages import html, languages_of, look_for
from fanfare.api.requests import accepts_pages, is_form
from fanfare.api.responses import json_response
from fanfare.errors import NotFound
from fanfare.runtime.settings import settings
from fanfare.runtime.use_cases import public_api as use_cases
from fanfare.schemas.self_service import SignUpRequest, SignUpView
from fanfare.self_service import pages
from fanfare.self_service.pages import lists

router = Router()

SIGN_UP: Final = answers(429, _202=SignUpView)
SIGN_UP[202]["content"]["text/html"] = {"schema": {"type": "string"}}
FORMS: Final[dict[str, dict[str, Any]]] = {
    "request_subscription": {
        "type": "object",
        "required": ["email", "topic"],
        "properties": {name: {"type": "string"} for name in ("email", "topic", "lang", "website")},
    }
}


@router.get("/", tags=["topics"], responses=PAGE | answers(404))
def show_directory() -> Response[str]:
    """Show who sends, and the public topics with a form to sign up for each: a page for browsers."""
    event = router.current_event.raw_event
    if not (settings().public_directory and accepts_pages(event)):
        raise NotFound("No such endpoint.")
    look = look_for(event)
    offers = use_cases.public_topics().offers(look.language)
    return html(lists.directory(look, offers), look)


@router.post("/v1/subscriptions", tags=["links"], responses=SIGN_UP)
def request_subscription(request: SignUpRequest) -> Response[Any]:
    """Ask to subscribe an e-mail address to a public topic.

    A confirmation link is sent to the address, and nothing else until it is confirmed. The response is the same for
    known and unknown addresses, and if no link was sent because the limit of the source or the address was reached.
    A form gets a page.
    """
    event = router.current_event.raw_event
    use_cases.request_subscription().run(request, source=source_of(event), languages=languages_of(event))
    if is_form(event):
        look = look_for(event, request.lang)
        return html(pages.signed_up(look, directory=settings().public_directory), look, status=202)
    return json_response(202, SignUpView(status="confirmation_requested"))
