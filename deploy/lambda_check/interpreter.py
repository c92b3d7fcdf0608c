"""CPython 3.13 for aarch64 from Debian's packages, run by qemu. Nothing is installed, and root is not needed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from tools.paths import CACHE, ROOT, STATE
from tools.processes import StepFailed, run
from tools.progress import step

HOME: Final = CACHE / "lambda-runtime"
LOG: Final = STATE / "lambda-check.log"
# CPython 3.13 and the libraries that it and the wheels load
PACKAGES: Final = (
    *("python3.13-minimal", "libpython3.13-minimal", "libpython3.13-stdlib", "libc6", "libgcc-s1", "libstdc++6"),
    *("libexpat1", "zlib1g", "libssl3t64", "libffi8", "libbz2-1.0", "liblzma5", "libuuid1", "libzstd1"),
)
PROGRAMS: Final = ("apt-get", "dpkg-deb")
KEYS: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SOURCE: Final = f"deb [arch=arm64 signed-by={KEYS}] http://deb.debian.org/debian trixie main\n"


def interpreter() -> list[str]:
    """Its command line; downloaded at first use. Raises StepFailed with what is missing."""
    root, emulator = HOME / "root", HOME / "emulator"
    if not (HOME / "ready").exists():
        if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
            raise StepFailed(f"Can't run: {' and '.join(missing)} not found. This check needs Debian or Ubuntu.")
        if not KEYS.exists():
            raise StepFailed(f"Can't run: {KEYS} not found. Install the package debian-archive-keyring.")
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
