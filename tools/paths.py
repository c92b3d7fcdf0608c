"""Where things are."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
CACHE: Final = ROOT / ".cache"  # dear to make again, safe to throw away
STATE: Final = ROOT / ".local"  # of the stack that runs now, and its logs
CALLS: Final = STATE / "calls"
STACK_FILE: Final = STATE / "stack.json"
EMULATOR_LOG: Final = STATE / "emulator.log"
CDK_LOG: Final = STATE / "cdk.log"
