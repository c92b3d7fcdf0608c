# Written by tests/client/unasync.py from its twin in _async.
"""Sends one call: signs it, retries it if that is safe, and raises errors."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import httpx2

from ..calls import Call
from ..errors import Refused, UnexpectedAnswer, Unreachable, refusal
from ..retries import Retries, retry_after
from ..signing import Signer
from .waiting import off_the_loop, sleep

KEY: Final = "Idempotency-Key"


class Transport:
    def __init__(self, url: str, signer: Signer, *, http: httpx2.Client, retries: Retries) -> None:
        self.url = url.rstrip("/")
        self._signer = signer
        self._http = http
        self._retries = retries

    def json(self, call: Call) -> Any:
        """The response body as JSON; None if it is empty. Raises FanfareError."""
        answer = self.send(call)
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError as error:
            raise UnexpectedAnswer(
                f"{self.url} answered {answer.status_code} with a body that is not JSON. Is this Fanfare's URL?"
            ) from error

    def send(self, call: Call) -> httpx2.Response:
        """The response if it is successful. Raises FanfareError."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._good(call, self._once(call))
            except (httpx2.RequestError, Refused) as error:
                pause = self._retries.pause(attempt, error, repeatable=call.repeatable)
                if pause is None:
                    raise self._final_error(call, error, attempt) from error
            sleep(pause)

    def _once(self, call: Call) -> httpx2.Response:
        url, content = self.url + call.target, call.content
        headers = {"Accept": "application/json", **call.headers}
        if content:
            headers["Content-Type"] = "application/json"
        # sign every attempt: a signature is valid for five minutes, and credentials expire
        signed = off_the_loop(partial(self._signer.signed, call.method, url, headers, content))
        return self._http.request(call.method, url, headers=signed, content=content)

    def _good(self, call: Call, answer: httpx2.Response) -> httpx2.Response:
        if answer.status_code < 300:
            return answer
        if answer.status_code < 400:
            raise UnexpectedAnswer(
                f"{self.url} answered with a redirect ({answer.status_code}). Is this Fanfare's URL?"
            )
        raise refusal(
            answer.status_code,
            answer.content,
            request_id=answer.headers.get("x-request-id") or answer.headers.get("apigw-requestid"),
            retry_after=retry_after(answer.headers.get("retry-after")),
            idempotency_key=call.headers.get(KEY),
        )

    def _final_error(self, call: Call, error: httpx2.RequestError | Refused, attempts: int) -> Exception:
        if isinstance(error, Refused):
            return error
        if isinstance(error, httpx2.PoolTimeout):
            detail = (
                f"No connection to {self.url} became free in {attempts} attempts: too many calls at once. "
                "Make fewer, or pass `http` with a larger limit of connections."
            )
            return Unreachable(detail, idempotency_key=call.headers.get(KEY))
        what = str(error) or type(error).__name__
        return Unreachable(
            f"No answer from {self.url} after {attempts} attempts: {what}", idempotency_key=call.headers.get(KEY)
        )

    def close(self) -> None:
        self._http.close()
