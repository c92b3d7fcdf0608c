"""Synthesizes the CDK app for the emulator. Cached by the content of the sources."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from local.emulator.template_patches import patch_templates
from local.providers.sns import APPLICATIONS
from tools import toolchain
from tools.paths import CACHE, CDK_LOG, ROOT
from tools.processes import run
from tools.progress import step

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
PATCHES: Final = Path(__file__).with_name("template_patches.py")
# Short times, so that people and tests can wait for recovery.
TIMES: Final = {
    "stale_after_seconds": 10,
    "backoff_seconds": 1,
    "max_attempts": 5,
    "doubt_grace_seconds": 10,  # a receipt may wait for its queue's first worker to start
}
# Texts cost nothing here, and go nowhere: any number can be tried, as often as one likes.
TEXTS: Final = {"sms_countries": "all", "user_limits": "{}", "codes_per_hour": 100_000}
# Each concurrent function is a process that starts slowly: only a few more than there are cores.
CONCURRENCY: Final = {"max_concurrency": 3}
# Invalid ports: placeholders in the templates for the ports of the running stack.
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
    **{name: str(value) for name, value in {**TIMES, **CONCURRENCY, **TEXTS}.items()},
}
TEMPLATE: Final = ".template.json"


def assembly(*, public_port: int, hooks_port: int) -> Path:
    """The cloud assembly of the current sources, for these ports."""
    folder = _synthesized()
    ports = {f":{PUBLIC_PORT}": f":{public_port}", f":{HOOKS_PORT}": f":{hooks_port}"}
    for pattern in folder.glob(f"*{TEMPLATE}.in"):
        text = pattern.read_text()
        for stands, port in ports.items():
            text = text.replace(stands, port)
        pattern.with_suffix("").write_text(text)
    return folder


def _synthesized() -> Path:
    folder = CACHE / f"cdk.out-{_digest()}"
    if folder.is_dir():
        return folder
    with step("Synthesizing the CDK app (cached until the sources change)"):
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
        patch_templates(unfinished, home=folder)
        for template in unfinished.glob(f"*{TEMPLATE}"):
            template.rename(f"{template}.in")
        return unfinished.rename(folder)


def _digest() -> str:
    digest = hashlib.sha256(f"{sys.version}{sorted(CONTEXT.items())}".encode() + PATCHES.read_bytes())
    for path in _files():
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _files() -> Iterator[Path]:
    for name in SOURCES:
        folder = ROOT / name
        if folder.is_file():
            yield folder
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path
