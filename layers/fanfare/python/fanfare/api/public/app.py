"""The public API: what people call, with a token of their account or with a link from a mail."""

from __future__ import annotations

from typing import Final

from aws_lambda_powertools import Logger

from fanfare.api.app import Api
from fanfare.api.openapi import About
from fanfare.api.public import docs, links, me, sign_up, topics
from fanfare.api.public.pages import error_page

ABOUT: Final = About(
    title="Fanfare public API",
    description="Choose what reaches you, and how; read what came. For people, and the pages and apps they use.",
    security={
        "account": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A token of the issuer that the deployment names, by default its own Cognito user "
            "pool. `sub`, or the claim that the deployment names, is the user's id.",
        }
    },
    open_to_all={
        "/v1/subscriptions",
        "/v1/confirmations/{token}",
        "/v1/unsubscribe/{token}",
        "/v1/preferences/{token}",
        "/v1/health",
        "/openapi.json",
        "/docs",
    },
    forms=links.FORMS,
)
RESOURCES: Final = (topics, me, sign_up, links, docs)


def public_api(logger: Logger) -> Api:
    """The API, which logs there."""
    return Api(logger, about=ABOUT, routers=[each.router for each in RESOURCES], error_page=error_page)
