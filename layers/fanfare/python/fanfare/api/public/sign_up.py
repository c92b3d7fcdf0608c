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

    A confirmation link is sent to the address, and nothing else until it is confirmed. The response is the same for
    known and unknown addresses, and if no link was sent because the limit of the source or the address was reached.
    """
    use_cases.request_subscription().run(request, source=_source())
    return json_response(202, SignUpView(status="confirmation_requested"))


def _source() -> str:
    """IP address of the caller: from the header of the deployment's proxy if configured, else from API Gateway."""
    event = router.current_event
    header = settings().source_header
    told = event.headers.get(header) if header else None
    return source(told, seen=event["requestContext"]["http"]["sourceIp"])
