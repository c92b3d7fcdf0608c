"""Calls the public API's real handler with events as API Gateway makes them."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from fanfare.domain.audience import User
from fanfare.runtime import signing, stores

from functions.public_api import handler as public_api
from tests.integration.internal_api import CONTEXT, Answer, event

BASE: Final = "https://people.example.com"
BROWSER: Final = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
FORM: Final = "application/x-www-form-urlencoded"


def deliver(sent: Mapping[str, Any]) -> Answer:
    """What the handler answers to an event."""
    answer = public_api.handler(copy.deepcopy(dict(sent)), CONTEXT)  # type: ignore[arg-type]
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    return Answer(answer["statusCode"], headers, answer["body"] or "")


def call(
    method: str,
    path: str,
    body: Any = None,
    *,
    user: str | None = "ada",
    claims: Mapping[str, str] | None = None,
    raw: str | None = None,
    content_type: str | None = "application/json",
    headers: Mapping[str, str] | None = None,
    source: str = "192.0.2.1",
    **query: Any,
) -> Answer:
    """One call by `user`, or by nobody; `raw` is a body that is sent as it is, `query` the parameters."""
    sent = event("public_get_me")
    asked = {name: str(value) for name, value in query.items()}
    context = sent["requestContext"]
    context["http"] |= {"method": method, "path": path, "sourceIp": source}
    if user is None and claims is None:
        del context["authorizer"]
    else:
        context["authorizer"]["jwt"]["claims"] |= {"sub": user, **(claims or {})}
    sent |= {"rawPath": path, "rawQueryString": urlencode(asked), "queryStringParameters": asked or None}
    sent["headers"] |= headers or {}
    text = json.dumps(body, ensure_ascii=False) if body is not None else raw
    if text is not None:
        sent["body"] = text
        if content_type is not None:
            sent["headers"]["content-type"] = content_type
    return deliver(sent)


def browse(link: str, form: Mapping[str, Any] | None = None, **query: Any) -> Answer:
    """Follow a link in a browser; with `form`, press its button."""
    path = link.removeprefix(BASE)
    if form is None:
        return call("GET", path, user=None, headers={"accept": BROWSER}, **query)
    text = urlencode(form, doseq=True)
    return call("POST", path, raw=text, content_type=FORM, user=None, headers={"accept": BROWSER}, **query)


def reader(user_id: str) -> User:
    """The user who gets a link."""
    found = stores.audience().users.get(user_id)
    assert found is not None
    return found


def unsubscribe_link(user_id: str, topic: str, channel: str = "email") -> str:
    """The link in a mail that the user gets now."""
    return signing.public_links().unsubscribe_link(reader(user_id), topic, channel)


def preferences_link(user_id: str) -> str:
    """The link that is mailed to the user now."""
    return signing.public_links().preferences_link(reader(user_id), "email")
