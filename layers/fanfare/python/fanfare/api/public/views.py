"""Messages in the browser."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from markupsafe import Markup

from fanfare.api.openapi import PAGE, answers
from fanfare.api.public.links import Token
from fanfare.self_service.pages.rendering import MEDIA_TYPE

router = Router()

# The mail is the deployer's: it may look as it likes, but neither run scripts nor act in the name of these pages
HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src https: data:; style-src 'unsafe-inline'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # the URL of the page contains its token
    "X-Robots-Tag": "noindex",
}
TEXT: Final = Markup(
    '<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<title>{title}</title></head><body><pre dir="auto" style="white-space:pre-wrap;font:16px/1.5 sans-serif">'
    "{text}</pre></body></html>"
)
NOWHERE: Final = re.compile(r"""\shref=(?:""|'')""")  # a link that the view does not have leads back to the view


@router.get("/v1/views/<token>", tags=["links"], responses={**PAGE, **answers(410)})
def show_view(token: Token) -> Response[str]:
    """Show a message in the browser as it was sent, but without links to unsubscribe and to preferences.

    410 after the retention of the message.
    """
    from fanfare.runtime.use_cases.view import view  # noqa: PLC0415 - templates are a fifth more modules

    content = view().run(token)
    page = NOWHERE.sub("", content["html"]) if "html" in content else _of_text(content)
    return Response(status_code=200, content_type=MEDIA_TYPE, body=page, headers=dict(HEADERS))


def _of_text(content: Mapping[str, str]) -> str:
    title = content.get("subject") or content.get("title") or ""
    return TEXT.format(title=title, text=content.get("text") or content.get("body") or "")
