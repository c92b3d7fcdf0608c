"""How `make demo` ends: at a terminal with the console open, otherwise by itself."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from local.demo import __main__ as demo

STACK = SimpleNamespace(described={"console_url": "http://127.0.0.1:3"})


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is opened, and `until Ctrl-C` if the stack stays."""
    seen: list[Any] = []
    monkeypatch.setattr(demo, "stack_from", lambda _: nullcontext(STACK))
    monkeypatch.setattr(demo, "_main_job", lambda _: ("m-1", []))
    monkeypatch.setattr(demo, "open_page", lambda url: seen.append(url) or True)
    monkeypatch.setattr(demo, "keep_open", lambda _: seen.append("until Ctrl-C"))
    return seen


@pytest.mark.parametrize(
    ("keys", "screen", "shown"),
    [
        (True, True, ["http://127.0.0.1:3/messages/m-1", "until Ctrl-C"]),
        (False, True, []),
        (True, False, []),
    ],
)
def test_the_demo_stays_open_only_if_both_sides_are_a_terminal(
    opened: list[Any], monkeypatch: pytest.MonkeyPatch, keys: bool, screen: bool, shown: list[str]
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: keys)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: screen)
    assert demo.demo(argparse.Namespace()) == 0
    assert opened == shown
