"""Documents that others read by machine. That they say what the code does is tested beside the code."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.frozen.snapshot import compare

ROOT = Path(__file__).parents[2]


def test_the_documents_are_the_same_to_the_byte() -> None:
    """OpenAPI and the code are compared by tests/integration/test_every_route.py: there a new document passes."""
    paths = sorted([*ROOT.glob("docs/openapi/*.yaml"), *ROOT.glob("docs/events/*.json")])
    compare(
        "documents.txt",
        [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(ROOT).as_posix()}" for path in paths],
    )
