"""The latest results, stored in the repository: `bench/results/latest.json`, with one part per benchmark."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

LATEST: Final = Path(__file__).with_name("results") / "latest.json"
OURS: Final = ("boto3", "botocore", "aws-lambda-powertools", "jinja2", "pydantic")


def latest() -> dict[str, Any]:
    """All latest results; empty if there are none."""
    kept: dict[str, Any] = json.loads(LATEST.read_text(encoding="utf-8")) if LATEST.exists() else {}
    return kept


def keep(part: str, measured: Mapping[str, Any], *, packages: Iterable[str] = OURS) -> None:
    """Replace one part, with date and versions but without the name of this machine."""
    about = {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
    }
    LATEST.parent.mkdir(exist_ok=True)
    LATEST.write_text(json.dumps(latest() | {part: {**about, **measured}}, indent=2) + "\n", encoding="utf-8")
