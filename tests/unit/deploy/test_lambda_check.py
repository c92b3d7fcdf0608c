"""The check under Lambda's Python: what it needs, and its runtime API."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import urllib3

from deploy.lambda_check import interpreter
from deploy.lambda_check.runtime_api import RuntimeApi
from tools.processes import StepFailed

EVENT = {"rawPath": "/v1/health"}
RUNTIME = "/2018-06-01/runtime"


def test_one_event_is_handed_out_and_its_answer_taken() -> None:
    with RuntimeApi(EVENT, seconds=60) as api:
        invoked = urllib3.request("GET", f"http://{api.address}{RUNTIME}/invocation/next")
        assert invoked.json() == EVENT
        id = invoked.headers["Lambda-Runtime-Aws-Request-Id"]
        answer = urllib3.request(
            "POST", f"http://{api.address}{RUNTIME}/invocation/{id}/response", json={"statusCode": 200}
        )
        assert answer.status == 202
        assert (api.ended.is_set(), api.result, api.error) == (True, {"statusCode": 200}, None)


@pytest.mark.parametrize("path", ["/init/error", "/invocation/any/error"])
def test_an_error_ends_it(path: str) -> None:
    with RuntimeApi(EVENT, seconds=60) as api:
        body = json.dumps({"errorType": "Runtime.ImportModuleError"}).encode()
        assert urllib3.request("POST", f"http://{api.address}{RUNTIME}{path}", body=body).status == 202
        assert (api.ended.is_set(), api.result, api.error) == (True, None, {"errorType": "Runtime.ImportModuleError"})


def test_an_answer_to_another_invocation_is_none() -> None:
    with RuntimeApi(EVENT, seconds=60) as api:
        answer = urllib3.request("POST", f"http://{api.address}{RUNTIME}/invocation/other/response", body=b"{}")
        assert (answer.status, api.ended.is_set()) == (404, False)


@pytest.mark.parametrize(
    ("name", "value", "missing"),
    [
        (
            "PROGRAMS",
            ("apt-get-of-no-machine", "dpkg-deb-of-no-machine"),
            "apt-get-of-no-machine and dpkg-deb-of-no-machine",
        ),
        ("KEYS", Path("/no/archive-keyring.gpg"), "/no/archive-keyring.gpg"),
    ],
)
def test_what_the_check_needs_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: object, missing: str
) -> None:
    monkeypatch.setattr(interpreter, "HOME", tmp_path)
    monkeypatch.setattr(interpreter, "PROGRAMS", ())
    monkeypatch.setattr(interpreter, "KEYS", tmp_path)
    monkeypatch.setattr(interpreter, name, value)
    with pytest.raises(StepFailed, match=f"^Can't run: {missing} not found"):
        interpreter.interpreter()
