"""The internal API: services call it, with IAM signatures."""

from __future__ import annotations

from typing import Final

from aws_lambda_powertools import Logger

from fanfare.api.app import Api
from fanfare.api.internal import (
    brand,
    masked,
    messages,
    queues,
    subscriptions,
    suppressions,
    templates,
    topics,
    users,
)
from fanfare.api.internal.audit import Trail
from fanfare.api.internal.own_messages import check_owner
from fanfare.api.openapi import About

ABOUT: Final = About(
    title="Fanfare internal API",
    description="Post a message to a topic, reach all its subscribers, and see the outcome for each. For services.",
    security={
        "sigv4": {
            "type": "apiKey",
            "name": "Authorization",
            "in": "header",
            "description": "AWS Signature Version 4, service `execute-api`, by a principal that may "
            "`execute-api:Invoke` this API.",
            "x-amazon-apigateway-authtype": "awsSigv4",
        }
    },
)
RESOURCES: Final = (messages, topics, templates, users, subscriptions, suppressions, brand, masked, queues)


def internal_api(logger: Logger) -> Api:
    """The API; it logs to `logger`."""
    routers = [each.router for each in RESOURCES]
    open_ended = ["/v1/suppressions/[^/]+/"]
    return Api(logger, about=ABOUT, routers=routers, open_ended=open_ended, gate=check_owner, trail=Trail(logger))
