"""Documents that are read by machine: the synthesized stacks, OpenAPI, the schemas of events."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.frozen.snapshot import compare, members
from tests.infra.conftest import dev, full
from tests.infra.synth import Deployment, Template

__all__ = ["dev", "full"]
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("stage", ["dev", "full"])
def test_a_stage_is_synthesized_to_what_is_deployed(stage: str, request: pytest.FixtureRequest) -> None:
    """Logical ids, properties, policies, environments, alarms: only hashes of assets may change."""
    made: Deployment = request.getfixturevalue(stage)
    compare(f"{stage}-storage.json", _lines(made.storage))
    compare(f"{stage}-service.json", _lines(made.service))


def _lines(template: Template) -> Iterator[str]:
    """One resource a line, by logical id."""
    text = re.sub(r"\b[0-9a-f]{64}\.zip\b", "<hash>.zip", json.dumps(template.body))
    flat = {
        f"{section} {name}": value
        for section, found in json.loads(text).items()
        for name, value in (found.items() if isinstance(found, dict) else [("", found)])
    }
    yield from members(flat)


def test_the_documents_are_the_same_to_the_byte() -> None:
    """OpenAPI and the code are compared by tests/integration/test_every_route.py: there a new document passes."""
    paths = sorted([*ROOT.glob("docs/openapi/*.yaml"), *ROOT.glob("docs/events/*.json")])
    compare(
        "documents.txt",
        [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(ROOT).as_posix()}" for path in paths],
    )
