"""Fanfare, as the client sees it: answers in the order they are given, and what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from botocore.credentials import Credentials
from fanfare_client import AsyncFanfare, Fanfare, Retries

URL = "https://abc123.execute-api.eu-west-1.amazonaws.com"
REGION = "eu-west-1"
KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
IMPATIENT = Retries(attempts=4, first=0.0)

Given = httpx2.Response | type[httpx2.RequestError]


@dataclass
class Scripted:
    answers: list[Given]
    asked: list[httpx2.Request] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        self.asked.append(request)
        answer = self.answers.pop(0) if self.answers else ok({})
        if isinstance(answer, httpx2.Response):
            return answer
        raise answer("broken", request=request)

    def client(self, *, retries: Retries = IMPATIENT, token: str | None = None) -> Fanfare:
        http = httpx2.Client(transport=httpx2.MockTransport(self))
        return Fanfare(URL, region=REGION, credentials=Credentials(KEY, SECRET, token), http=http, retries=retries)

    def async_client(self, *, retries: Retries = IMPATIENT) -> AsyncFanfare:
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(self))
        return AsyncFanfare(URL, region=REGION, credentials=Credentials(KEY, SECRET), http=http, retries=retries)


def script(*answers: Given) -> Scripted:
    return Scripted(list(answers))


def ok(body: Any, status: int = 200) -> httpx2.Response:
    return httpx2.Response(status, json=body)


def problem(status: int, code: str = "some_code", *, retryable: bool = False, **more: Any) -> httpx2.Response:
    headers: Mapping[str, str] = more.pop("headers", {})
    body = {
        "type": f"urn:fanfare:problem:{code}",
        "title": "T",
        "status": status,
        "detail": "what is wrong",
        "code": code,
    }
    return httpx2.Response(
        status, json={**body, "errors": [], "retryable": retryable, **more}, headers={"x-request-id": "r-1", **headers}
    )
