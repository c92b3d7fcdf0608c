"""One local stack at a time, and what a second one is told."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local import env, ports
from local.lock import is_running, only_one
from tools.processes import StepFailed


def test_a_stack_runs_while_it_holds_its_folder(tmp_path: Path) -> None:
    assert not is_running(tmp_path / "nowhere")
    with only_one(tmp_path):
        assert is_running(tmp_path)
    assert not is_running(tmp_path)


def test_a_stack_that_was_killed_runs_no_more(tmp_path: Path) -> None:
    script = (
        "import os, pathlib, sys; from local.lock import only_one\n"
        "with only_one(pathlib.Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path], check=False)  # noqa: S603  (our own text)
    assert (tmp_path / "pid").exists()
    assert not is_running(tmp_path)


def test_a_second_stack_is_told_how_to_stop_the_first(tmp_path: Path) -> None:
    with (
        only_one(tmp_path),
        pytest.raises(StepFailed, match=rf"Ctrl-C where it runs, or `kill {os.getpid()}`"),
        only_one(tmp_path),
    ):
        pass


def test_no_stack_has_no_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left = tmp_path / "stack.json"
    left.write_text("{}")
    monkeypatch.setattr(env, "STACK_FILE", left)
    monkeypatch.setattr(env, "is_running", lambda: is_running(tmp_path))
    assert env.main() == 1
    told = capsys.readouterr()
    assert (told.out, "make run" in told.err) == ("", True)


def test_the_environment_has_the_command_for_the_stack_that_runs() -> None:
    told = env.command().replace(str(Path(sys.executable).with_name("fanfare")), "program")
    assert told.startswith("fanfare() { program --stack ")
    assert told.endswith('stack.json "$@"; }')


def test_a_port_that_is_taken_is_named_with_the_cure() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            StepFailed, match=f"Port {port} is in use. Set FANFARE_PORT to the first of four free ports"
        ):
            ports.check([None, port])
    ports.check([port])
