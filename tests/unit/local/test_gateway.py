"""The gateway hands on what it is given, both ways, and follows nothing."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import urllib3

from local.emulator.gateway import AT_ONCE, Gateway
from local.emulator.launch import handed_on
from local.http import Answer, Request, Server, as_json


def behind(request: Request) -> Answer:
    if request.path.endswith("/elsewhere"):
        return Answer(302, headers={"Location": "https://example.com/"})
    told = {"method": request.method, "target": request.target, "body": request.body.decode()}
    if request.target.startswith("/_aws/execute-api/"):
        told |= {"host": request.headers["host"]}
    return as_json(told | {"authorization": request.headers.get("authorization")}, 201, **{"X-Request-Id": "r-1"})


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    gateway, api = Gateway(), Server(behind)
    gateway.target = f"{api.url}/_aws/api-1"
    gateway.emulator = api.url
    server = Server(gateway.handle)
    yield server.url
    server.close()
    api.close()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_call_arrives_as_it_was_made(url: str, method: str) -> None:
    answer = urllib3.request(method, f"{url}/v1/me?limit=1&a=%2F", body=b"text", headers={"Authorization": "Bearer t"})
    assert (answer.status, answer.headers["x-request-id"]) == (201, "r-1")
    target = "/_aws/api-1/v1/me?limit=1&a=%2F"
    assert answer.json() == {"method": method, "target": target, "body": "text", "authorization": "Bearer t"}


def test_a_redirect_is_the_callers_to_follow(url: str) -> None:
    answer = urllib3.request("GET", f"{url}/elsewhere", redirect=False)
    assert (answer.status, answer.headers["location"]) == (302, "https://example.com/")


def test_before_the_api_is_deployed_there_is_nothing_behind_it() -> None:
    answer = Gateway().handle(Request("GET", "/v1/health", {}, {}, b"", "/v1/health"))
    assert (answer.status, json.loads(answer.body)["status"]) == (503, 503)


def test_further_calls_wait_instead_of_starting_further_processes() -> None:
    lock, running, most = threading.Lock(), 0, 0

    def slow(_: Request) -> Answer:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return as_json({})

    gateway, api = Gateway(), Server(slow)
    gateway.target = api.url
    calls = [Request("GET", "/v1/me", {}, {}, b"", "/v1/me")] * (3 * AT_ONCE)
    with ThreadPoolExecutor(len(calls)) as threads:
        answers = list(threads.map(gateway.handle, calls))
    api.close()
    assert ({answer.status for answer in answers}, most) == ({200}, AT_ONCE)


INTERNAL = "/_aws/execute-api/a1/v1/topics?limit=1"


def signed_by(key: str) -> dict[str, str]:
    scope = f"{key}/20270101/us-east-1/execute-api/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}


def test_a_signed_call_of_the_internal_api_arrives_with_the_path_and_the_host_that_are_signed(url: str) -> None:
    answer = urllib3.request("GET", url + INTERNAL, headers=signed_by("AKIASERVICE"))
    assert answer.status == 201
    assert (answer.json()["target"], answer.json()["host"]) == (INTERNAL, url.removeprefix("http://"))
    assert answer.json()["authorization"] == signed_by("AKIASERVICE")["Authorization"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer t"}, {"Authorization": ""}, signed_by("test")])
def test_a_call_of_the_internal_api_without_a_key_of_its_own_is_refused(url: str, headers: dict[str, str]) -> None:
    assert urllib3.request("GET", url + INTERNAL, headers=headers).status == 403


def test_a_page_under_another_name_does_not_reach_the_internal_api(url: str) -> None:
    headers = signed_by("AKIASERVICE") | {"Host": "rebound.example.com:80"}
    assert urllib3.request("GET", url + INTERNAL, headers=headers).status == 421


CAPTURES = json.loads(Path(__file__).with_name("captured_paths.json").read_text())["captures"]
PATHS = {sent: given for capture in CAPTURES for sent, given in capture["paths"].items()}


@pytest.mark.parametrize(("sent", "given"), PATHS.items())
def test_a_path_is_handed_on_as_api_gateway_does(sent: str, given: str | None) -> None:
    assert handed_on(sent) == given


@pytest.mark.parametrize("path", ["/v1/me/percent%25done", "/_aws/execute-api/a1/v1/topics/percent%25done"])
def test_a_path_that_api_gateway_refuses_reaches_neither_api(url: str, path: str) -> None:
    answer = urllib3.request("GET", url + path, headers=signed_by("AKIASERVICE"))
    assert (answer.status, answer.json()) == (400, {"message": "Bad Request"})
