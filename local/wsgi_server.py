"""Serves a WSGI application on loopback, with a thread per connection, until closed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # keep-alive

    def log(self, type: str, message: str, *args: Any) -> None:
        """No access log."""


class WsgiServer:
    """Serves `app` at `url`."""

    def __init__(self, app: WSGIApplication, *, port: int | None = None) -> None:
        self._server = make_server("127.0.0.1", port or 0, app, threaded=True, request_handler=_Quiet)
        self.port: int = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
