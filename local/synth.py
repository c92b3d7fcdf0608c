"""The CDK app, synthesized for the emulator, once for each state of its sources."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools import toolchain
from tools.paths import CACHE, CDK_LOG, ROOT
from tools.processes import run
from tools.progress import step

from .bridges import bridge
from .sns import APPLICATIONS

SOURCES: Final = (
    "app.py",
    "cdk.json",
    "pyproject.toml",
    "requirements.lock",
    "stages",
    "infra",
    "layers",
    "functions",
    "console/calls.py",
)
BRIDGES: Final = Path(__file__).with_name("bridges.py")
# So short that a person waits for a failure to be repaired, and a test for all of them.
TIMES: Final = {
    "stale_after_seconds": 10,
    "backoff_seconds": 1,
    "max_attempts": 5,
    "doubt_grace_seconds": 10,  # a receipt may have to wait for the first worker of its queue
}
# Each function at work is a process here, slow to start: a few more than there are cores, no more.
CONCURRENCY: Final = {"max_concurrency": 3}
# Ports that there are none of: in the templates they stand for those that are taken when it runs.
PUBLIC_PORT: Final = 99_998
HOOKS_PORT: Final = 99_999
ADDRESSES: Final = {
    "public_url": f"http://127.0.0.1:{PUBLIC_PORT}",
    "webhook_allowed": f"localhost:{HOOKS_PORT},127.0.0.1:{HOOKS_PORT}",
    **APPLICATIONS,
}
CONTEXT: Final = {
    "stage": "local",
    "local": "true",
    **ADDRESSES,
    **{name: str(value) for name, value in {**TIMES, **CONCURRENCY}.items()},
}
TEMPLATE: Final = ".template.json"


def assembly(*, public_port: int, hooks_port: int) -> Path:
    """The cloud assembly of the sources as they are, for these ports."""
    place = _synthesized()
    ports = {f":{PUBLIC_PORT}": f":{public_port}", f":{HOOKS_PORT}": f":{hooks_port}"}
    for pattern in place.glob(f"*{TEMPLATE}.in"):
        text = pattern.read_text()
        for stands, port in ports.items():
            text = text.replace(stands, port)
        pattern.with_suffix("").write_text(text)
    return place


def _synthesized() -> Path:
    place = CACHE / f"cdk.out-{_digest()}"
    if place.is_dir():
        return place
    with step("Synthesizing the CDK app, once for these sources"):
        for stale in CACHE.glob("cdk.out-*"):
            shutil.rmtree(stale)
        unfinished = CACHE / "cdk.out-unfinished"
        context = [word for name, value in CONTEXT.items() for word in ("--context", f"{name}={value}")]
        run(
            toolchain.cdk("synth", "--quiet", "--output", str(unfinished), *context),
            log=CDK_LOG,
            cwd=ROOT,
            env=toolchain.cdk_environment(),
        )
        bridge(unfinished)
        for template in unfinished.glob(f"*{TEMPLATE}"):
            template.rename(f"{template}.in")
        return unfinished.rename(place)


def _digest() -> str:
    digest = hashlib.sha256(f"{sys.version}{sorted(CONTEXT.items())}".encode() + BRIDGES.read_bytes())
    for path in _files():
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _files() -> Iterator[Path]:
    for name in SOURCES:
        place = ROOT / name
        if place.is_file():
            yield place
        for path in sorted(place.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path
