"""A reverse proxy in front of both APIs.

It serves the public API at the root of its own origin, which links and browsers need: on AWS, the API has its own host
name; on the emulator it is below a path. The internal API keeps the emulator's path and the host, which are signed. The
emulator takes any signature of its root key, and any host: a page in a browser could call it, by a name that resolves
to loopback. Here only signatures of other keys pass, and the server (`local.http`) knows its hosts.
"""

from __future__ import annotations

import os
import re
from threading import BoundedSemaphore
from typing import Final

import urllib3

from local.emulator.launch import handed_on
from local.emulator.ministack import ROOT_KEY
from local.http import Answer, Request, as_json, problem

# https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1, and headers that each side writes
OF_THE_CONNECTION: Final = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade", "host", "content-length"}
)
WRITTEN_BY_THE_SERVER: Final = frozenset({"date", "server"})
INTERNAL: Final = "/_aws/execute-api/"
# The emulator starts a process for each concurrent call, which takes seconds of CPU: the others wait for a free one
AT_ONCE: Final = 2 * (os.cpu_count() or 2)
SIGNED_BY: Final = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/")


class Gateway:
    """Forwards requests to `target`, and those of the internal API to the emulator at `emulator`, as soon as set."""

    def __init__(self) -> None:
        self.target = ""
        self.emulator = ""
        self._http = urllib3.PoolManager(retries=False, timeout=35, maxsize=AT_ONCE)
        self._free = BoundedSemaphore(AT_ONCE)

    def handle(self, request: Request) -> Answer:
        if handed_on(request.path) is None:
            return as_json({"message": "Bad Request"}, 400)  # as API Gateway answers
        if request.path.startswith(INTERNAL):
            return self._internal(request)
        if not self.target:
            return problem(503, "The public API is not deployed yet.")
        return self._forwarded(request, self.target + request.target, left_out=OF_THE_CONNECTION)

    def _internal(self, request: Request) -> Answer:
        signed = SIGNED_BY.match(request.headers.get("authorization", ""))
        if signed is None or signed[1] == ROOT_KEY:
            said = "Forbidden: the request is not signed with the keys in .local/stack.json."
            return as_json({"message": said}, 403)  # API Gateway says only the first word
        return self._forwarded(request, self.emulator + request.target, left_out=OF_THE_CONNECTION - {"host"})

    def _forwarded(self, request: Request, url: str, *, left_out: frozenset[str]) -> Answer:
        with self._free:
            answer = self._http.request(
                request.method,
                url,
                body=request.body,
                headers={name: value for name, value in request.headers.items() if name not in left_out},
                redirect=False,
                decode_content=False,
            )
        ours = OF_THE_CONNECTION | WRITTEN_BY_THE_SERVER
        headers = {name: value for name, value in answer.headers.items() if name.lower() not in ours}
        return Answer(answer.status, answer.data, headers)
