"""A channel is one file and one line; this names what else it has to have."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from fanfare import channels
from fanfare.aws.tables import TABLES
from fanfare.channels import CHANNELS
from fanfare.runtime.channels import OPEN

from infra.constructs.naming import pascal
from infra.grants import PROVIDERS
from tests.infra.synth import Deployment, name_of

ROOT = Path(__file__).parents[2]
CHANNEL_FILES = Path(channels.__file__).parent
NO_CHANNEL = {"__init__", "base", "receipts", "sns"}  # what channels share
INLINE = {"subject", "text", "html"}  # what a message's own content may say


def missing(name: str, deployment: Deployment) -> Iterator[str]:
    """What a channel lacks, in the order in which one would make it."""
    if not (CHANNEL_FILES / f"{name}.py").is_file():
        yield f"its file: fanfare/channels/{name}.py"
    if name not in CHANNELS:
        yield "its line: CHANNELS in fanfare/channels/__init__.py"
        return
    channel = CHANNELS[name]
    if (
        not channel.parts
        or not channel.inline.keys() <= channel.parts.keys()
        or not set(channel.inline.values()) <= INLINE
    ):
        yield f"parts of a template, and what of a message's own content fills them: {name}.parts, {name}.inline"
    if name not in OPEN:
        yield "how it is opened: OPEN in fanfare/runtime/channels.py"
    if name not in PROVIDERS:
        yield "what it may ask its provider: PROVIDERS in infra/grants.py"
    resources = {name_of({"Ref": id}, deployment) for id in deployment.service.body["Resources"]}
    for resource in ("Queue", "DeadLetters", "EventSource", "Function"):
        if f"{pascal(name)}{resource}" not in resources:
            yield f"its {resource} in the synthesized stack"
    if f"## {name}\n" not in _text("docs/channels.md"):
        yield f"what a deployer and a caller should know: `## {name}` in docs/channels.md"
    if not (ROOT / "tests" / "unit" / "channels" / f"test_{name}.py").is_file():
        yield f"its tests: tests/unit/channels/test_{name}.py"
    if f"fanfare.channels.{name}" not in _independent():
        yield "that it imports no other channel: the independence contract in pyproject.toml"
    if _has_a_provider(name) and not _simulated(name):
        yield "who plays its provider on a developer's machine: local/simulator.py"


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_is_complete(dev: Deployment, name: str) -> None:
    if asked := list(missing(name, dev)):
        pytest.fail("\n".join([f"{name} is not complete. It needs", *asked]), pytrace=False)


def test_every_file_of_a_channel_is_one() -> None:
    files = {path.stem for path in CHANNEL_FILES.glob("*.py")} - NO_CHANNEL
    assert files == CHANNELS.keys()


def test_a_channel_that_is_a_file_and_a_line_is_told_the_rest(dev: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHANNELS, "pigeon", CHANNELS["sms"])
    asked = [each.partition(":")[0] for each in missing("pigeon", dev)]
    assert asked == [
        "its file",
        "how it is opened",
        "what it may ask its provider",
        "its Queue in the synthesized stack",
        "its DeadLetters in the synthesized stack",
        "its EventSource in the synthesized stack",
        "its Function in the synthesized stack",
        "what a deployer and a caller should know",
        "its tests",
        "that it imports no other channel",
        "who plays its provider on a developer's machine",
    ]


def _text(path: str) -> str:
    return (ROOT / path).read_text()


def _independent() -> list[str]:
    contracts = tomllib.loads(_text("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    return [module for contract in contracts if contract["type"] == "independence" for module in contract["modules"]]


def _has_a_provider(name: str) -> bool:
    """Not where the channel writes to a table of ours, and that is all."""
    return not PROVIDERS.get(name, {"unknown": ()}).keys() <= {table.name for table in TABLES}


def _simulated(name: str) -> bool:
    return f'"{name}"' in _text("local/simulator.py")
