"""Child processes with their own environment and log. None is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

TAIL_LINES = 25


class StepFailed(Exception):
    """A step failed. The message is complete: no traceback is shown."""


def forget_the_caller() -> None:
    """Remove the caller's AWS account, profile, certificates and endpoints from the environment.

    The local stack must never reach a real account.
    """
    for name in [name for name in os.environ if name.startswith(("AWS_", "CDK_"))]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def on_loopback(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child that only uses loopback: without proxies."""
    proxies = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}
    kept = {name: value for name, value in environment.items() if name.lower() not in proxies}
    return {**kept, "NO_PROXY": "*"}


def run(command: Sequence[str | Path], *, log: Path, env: Mapping[str, str] | None = None, cwd: Path) -> None:
    """Run to completion, with output appended to `log`. Raises StepFailed with the last lines."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        begin = out.tell()
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            start_new_session=True,  # Ctrl-C is handled by the parent
        )
        try:
            status = child.wait()
        except BaseException:
            stop(child)
            raise
    if status != 0:
        said = log.read_bytes()[begin:].decode(errors="replace").strip().splitlines()[-TAIL_LINES:]
        raise StepFailed(
            "\n".join([f"{Path(command[0]).name} failed with status {status} (full output: {log}):", *said])
        )


def stop(child: subprocess.Popen[bytes], *, grace: float = 5.0) -> None:
    """Stop a child that leads a process group, then kill the rest of the group."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(grace)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    with suppress(ProcessLookupError):  # no process was left
        os.killpg(child.pid, signal.SIGKILL)


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""
