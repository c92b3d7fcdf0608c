"""The webhook channel against endpoints that behave badly, on loopback."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from fanfare.channels.base import Kind, SendResult
from fanfare.channels.webhook import Webhook

from tests.unit.channels.fakes import envelope

Answer = Callable[[socket.socket], None]


@contextlib.contextmanager
def endpoint(answer: Answer) -> Iterator[tuple[int, list[bytes]]]:
    """Listens on loopback, keeps what it is sent, and lets `answer` write."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        asked.append(_request(connection))
                        with contextlib.suppress(OSError):
                            answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1], asked
        listener.shutdown(socket.SHUT_RDWR)


def _request(connection: socket.socket) -> bytes:
    """Head and body, which come in one piece or in two."""
    with connection.makefile("rb") as read:
        head = b"".join(iter(read.readline, b"\r\n"))
        length = next(line for line in head.lower().splitlines() if line.startswith(b"content-length:"))
        return head + b"\r\n" + read.read(int(length.partition(b":")[2]))


def result_of(port: int, *, total_seconds: float = 10.0, scheme: str = "http") -> SendResult:
    allowed = frozenset({f"localhost:{port}"})
    channel = Webhook(
        keys=lambda: {"k1": "key"},
        clock=lambda: datetime(2027, 1, 1, tzinfo=UTC),
        allowed=allowed,
        resolve=lambda *_: ["127.0.0.1"],
        total_seconds=total_seconds,
    )
    content = {"title": "Order A-17", "body": "It has left"}
    (result,) = channel.send([envelope(address=f"{scheme}://localhost:{port}/hook?a=b", content=content)])
    return result


def post(port: int, *, total_seconds: float = 10.0) -> tuple[Kind, str | None]:
    result = result_of(port, total_seconds=total_seconds)
    return result.kind, result.reason


def saying(text: str) -> Answer:
    return lambda connection: connection.sendall(text.encode())


def drip(connection: socket.socket) -> None:
    """A letter now and then: never silent, never done."""
    for letter in "HTTP/1.1 200 OK\r\nX-Slow: " + "x" * 10_000:
        connection.sendall(letter.encode())
        time.sleep(0.05)


def test_a_post_arrives_whole() -> None:
    with endpoint(saying("HTTP/1.1 204 No Content\r\n\r\n")) as (port, asked):
        assert post(port) == (Kind.SENT, None)
    head, _, body = asked[0].partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "post /hook?a=b http/1.1"
    assert f"host: localhost:{port}" in lines
    assert f"content-length: {len(body)}" in lines
    assert {line.split(":")[0] for line in lines} >= {"webhook-id", "webhook-timestamp", "webhook-signature"}


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_not_followed(status: str) -> None:
    with endpoint(saying("HTTP/1.1 204 No Content\r\n\r\n")) as (inside, reached):
        location = f"Location: http://localhost:{inside}/latest/meta-data/\r\n"
        with endpoint(saying(f"HTTP/1.1 {status}\r\n{location}Content-Length: 0\r\n\r\n")) as (port, asked):
            assert post(port) == (Kind.PERMANENT, "endpoint_redirects")
            assert len(asked) == 1
        assert reached == []


def test_an_endpoint_that_drips_is_cut_off() -> None:
    with endpoint(drip) as (port, _):
        began = time.monotonic()
        assert post(port, total_seconds=0.3) == (Kind.TEMPORARY, "endpoint_broke_off")
        assert time.monotonic() - began < 2


def drip_a_handshake(connection: socket.socket) -> None:
    """The begin of a record of TLS, and then a byte now and then."""
    connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")
    for _ in range(600):
        connection.sendall(b"\x00")
        time.sleep(0.05)


def test_a_handshake_that_drips_is_cut_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    drip_a_handshake(connection)

        threading.Thread(target=serve, daemon=True).start()
        began = time.monotonic()
        result = result_of(listener.getsockname()[1], total_seconds=0.3, scheme="https")
        assert (result.kind, result.reason) == (Kind.TEMPORARY, "endpoint_unreachable")
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
@pytest.mark.parametrize(("header", "seconds"), [("30", 30.0), ("Fri, 01 Jan 2027 00:00:30 GMT", 30.0), ("soon", 0.0)])
def test_an_endpoint_may_ask_for_a_pause(status: str, header: str, seconds: float) -> None:
    with endpoint(saying(f"HTTP/1.1 {status}\r\nRetry-After: {header}\r\nContent-Length: 0\r\n\r\n")) as (port, _):
        result = result_of(port)
    assert result.kind is Kind.TEMPORARY
    assert result.wait == seconds


def test_an_answer_without_end_costs_nothing() -> None:
    with endpoint(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 50_000_000)) as (port, _):
        began = time.monotonic()
        assert post(port) == (Kind.SENT, None)
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("said", ["", "HTTP/1.1", "hello\r\n\r\n", "HTTP/1.1 999999 No\r\n\r\n"])
def test_what_is_no_answer_is_tried_again(said: str) -> None:
    with endpoint(saying(said)) as (port, _):
        assert post(port) == (Kind.TEMPORARY, "endpoint_broke_off")


def test_nobody_there_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert post(port) == (Kind.TEMPORARY, "endpoint_unreachable")
