"""`python -m deploy.lambda_check [FUNCTION …]`: the layers under the Python and processor of Lambda, emulated here.

Each function's code is imported by CPython 3.13 for aarch64 from the assets that a deployment uploads: about a minute
each. It needs apt on Linux (amd64), and the network: packages of Debian are downloaded into `.cache` (80 MB) and
unpacked there, without root permissions.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from infra import bundle
from tools.paths import CACHE, ROOT, STATE
from tools.processes import StepFailed, run
from tools.progress import console, step

HOME: Final = CACHE / "lambda-runtime"
LOG: Final = STATE / "lambda-check.log"
# CPython 3.13 and the libraries that it and the wheels load
PACKAGES: Final = (
    *("python3.13-minimal", "libpython3.13-minimal", "libpython3.13-stdlib", "libc6", "libgcc-s1", "libstdc++6"),
    *("libexpat1", "zlib1g", "libssl3t64", "libffi8", "libbz2-1.0", "liblzma5", "libuuid1", "libzstd1"),
)
KEYS: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"
SOURCE: Final = f"deb [arch=arm64 signed-by={KEYS}] http://deb.debian.org/debian trixie main\n"
PROGRAM: Final = """
import platform, sys
assert (platform.machine(), sys.version_info[:2]) == ("aarch64", (3, 13))
import handler
assert callable(handler.handler)
from fanfare.runtime import clients
opened = [clients.open_client(each, clients.STORE) for each in ("dynamodb", "sqs", "sesv2", "sns", "events")]
print(len(sys.modules), "modules,", len(opened), "clients")
"""


def main() -> int:
    """Check every function. Returns the exit status."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        console.print("Can't run: apt-get and dpkg-deb of Debian or Ubuntu are not installed.")
        return 1
    try:
        python = _interpreter()
        layers = [bundle.dependencies(bundle.AWS), bundle.fanfare(bundle.AWS)]
    except StepFailed as failed:
        console.print(str(failed), markup=False)
        return 1
    names = sys.argv[1:] or sorted(path.parent.name for path in bundle.FUNCTIONS.glob("*/handler.py"))
    right = [_imports(python, bundle.function(name), layers, name) for name in names]
    return int(not all(right))


def _imports(python: list[str], function: Path, layers: list[Path], name: str) -> bool:
    began = time.monotonic()
    path = os.pathsep.join(map(str, (function, *(layer / "python" for layer in layers))))
    done = subprocess.run(
        [*python, "-c", PROGRAM],
        env={"PYTHONPATH": path, "AWS_DEFAULT_REGION": "eu-central-1", "FANFARE_STAGE": "check"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout.strip() or done.stderr.strip()
    console.print(f"{name}: {said}, {time.monotonic() - began:.0f} s", markup=False, highlight=False)
    return done.returncode == 0


def _interpreter() -> list[str]:
    """The command line of CPython for aarch64, unpacked at first use."""
    root, emulator = HOME / "root", HOME / "emulator"
    if not (HOME / "ready").exists():
        shutil.rmtree(HOME, ignore_errors=True)
        with step("Downloading Debian's Python for aarch64 and qemu (only once)"):
            _unpack(["qemu-user-static"], emulator, HOME / "here", [])
            _unpack([f"{name}:arm64" for name in PACKAGES], root, HOME / "trixie", _of_trixie(HOME / "apt"))
            (root / "lib").symlink_to("usr/lib")
        (HOME / "ready").touch()
    qemu = next(emulator.glob("usr/bin/qemu-aarch64-static"))
    return [str(qemu), "-L", str(root), str(root / "usr" / "bin" / "python3.13")]


def _of_trixie(home: Path) -> list[str]:
    """apt's options to use Debian 13 for arm64, with lists of its own."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (home / folder).mkdir(parents=True)
    (home / "sources.list").write_text(SOURCE)
    (home / "status").touch()
    settings = {
        "Dir::State": home,
        "Dir::State::lists": home / "lists",
        "Dir::State::status": home / "status",
        "Dir::Cache": home / "cache",
        "Dir::Etc::sourcelist": home / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "APT::Sandbox::User": "",
    }
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    run(["apt-get", *options, "update"], log=LOG, cwd=ROOT)
    return options


def _unpack(names: list[str], into: Path, scratch: Path, options: list[str]) -> None:
    scratch.mkdir(parents=True, exist_ok=True)
    run(["apt-get", *options, "download", *names], log=LOG, cwd=scratch)
    for package in sorted(scratch.glob("*.deb")):
        run(["dpkg-deb", "--extract", package, into], log=LOG, cwd=scratch)


if __name__ == "__main__":
    sys.exit(main())
