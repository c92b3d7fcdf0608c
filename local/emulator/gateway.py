"""A reverse proxy that serves the public API at the root of its own origin, which links and browsers need.

On AWS, the API has its own host name; on the emulator it is below a path.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote

import urllib3

from local.http import Answer, Request, as_json, problem

# https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1, and headers that each side writes
OF_THE_CONNECTION: Final = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade", "host", "content-length"}
)
_NO_ESCAPE: Final = re.compile("%(?![0-9A-Fa-f]{2})")
WRITTEN_BY_THE_SERVER: Final = frozenset({"date", "server"})


def decoded_as_on_aws(target: str) -> str | None:
    """The target with its path as API Gateway hands it on, encoded again; None if it refuses the path.

    It decodes each escape once, and an escaped percent sign together with what follows; it ends the path at a question
    mark that was escaped, and refuses a percent sign that begins no escape. Captured from an HTTP API in July 2026.
    """
    path, mark, query = target.partition("?")
    once = unquote(path)
    if _NO_ESCAPE.search(once):
        return None
    twice = unquote(once) if "%" in once else once.partition("?")[0]
    return quote(twice, safe="/") + mark + query


class Gateway:
    """Forwards requests to `target` as soon as it is set."""

    def __init__(self) -> None:
        self.target = ""
        self._http = urllib3.PoolManager(retries=False, timeout=35, maxsize=8)

    def handle(self, request: Request) -> Answer:
        if not self.target:
            return problem(503, "The public API is not deployed yet.")
        target = decoded_as_on_aws(request.target)
        if target is None:
            return as_json({"message": "Bad Request"}, 400)
        answer = self._http.request(
            request.method,
            self.target + target,
            body=request.body,
            headers={name: value for name, value in request.headers.items() if name not in OF_THE_CONNECTION},
            redirect=False,
            decode_content=False,
        )
        left_out = OF_THE_CONNECTION | WRITTEN_BY_THE_SERVER
        headers = {name: value for name, value in answer.headers.items() if name.lower() not in left_out}
        return Answer(answer.status, answer.data, headers)
