"""The API for people: for now, whether it is there."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from fanfare import wiring

logger = wiring.logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    if event["rawPath"] == "/v1/health":
        return _answer(200, "application/json", {"status": "ok"}, context)
    problem = {
        "type": "urn:fanfare:problem:not_found",
        "title": "Not found",
        "status": 404,
        "detail": "there is no such path",
        "instance": event["rawPath"],
        "code": "not_found",
        "errors": [],
        "retryable": False,
    }
    return _answer(404, "application/problem+json", problem, context)


def _answer(status: int, media_type: str, body: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"content-type": media_type, "x-request-id": context.aws_request_id},
        "body": json.dumps(body),
    }
