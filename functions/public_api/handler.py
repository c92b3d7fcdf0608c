"""The public API: users call it, with a token of their account or a link from a mail."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from fanfare.api.public.app import public_api
from fanfare.runtime import observability
from fanfare.runtime.registry import opened
from fanfare.runtime.use_cases import public_api as use_cases

opened.at_start(use_cases.profile)
logger = observability.logger()
api = public_api(logger)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api.resolve(event, context)
