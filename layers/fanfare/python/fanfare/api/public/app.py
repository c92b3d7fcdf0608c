"""The public API: what people call, with a token of their account or with a link from a mail."""

from __future__ import annotations

from typing import Final

from aws_lambda_powertools import Logger

from fanfare.api.app import Api
from fanfare.api.openapi import About
from fanfare.api.public import docs, links, me, sign_up, topics, views
from fanfare.api.public.origin import check_origin
from fanfare.api.public.pages import error_page

ABOUT: Final = About(
    title="Fanfare public API",
    description="Choose what is sent to you, and how; read what was sent. For people, and the pages and apps they use.",
    security={
        "account": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A token of the configured issuer, by default the deployment's own Cognito user "
            "pool. The claim `sub`, or the configured one, is the user's id.",
        }
    },
    open_to_all={
        "/v1/subscriptions",
        "/v1/confirmations/{token}",
        "/v1/unsubscribe/{token}",
        "/v1/preferences/{token}",
        "/",
        "/v1/topics",
        "/v1/views/{token}",
        "/v1/health",
        "/openapi.json",
        "/docs",
    },
    forms={**links.FORMS, **sign_up.FORMS},
    cached={"/openapi.json", "/docs"},
)
RESOURCES: Final = (topics, me, sign_up, links, views, docs)


def public_api(logger: Logger) -> Api:
    """The API; it logs to `logger`."""
    return Api(
        logger, about=ABOUT, routers=[each.router for each in RESOURCES], error_page=error_page, gate=check_origin
    )
