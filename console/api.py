"""Client of the internal API for the pages: JSON in and out, error responses as exceptions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode

AT_ONCE: Final = 8  # concurrent calls for one page
A_PAGE: Final = 100  # items of a list that is read whole
NO_NAMES: Final = frozenset({"", ".", ".."})  # RFC 3986, 5.2.4: dot segments are removed, so the path would change


class Reply(Protocol):
    """The response to a call."""

    @property
    def status(self) -> int: ...
    @property
    def content(self) -> bytes: ...


class Call(Protocol):
    """Signs and sends a request to a path with its query. `body` is sent as JSON, None: without one."""

    def __call__(self, method: str, url: str, body: Any, /, **headers: str) -> Reply: ...


@dataclass(frozen=True)
class Fault:
    """One validation error of the API."""

    pointer: str
    code: str
    detail: str


class Refused(Exception):
    """The API answered with an error (RFC 9457 problem)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code', '')}")
        self.status = status
        self.code = str(problem.get("code", ""))
        # if IAM denies the call, the gateway answers: with a message and no detail
        self.detail = str(problem.get("detail") or problem.get("message") or "")
        self.faults = [Fault(each["pointer"], each["code"], each["detail"]) for each in problem.get("errors", ())]


class Unreachable(Exception):
    """The API did not answer, or the answer is not JSON."""


class InternalApi:
    """Sends requests with `call`, up to `at_once` concurrently. Raises Refused and Unreachable."""

    def __init__(self, call: Call, *, at_once: int = AT_ONCE) -> None:
        self._call = call
        self._at_once = at_once

    def get(self, *path: str, **query: str | int | None) -> Any:
        return self._json("GET", _url(path, query))

    def get_many(self, paths: Iterable[tuple[str, ...]]) -> list[Any]:
        """The resource at each path, in order; None if it does not exist."""
        wanted = list(paths)
        if self._at_once == 1 or len(wanted) < 2:
            return [self.find(*path) for path in wanted]
        with ThreadPoolExecutor(self._at_once) as together:
            return list(together.map(lambda path: self.find(*path), wanted))

    def find(self, *path: str) -> Any:
        """The resource at the path, or None if it does not exist."""
        try:
            return self.get(*path)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    def get_or_masked(self, *path: str, **query: str | int | None) -> tuple[Any, bool]:
        """The resource, or the same with masked addresses if IAM withholds these; and whether they are masked."""
        try:
            return self.get(*path, **query), False
        except Refused as refused:
            if refused.status != 403:
                raise
        return self.get("masked", *path, **query), True

    def every(self, *path: str, **query: str | int | None) -> Iterator[Any]:
        """All items of a list, page by page."""
        cursor = None
        while True:
            asked: dict[str, str | int | None] = {"limit": A_PAGE, **query, "cursor": cursor}
            found = self.get(*path, **asked)
            yield from found["items"]
            cursor = found["next_cursor"]
            if cursor is None:
                return

    def post(self, *path: str, body: Any = None, key: str | None = None, **query: str | None) -> Any:
        """`key`: the Idempotency-Key, with which a repeat changes nothing."""
        return self._json("POST", _url(path, query), body, **({"Idempotency_Key": key} if key else {}))

    def put(self, *path: str, body: Any = None) -> Any:
        return self._json("PUT", _url(path), body)

    def delete(self, *path: str) -> Any:
        return self._json("DELETE", _url(path))

    def _json(self, method: str, url: str, body: Any = None, **headers: str) -> Any:
        reply = self._call(method, url, body, **headers)
        answer = _read(reply)
        if reply.status >= 400:
            raise Refused(reply.status, answer if isinstance(answer, dict) else {})
        return answer


def _url(path: Iterable[str], query: Mapping[str, str | int | None] | None = None) -> str:
    """The path with its query. Raises Refused for an empty or dot segment, which an HTTP client would remove."""
    path = list(path)
    if not NO_NAMES.isdisjoint(path):
        raise Refused(404, {"code": "not_found", "detail": "No resource has this name."})
    asked = {name: value for name, value in (query or {}).items() if value not in (None, "")}
    # API Gateway decodes a path twice, and ends it at a question mark
    twice = (part.replace("%", "%25").replace("?", "%3F") for part in path)
    url = "/v1/" + "/".join(quote(part, safe="") for part in twice)
    return f"{url}?{urlencode(asked)}" if asked else url


def _read(reply: Reply) -> Any:
    if not reply.content:
        return None
    try:
        return json.loads(reply.content)
    except ValueError as error:
        raise Unreachable(f"The API answered with status {reply.status} and a body that is not JSON.") from error
