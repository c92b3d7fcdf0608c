"""A scratch copy of the code with a change in it, and what our tests say of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = {
    "fanfare": ROOT / "layers/fanfare/python/fanfare",
    "fanfare_client": ROOT / "client/fanfare_client",
    "console": ROOT / "console",
    "functions": ROOT / "functions",
    "deploy": ROOT / "deploy",
    "infra": ROOT / "infra",
    "stages": ROOT / "stages",
}
# What these tests need of pytest's plugins: to load all that are installed takes longer than some of the tests.
PLUGINS: Final = ("pytest_timeout", "_hypothesis_pytestplugin", "no:cacheprovider")
PASSED, FAILED, INTERRUPTED = 0, 1, 2  # pytest's exit codes; it is interrupted if a test can't be imported


def origin(name: str) -> Path:
    """The file of a module. Raises ValueError if there is none."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ValueError(f"there is no module {name}")
    return Path(spec.origin)


def in_scratch(file: Path) -> Path:
    """Where a source file lies in a scratch copy."""
    (found,) = (Path(name, file.relative_to(source)) for name, source in SOURCES.items() if file.is_relative_to(source))
    return found


def run_tests(file: Path, text: str, tests: Sequence[str], *, seconds: float) -> tuple[int, str]:
    """Run tests while `file` reads `text`: pytest's exit code (FAILED if they run on) and what it said."""
    with tempfile.TemporaryDirectory(prefix="fanfare-mutant-") as folder:
        for package, source in SOURCES.items():
            shutil.copytree(source, Path(folder, package), ignore=shutil.ignore_patterns("__pycache__"))
        (Path(folder) / in_scratch(file)).write_text(text)
        words = [word for plugin in PLUGINS for word in ("-p", plugin)]
        environment = os.environ | {
            "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
            "PYTHONSAFEPATH": "1",  # or the current folder's `functions` come first
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        try:
            done = subprocess.run(  # noqa: S603 - our own tests
                [sys.executable, "-m", "pytest", "-x", "-q", *words, *tests],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return FAILED, f"the tests took longer than {seconds:g} s"
    return done.returncode, done.stdout.decode(errors="replace")
