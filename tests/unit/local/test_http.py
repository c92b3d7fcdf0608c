"""The server answers whom it should, and can hang up."""

from __future__ import annotations

import pytest
import urllib3

from local.http import Answer, HangUp, Request, Server


def answer(request: Request) -> Answer:
    if request.path == "/hang-up":
        raise HangUp
    return Answer(200, request.body, {"X-Query": request.query.get("a", "")})


@pytest.fixture(scope="module")
def url() -> str:
    return Server(answer).url


def test_a_request_is_answered(url: str) -> None:
    reply = urllib3.request("POST", f"{url}/there?a=b", body=b"text")
    assert (reply.status, reply.data, reply.headers["X-Query"]) == (200, b"text", "b")


def test_another_name_for_loopback_is_refused(url: str) -> None:
    assert urllib3.request("GET", url, headers={"Host": "rebound.example.com:80"}).status == 421


def test_hanging_up_gives_no_answer(url: str) -> None:
    with pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.request("GET", f"{url}/hang-up", retries=False)
