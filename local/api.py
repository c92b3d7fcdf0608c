"""Clients of the APIs: services sign with SigV4; people use a token or a link."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.emulator.ministack import REGION
from tools.processes import StepFailed


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


class Api:
    """Calls the API at `url`, signed with `keys` or `credentials`; unsigned without both."""

    def __init__(
        self,
        url: str,
        keys: Mapping[str, str] | None = None,
        *,
        credentials: Credentials | None = None,
        region: str = REGION,
    ) -> None:
        self.url = url.rstrip("/")
        if keys:
            credentials = Credentials(keys["access_key_id"], keys["secret_access_key"])
        self.credentials = credentials
        self.region = region
        self._http = urllib3.PoolManager(retries=False, timeout=35, maxsize=8)

    def call(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str) -> Reply:
        """One call. `body` is sent as JSON, `raw` unchanged; `_` in header names becomes `-`."""
        content = raw if raw is not None else (b"" if body is None else json.dumps(body).encode())
        sent = {"Content-Type": "application/json"} if content else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        request = AWSRequest(method=method, url=self.url + path, data=content, headers=sent)
        if self.credentials:
            # a role's credentials are refreshed before they expire
            SigV4Auth(self.credentials.get_frozen_credentials(), "execute-api", self.region).add_auth(request)
        answer = self._http.request(method, self.url + path, body=content, headers=dict(request.headers.items()))
        return Reply(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.data)

    def expect(self, status: int, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The JSON of a response with this status. Raises StepFailed for any other status."""
        reply = self.call(method, path, body, raw=None, **headers)
        if reply.status != status:
            said = reply.content.decode(errors="replace")[:500]
            raise StepFailed(f"{method} {path} answered {reply.status} instead of {status}: {said}")
        return reply.json() if reply.content else None


class People:
    """Calls the public API at `url`, with a token or anonymously."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        self._known = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = urllib3.PoolManager(retries=False, timeout=35, maxsize=8)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """One call; `body` is sent as JSON."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        more = {} if body is None else {"json": body}
        return self._reply(method, self.url + path, headers=self._known | sent, **more)

    def follow(self, link: str) -> Reply:
        """GET a link, like a browser or a link scanner."""
        return self._reply("GET", link, headers={"Accept": "text/html"})

    def press(self, link: str, **form: str) -> Reply:
        """POST the form of the page behind a link."""
        content = urlencode({name.replace("_", "-"): value for name, value in form.items()})
        return self._reply("POST", link, body=content, headers={"Content-Type": "application/x-www-form-urlencoded"})

    def _reply(self, method: str, url: str, **more: Any) -> Reply:
        answer = self._http.request(method, url, redirect=False, **more)
        return Reply(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.data)


class Console:
    """The console of a running stack, for the demo and the tests."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = urllib3.PoolManager(retries=False, timeout=30)

    def outbox(self, **narrowed: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self._json("GET", "/outbox.json", fields=narrowed)["items"]
        return items

    def aws_calls(self) -> dict[str, Any]:
        calls: dict[str, Any] = self._json("GET", "/aws-calls.json")
        return calls

    def reset_aws_calls(self) -> None:
        self._http.request("DELETE", f"{self.url}/aws-calls.json")

    def switch(self, **settings: Any) -> dict[str, Any]:
        """Change the simulator's switches."""
        switched: dict[str, Any] = self._json("POST", "/simulator", json=settings)
        return switched

    def _json(self, method: str, path: str, **more: Any) -> Any:
        answer = self._http.request(method, self.url + path, **more)
        if answer.status >= 300:
            raise StepFailed(f"The console answered {answer.status}: {answer.data.decode()[:300]}")
        return answer.json()


def until(said: str, done: Any, *, seconds: float, every: float = 0.25) -> Any:
    """Poll `done()` until it returns a result. Raises StepFailed after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = done()
        if found:
            return found
        if time.monotonic() > deadline:
            raise StepFailed(f"Timed out after {seconds:.0f} s: {said}")
        time.sleep(every)
