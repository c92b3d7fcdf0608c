"""Subscribe without an account."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from fanfare.api.openapi import answers
from fanfare.api.responses import json_response
from fanfare.runtime.settings import settings
from fanfare.runtime.use_cases import public_api as use_cases
from fanfare.schemas.self_service import SignUpRequest, SignUpView
from fanfare.self_service.sign_up import source

router = Router()


@router.post("/v1/subscriptions", tags=["links"], responses=answers(429, _202=SignUpView))
def request_subscription(request: SignUpRequest) -> Response[SignUpView]:
    """Ask to subscribe an e-mail address to a public topic.

    A link to confirm goes to the address; nothing else does before it is followed. The answer is the
    same whoever it is, and whether or not a link was sent: so much a source and an address may ask for.
    """
    use_cases.request_subscription().run(request, source=_source())
    return json_response(202, SignUpView(status="confirmation_requested"))


def _source() -> str:
    """The address of who calls: as API Gateway sees it, or as the proxy says that the deployment names."""
    event = router.current_event
    header = settings().source_header
    told = event.headers.get(header) if header else None
    return source(told, seen=event["requestContext"]["http"]["sourceIp"])
