"""The channel of the tutorial, deployed: a copy of the repository with its two changes, and the shell after them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.api import until
from tests.documents import CHANNELS, ROOT, blocks, edits_of_the_tutorial

from .test_docs import run, tools

__all__ = ["tools"]  # a fixture

TUTORIAL = "docs/tutorial.md"
OWN = "tests/e2e/test_own_channel.py"


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The repository with the file of the channel, and with its class among the channels."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    (tmp_path / ".cache").symlink_to(ROOT / ".cache")
    (module,) = [block for block in blocks(TUTORIAL) if block.mark == "module"]
    (tmp_path / CHANNELS).with_name("board.py").write_text(module.source)
    text = (tmp_path / CHANNELS).read_text()
    for old, new in edits_of_the_tutorial():
        text = text.replace(old, "\n".join(new))
    (tmp_path / CHANNELS).write_text(text)
    return tmp_path


@pytest.fixture
def deployed(changed: Path) -> Iterator[Path]:
    """The folder, with its stack running."""
    paths = os.pathsep.join([str(changed), str(changed / "layers" / "fanfare" / "python")])
    with subprocess.Popen(
        [sys.executable, "-m", "local.run"], cwd=changed, env={**os.environ, "PYTHONPATH": paths}
    ) as stack:

        def ready() -> bool:
            assert stack.poll() is None
            return (changed / ".local" / "stack.json").exists()

        try:
            until("the stack runs", ready, seconds=240)
            yield changed
        finally:
            stack.send_signal(signal.SIGINT)


@pytest.mark.long
@pytest.mark.timeout(400)
def test_a_channel_of_ones_own_is_deployed_and_sends(deployed: Path, tools: Path) -> None:
    (shell,) = [block for block in blocks(TUTORIAL) if block.mark == "not run" and OWN in block.said]
    (said,) = run([shell], tools, folder=deployed)
    assert "Ada: Tea at four, Ada" in said
