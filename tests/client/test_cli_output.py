"""How `fanfare` prints: whole tables, at a terminal and in a pipe; where it calls, and the console."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import webbrowser
from typing import Any

import httpx2
import pytest
from botocore.client import BaseClient
from fanfare_client.cli.codes import Exit

from .server import ok
from .shell import Shell

ID = "019c6f3e-2b1a-7cc0-8a54-5d1e6f0b7a33"
ARN = "arn:aws:iam::000000000000:user/service"
TABLES = f"""
import os
from fanfare_client.cli import show

def table(width, pager):
    os.environ["PAGER"] = pager
    show.table(["id", "title"], [["{ID}", width * "y"]])
    print("end", flush=True)

table(20, "head -c 0")
table(120, "head -c 0")
table(120, "cat")
table(120, "no-such-pager")
"""


def test_a_table_in_a_pipe_is_not_cut(fanfare: Shell) -> None:
    fanfare.answers(ok({"items": [{"id": "x" * 120, "title": "y" * 120}], "next_cursor": None}))
    out = fanfare("topics", "list").stdout
    assert "x" * 120 in out
    assert len(out.splitlines()) == 2


def test_only_a_table_wider_than_the_terminal_goes_to_the_pager_and_always_whole() -> None:
    fits, gone, piped, without = at_a_terminal(TABLES).split("end")[:4]
    assert ID in fits
    assert gone.strip() == ""
    assert piped.count(ID) == piped.count("y" * 120) == 1
    assert without.count(ID) == without.count("y" * 120) == 1


def at_a_terminal(code: str) -> str:
    """What this Python prints at a terminal of 80 columns, without colours."""
    ours, theirs = pty.openpty()
    known = {**os.environ, "COLUMNS": "80", "TERM": "xterm"}
    with subprocess.Popen([sys.executable, "-c", code], stdin=theirs, stdout=theirs, env=known) as ran:  # noqa: S603
        os.close(theirs)
        said = b""
        try:
            while more := os.read(ours, 65_536):
                said += more
        except OSError:  # on Linux the end of a terminal is an error
            pass
    os.close(ours)
    assert ran.returncode == 0
    return re.sub(r"\x1b\[[0-9;]*m", "", said.decode())


def test_the_version_is_shown(fanfare: Shell) -> None:
    assert re.fullmatch(r"fanfare \d+\.\d+\.\d+\n", fanfare("--version").stdout)


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What STS is asked, and at which URL; it knows everybody."""
    asked: list[str] = []

    def call(self: BaseClient, operation: str, arguments: Any) -> dict[str, str]:
        asked.append(f"{operation} {self.meta.endpoint_url}")
        return {"Arn": ARN}

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    return asked


def test_whoami_says_which_api_is_called_and_by_whom(fanfare: Shell, sts: list[str]) -> None:
    stack = fanfare.folder / ".local" / "stack.json"
    stack.write_text(stack.read_text().replace("{", '{"aws_endpoint_url": "http://127.0.0.1:2", ', 1))
    fanfare.answers(ok({"info": {"version": "0.1.0"}}))
    said = [line.split() for line in fanfare("whoami").stdout.splitlines()]
    assert said == [
        ["url", "http://127.0.0.1:1/api"],
        ["region", "eu-west-1"],
        ["principal", ARN],
        ["api_version", "0.1.0"],
    ]
    assert sts == ["GetCallerIdentity http://127.0.0.1:2"]


def test_whoami_of_a_principal_without_permission_says_so(fanfare: Shell, sts: list[str]) -> None:
    fanfare.answers(httpx2.Response(403, json={"message": "Forbidden"}))
    result = fanfare("whoami")
    assert (result.exit_code, "execute-api:Invoke" in result.stderr) == (Exit.NOT_ALLOWED, True)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is opened in a browser with windows."""
    urls: list[str] = []
    monkeypatch.setattr(webbrowser, "open", urls.append)
    monkeypatch.setenv("DISPLAY", ":0")
    return urls


@pytest.mark.parametrize(
    ("page", "path"), [((), "/"), ((ID,), f"/messages/{ID}"), (("users/ada",), "/users/ada"), (("/outbox",), "/outbox")]
)
def test_the_console_is_opened_at_a_page(fanfare: Shell, opened: list[str], page: tuple[str, ...], path: str) -> None:
    stack = fanfare.folder / ".local" / "stack.json"
    stack.write_text(stack.read_text().replace("{", '{"console_url": "http://127.0.0.1:3", ', 1))
    assert fanfare("open", *page).stdout == f"http://127.0.0.1:3{path}\n"
    assert opened == [f"http://127.0.0.1:3{path}"]


def test_a_console_with_a_key_is_opened_with_it(
    fanfare: Shell, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANFARE_CONSOLE_URL", "http://127.0.0.1:8080/?key=k")
    fanfare("open", ID)
    assert opened == [f"http://127.0.0.1:8080/messages/{ID}?key=k"]


def test_without_a_console_the_error_says_how_to_start_one(fanfare: Shell, opened: list[str]) -> None:
    result = fanfare("open")
    assert (result.exit_code, opened) == (Exit.USAGE, [])
    assert "make console STAGE=" in result.stderr


def test_without_windows_the_url_is_printed_and_the_terminal_is_left_alone(
    fanfare: Shell, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("FANFARE_CONSOLE_URL", "http://127.0.0.1:8080")
    assert (fanfare("open").stdout, opened) == ("http://127.0.0.1:8080/\n", [])
