"""The internal API: services call it, with IAM signatures."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from fanfare.api.internal.app import internal_api
from fanfare.runtime import clients, observability
from fanfare.runtime.registry import opened
from fanfare.runtime.use_cases import internal_api as use_cases

opened.at_start(use_cases.submit)
logger = observability.logger()
api = internal_api(logger)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    answer = api.resolve(event, context)
    clients.flush_events()
    return answer
