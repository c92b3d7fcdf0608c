"""Builds the assets of functions and layers without Docker, cached by their inputs.

The dependencies are wheels of the target platform, trimmed and compiled. All files are readable by everyone: Lambda
runs as another user, and the CDK packs each file with the mode that it has here, whatever the umask was.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
CACHE: Final = ROOT / ".cache" / "layers"
LOCK: Final = ROOT / "layers" / "dependencies" / "requirements.txt"
SOURCE: Final = ROOT / "layers" / "fanfare"
FUNCTIONS: Final = ROOT / "functions"
READABLE: Final = 0o644
ENTERABLE: Final = 0o755
# Part of each asset's name in S3, which the CDK makes of the contents: an asset that was uploaded with other modes
# would not be uploaded again. Count it up if the same contents must be packed in another way.
PACKED: Final = 2

# Platform tags of Linux wheels by required glibc, newest first. https://peps.python.org/pep-0600/
GLIBC: Final = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")

# botocore contains the models of about four hundred services (28 MB); these are the ones that we call.
SERVICES: Final = frozenset(
    {"dynamodb", "events", "lambda", "scheduler", "secretsmanager", "sesv2", "sns", "sqs", "sts"}
)
# Installer metadata with paths of the build machine. METADATA and licences stay: pydantic reads the version of
# email-validator from METADATA.
INSTALLER_NOTES: Final = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")


@dataclass(frozen=True)
class Target:
    """What a layer is built for. Without a platform: this machine and this interpreter."""

    python: str
    platform: str | None = None


# Amazon Linux 2023 has glibc 2.34. https://docs.aws.amazon.com/linux/al2023/ug/glibc-gcc-and-binutils.html
AWS: Final = Target(python="3.13", platform="manylinux_2_28_aarch64")
HERE: Final = Target(python=f"{sys.version_info.major}.{sys.version_info.minor}")


def dependencies(target: Target) -> Path:
    """The layer of third-party packages, with the locked versions."""

    def build(folder: Path) -> None:
        packages = folder / "python"
        _run(*_installer(target, packages, LOCK))
        _trim(packages)
        _compile(packages, target)

    return _cached(f"dependencies-{target.python}", _inputs(target, LOCK.read_bytes()), build)


def wheels(target: Target, lock: Path) -> Path:
    """Packages of another lock, as they are, in the form of a layer."""

    def build(folder: Path) -> None:
        _run(*_installer(target, folder / "python", lock))

    return _cached(f"wheels-{target.python}", (repr(target).encode(), lock.read_bytes()), build)


def fanfare(target: Target) -> Path:
    """The layer of our own package."""

    def build(folder: Path) -> None:
        _copy(SOURCE, folder)
        _compile(folder / "python", target)

    return _cached(f"fanfare-{target.python}", _inputs(target, *_contents(SOURCE)), build)


def function(name: str) -> Path:
    """The code of a function: its folder in `functions/`."""
    source = FUNCTIONS / name
    inputs = (Path(__file__).read_bytes(), *_contents(source))
    return _cached(f"function-{name}", inputs, lambda folder: _copy(source, folder))


def empty() -> Path:
    """An empty layer, for tests that need only the template."""
    return _cached("empty", (), lambda folder: (folder / "python").mkdir())


def asset_hash(folder: Path) -> str:
    """What names the asset in S3: its contents, however they are packed."""
    return _digest([str(PACKED).encode(), *_contents(folder, compiled=True)])


def _contents(folder: Path, *, compiled: bool = False) -> Iterator[bytes]:
    """Name and content of each file; bytecode only if asked for."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if compiled or "__pycache__" not in path.parts:
            yield from (str(path.relative_to(folder)).encode(), path.read_bytes())


def _copy(source: Path, folder: Path) -> None:
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"), dirs_exist_ok=True)


def _inputs(target: Target, *contents: bytes) -> Iterator[bytes]:
    """All inputs of the result, including this file and the interpreter that compiles."""
    yield from (repr(target).encode(), str(interpreter(target.python)).encode())
    yield from (sys.platform.encode(), os.uname().machine.encode(), Path(__file__).read_bytes())
    yield from contents


def _cached(name: str, inputs: Iterable[bytes], build: Callable[[Path], None]) -> Path:
    """Builds in a temporary folder and renames it at the end: an interrupted build leaves no partial layer."""
    target_folder = CACHE / f"{name}-{_digest(inputs)[:16]}"
    if not target_folder.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE, prefix=".building-") as scratch:
            made = Path(scratch) / "layer"
            made.mkdir()
            build(made)
            _open_to_all(made)
            try:
                made.rename(target_folder)
            except OSError:  # a concurrent build finished first, with the same result
                if not target_folder.is_dir():
                    raise
    return target_folder


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()


def _open_to_all(folder: Path) -> None:
    """https://github.com/aws/aws-cdk/issues/8233: a handler that only its owner can read can't be imported."""
    folder.chmod(ENTERABLE)
    for path in folder.rglob("*"):
        path.chmod(ENTERABLE if path.is_dir() else READABLE)


def _installer(target: Target, packages: Path, lock: Path) -> list[str]:
    """uv if available, otherwise pip: only wheels, checked hashes, only locked packages."""
    common = ["--target", str(packages), "--only-binary=:all:", "--no-deps", "--require-hashes", "-r", str(lock)]
    if uv := _uv():
        wanted = ["--python-version", target.python]
        if target.platform:
            libc, machine = _libc_and_machine(target.platform)
            wanted += ["--python-platform", f"{machine}-{libc}"]
        # Copies, because trimming hard links would change uv's cache.
        quietly = ["--quiet", "--no-config", "--link-mode=copy", "--python", sys.executable]
        return [*uv, "pip", "install", *quietly, *wanted, *common]
    if importlib.util.find_spec("pip"):
        wanted = [*_platforms(target.platform), "--python-version", target.python] if target.platform else []
        return [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", *wanted, *common]
    raise RuntimeError(
        "Neither uv nor pip is installed to build the layer. Install the project's `cdk` dependency group."
    )


def _libc_and_machine(platform: str) -> tuple[str, str]:
    libc = next(libc for libc in GLIBC if platform.startswith(f"{libc}_"))
    return libc, platform.removeprefix(f"{libc}_")


def _platforms(platform: str) -> list[str]:
    """pip's options: every compatible platform tag, newest first."""
    libc, machine = _libc_and_machine(platform)
    return [part for each in GLIBC[GLIBC.index(libc) :] for part in ("--platform", f"{each}_{machine}")]


def _uv() -> list[str] | None:
    if importlib.util.find_spec("uv"):
        return [sys.executable, "-m", "uv"]
    return ["uv"] if shutil.which("uv") else None


def _trim(packages: Path) -> None:
    """Remove what no function reads: models of other services, scripts, tests, installer metadata."""
    for described in (packages / "botocore" / "data", packages / "boto3" / "data"):
        for service in described.iterdir():
            if service.is_dir() and service.name not in SERVICES:
                shutil.rmtree(service)
    shutil.rmtree(packages / "bin", ignore_errors=True)
    for tests in [path for path in packages.glob("*/tests") if path.is_dir()]:
        shutil.rmtree(tests)
    for info in packages.glob("*.dist-info"):
        for note in INSTALLER_NOTES:
            (info / note).unlink(missing_ok=True)
    (packages / ".lock").unlink(missing_ok=True)


def _compile(packages: Path, target: Target) -> None:
    """Lambda can't write .pyc files, so it would compile at every cold start. `unchecked-hash`, because the layer's zip
    has no timestamps and its files never change. Without an interpreter of that version, there are no .pyc files."""
    python = interpreter(target.python)
    if not python:
        sys.stderr.write(f"Python {target.python} not found: the layer has no bytecode, cold starts are slower.\n")
        return
    where = ("-s", str(packages), "-p", "/opt/python")
    _run(python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", *where, str(packages))


@cache
def interpreter(version: str) -> str | None:
    """Path of this Python version. Bytecode only works with the version that compiled it."""
    if version == HERE.python:
        return sys.executable
    candidates = [shutil.which(f"python{version}")]
    if uv := _uv():
        find = [*uv, "python", "find", "--no-config", "--no-python-downloads", "--no-project", version]
        candidates.append(_output(*find))
    report = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in filter(None, candidates):
        if _output(candidate, "-c", report) == version:  # a shim can exist for a version that is not installed
            return candidate
    return None


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603 - ours


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the commands above
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
