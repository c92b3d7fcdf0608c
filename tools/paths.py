"""Paths of the local stack."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
CACHE: Final = ROOT / ".cache"  # expensive to rebuild, safe to delete
STATE: Final = ROOT / ".local"  # state and logs of the running stack
CALLS: Final = STATE / "calls"
STACK_FILE: Final = STATE / "stack.json"
EMULATOR_LOG: Final = STATE / "emulator.log"
CDK_LOG: Final = STATE / "cdk.log"
