"""The AWS emulator as a child process on loopback, with IAM enforced. It leaves no state behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import urllib3

from local.emulator import launch, parent_guard
from local.ports import free_port
from tools import toolchain
from tools.paths import EMULATOR_LOG
from tools.processes import StepFailed, tail
from tools.progress import step

REGION: Final = "eu-central-1"
ACCOUNT: Final = "000000000000"
# The emulator treats this key as the account's root user; other keys are checked by IAM.
ROOT_KEY: Final = "test"
START_SECONDS: Final = 60


class Emulator:
    """The emulator, running inside a `with` block."""

    def __init__(
        self, *, port: int | None = None, environment: dict[str, str] | None = None, restartable: bool = False
    ) -> None:
        self.port = port or free_port()
        self.environment = environment or {}
        self.restartable = restartable
        self.url = f"http://127.0.0.1:{self.port}"
        self._scratch = toolchain.scratch()
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        python = toolchain.emulator()
        EMULATOR_LOG.unlink(missing_ok=True)
        with step("Starting the AWS emulator"):
            try:
                self._start(python)
            except BaseException:
                self.stop()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop it with its workers and delete its state."""
        self._end(grace=1.0)  # no state to save
        self._scratch.cleanup()

    def restart(self) -> None:
        """Stop and start it: saved state survives, work in progress is lost."""
        self._end(grace=START_SECONDS)
        self._start(toolchain.emulator())

    @property
    def pid(self) -> int:
        """The pid of the emulator's parent process."""
        self.check()
        assert self._child is not None
        return self._child.pid

    def check(self) -> None:
        """Raises StepFailed if it has died."""
        if self._child is None or self._child.poll() is not None:
            raise StepFailed(f"The emulator has exited. Last lines of {EMULATOR_LOG}:\n{tail(EMULATOR_LOG)}")

    def _end(self, *, grace: float) -> None:
        child, self._child = self._child, None
        if child is None or child.stdin is None:
            return
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(grace)
        child.stdin.close()  # makes parent_guard kill the remaining processes
        child.wait()

    def _start(self, python: Path) -> None:
        EMULATOR_LOG.parent.mkdir(parents=True, exist_ok=True)
        with EMULATOR_LOG.open("ab") as log:
            self._child = subprocess.Popen(
                # -P: nothing of ours is on its path
                [sys.executable, parent_guard.__file__, self._scratch.name, python, "-P", launch.__file__],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**_inherited(), **self._settings(), **self.environment},
                cwd=self._scratch.name,
                start_new_session=True,  # Ctrl-C is handled by the parent
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._healthy():
            self.check()
            if time.monotonic() > deadline:
                raise StepFailed(
                    f"The emulator did not start in {START_SECONDS} s. Last lines of {EMULATOR_LOG}:\n"
                    f"{tail(EMULATOR_LOG)}"
                )
            time.sleep(0.1)

    def _settings(self) -> dict[str, str]:
        scratch = self._scratch.name
        return {
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "PERSIST_STATE": "1" if self.restartable else "0",
            "TMPDIR": scratch,
            "HOME": scratch,
            "STATE_DIR": os.path.join(scratch, "state"),
            "S3_DATA_DIR": os.path.join(scratch, "s3"),
            "DOCKER_HOST": f"unix://{scratch}/no-docker",  # otherwise it looks for its containers in Docker
            "LAMBDA_EXECUTOR": "local",
            "LOG_LEVEL": os.environ.get("FANFARE_EMULATOR_LOG_LEVEL", "INFO"),
            "PYTHONUNBUFFERED": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _healthy(self) -> bool:
        try:
            return urllib3.request("GET", f"{self.url}/_ministack/health", timeout=2, retries=False).status == 200
        except urllib3.exceptions.HTTPError:
            return False


def _inherited() -> dict[str, str]:
    """A minimal environment, because the functions inherit it."""
    return {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH") if name in os.environ}
