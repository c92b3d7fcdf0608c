"""Writes the snapshots anew: `python -m tests.frozen`. Look at `git diff` afterwards: each line is a deployed name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.frozen import snapshot

if __name__ == "__main__":
    snapshot.rewriting = True
    sys.exit(pytest.main(["-q", "-n", "0", str(Path(__file__).parent)]))
