"""A reverse proxy that serves the public API at the root of its own origin, which links and browsers need.

On AWS, the API has its own host name; on the emulator it is below a path.
"""

from __future__ import annotations

from typing import Final

import urllib3

from local.http import Answer, Request, problem

# https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1, and headers that each side writes
OF_THE_CONNECTION: Final = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade", "host", "content-length"}
)
WRITTEN_BY_THE_SERVER: Final = frozenset({"date", "server"})


class Gateway:
    """Forwards requests to `target` as soon as it is set."""

    def __init__(self) -> None:
        self.target = ""
        self._http = urllib3.PoolManager(retries=False, timeout=35, maxsize=8)

    def handle(self, request: Request) -> Answer:
        if not self.target:
            return problem(503, "The public API is not deployed yet.")
        answer = self._http.request(
            request.method,
            self.target + request.target,
            body=request.body,
            headers={name: value for name, value in request.headers.items() if name not in OF_THE_CONNECTION},
            redirect=False,
            decode_content=False,
        )
        left_out = OF_THE_CONNECTION | WRITTEN_BY_THE_SERVER
        headers = {name: value for name, value in answer.headers.items() if name.lower() not in left_out}
        return Answer(answer.status, answer.data, headers)
