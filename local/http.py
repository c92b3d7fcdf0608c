"""A minimal HTTP server on loopback: one function maps requests to responses."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from local.ports import free_port

BODY_LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    target: str = ""  # raw path and query


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class HangUp(Exception):
    """Close the connection without an answer."""


Handle = Callable[[Request], Answer]


def as_json(value: Any, status: int = 200, **headers: str) -> Answer:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Answer(status, body, {"Content-Type": "application/json", **headers})


def problem(status: int, detail: str) -> Answer:
    """An error response (RFC 9457), like those of Fanfare's APIs."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/problem+json"})


class Server:
    """Serves `handle` on loopback, with a thread per connection, until closed."""

    def __init__(self, handle: Handle, *, port: int | None = None) -> None:
        handler = _bound_to(handle)
        first = _Server(("127.0.0.1", port or free_port()), handler)
        self.port: int = first.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._servers = [first, *_server_of_ipv6(self.port, handler)]
        self._threads = [
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
            for server in self._servers
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        for server, thread in zip(self._servers, self._threads, strict=True):
            server.shutdown()
            server.server_close()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # the client is gone
            super().handle_error(request, client_address)


class _ServerOfIpv6(_Server):
    address_family = socket.AF_INET6


def _server_of_ipv6(port: int, handler: type[_Handler]) -> list[_Server]:
    """`localhost` can resolve to ::1 first. Empty if this machine has no IPv6, or the port is in use there."""
    try:
        return [_ServerOfIpv6(("::1", port), handler)]
    except OSError:
        return []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "fanfare-local"
    wbufsize = -1  # head and body in one write
    disable_nagle_algorithm = True
    timeout = 120  # of an idle connection
    handle_request: ClassVar[Handle]

    def _serve(self) -> None:
        try:
            answer = self._answer()
        except HangUp:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    def _answer(self) -> Answer:
        # DNS rebinding: another site's name can resolve to loopback; it must not read the responses.
        if self.headers.get("Host", "").rpartition(":")[0] not in {"127.0.0.1", "localhost", "[::1]"}:
            return problem(421, "Unknown host. Use 127.0.0.1 or localhost.")
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_LIMIT:
            self.close_connection = True
            return problem(413, f"Request body is {length} bytes; the limit is {BODY_LIMIT}.")
        url = urlsplit(self.path)
        return type(self).handle_request(
            Request(
                method=self.command,
                path=url.path,
                query={name: values[-1] for name, values in parse_qs(url.query).items()},
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(length),
                target=self.path,
            )
        )

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """No access log."""


def _bound_to(handle: Handle) -> type[_Handler]:
    return type("Handler", (_Handler,), {"handle_request": staticmethod(handle)})
