"""The synthesized stacks: logical ids, properties, policies, environments, alarms. Only hashes of assets may change."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.frozen.snapshot import compare, members
from tests.infra.conftest import dev, full
from tests.infra.synth import Deployment, Template

__all__ = ["dev", "full"]


@pytest.mark.parametrize("stage", ["dev", "full"])
def test_a_stage_is_synthesized_to_what_is_deployed(stage: str, request: pytest.FixtureRequest) -> None:
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
