"""Fanfare, as the client sees it: answers in the order they are given, and what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from botocore.credentials import Credentials
from fanfare_client import AsyncFanfare, Fanfare, Retries

URL = "https://abc123.execute-api.eu-west-1.amazonaws.com"
REGION = "eu-west-1"
KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
IMPATIENT = Retries(attempts=4, first=0.0)

Given = httpx.Response | type[httpx.RequestError]


@dataclass
class Scripted:
    answers: list[Given]
    asked: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        answer = self.answers.pop(0) if self.answers else ok({})
        if isinstance(answer, httpx.Response):
            return answer
        raise answer("broken", request=request)

    def client(self, *, retries: Retries = IMPATIENT, token: str | None = None) -> Fanfare:
        http = httpx.Client(transport=httpx.MockTransport(self))
        return Fanfare(URL, region=REGION, credentials=Credentials(KEY, SECRET, token), http=http, retries=retries)

    def async_client(self, *, retries: Retries = IMPATIENT) -> AsyncFanfare:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return AsyncFanfare(URL, region=REGION, credentials=Credentials(KEY, SECRET), http=http, retries=retries)


def script(*answers: Given) -> Scripted:
    return Scripted(list(answers))


def ok(body: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=body)


def problem(status: int, code: str = "some_code", *, retryable: bool = False, **more: Any) -> httpx.Response:
    headers: Mapping[str, str] = more.pop("headers", {})
    body = {
        "type": f"urn:fanfare:problem:{code}",
        "title": "T",
        "status": status,
        "detail": "what is wrong",
        "code": code,
    }
    return httpx.Response(
        status, json={**body, "errors": [], "retryable": retryable, **more}, headers={"x-request-id": "r-1", **headers}
    )
