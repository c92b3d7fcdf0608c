"""The page of the command line is that of the commands, and what it shows can be typed."""

from __future__ import annotations

import re
import shlex

import pytest
from fanfare_client.cli.app import app
from typer.testing import CliRunner

from . import reference

BY_HAND = reference.PAGE.read_text().partition(reference.BEGINS)[0]
SHOWN = [line for block in re.findall(r"```sh\n(.*?)```", BY_HAND, re.S) for line in block.splitlines()]
EXAMPLES = [words for words in (shlex.split(line, comments=True) for line in SHOWN) if words[:1] == ["fanfare"]]


def test_the_reference_is_what_the_commands_say() -> None:
    assert reference.PAGE.read_text() == reference.page(), "docs/cli.md is stale: python -m tests.client.reference"


def test_every_command_stands_in_the_reference() -> None:
    assert len(list(reference.commands_of(app))) >= 25


@pytest.mark.parametrize("words", EXAMPLES, ids=" ".join)
def test_an_example_is_a_command_with_options_that_it_has(words: list[str]) -> None:
    path = max(
        (known[1:] for known in reference.commands_of(app) if _begins(_typed(words), known[1:])), key=len, default=()
    )
    options = {word for word in words if word.startswith("--")}
    helped = "".join(CliRunner().invoke(app, [*each, "--help"]).stdout for each in ((), path))
    assert path or options
    assert all(option in helped for option in options)


def _typed(words: list[str]) -> list[str]:
    """Without the options that stand before the command."""
    rest = words[1:]
    while rest[:1] in (["--profile"], ["--url"]):
        rest = rest[2:]
    return rest


def _begins(words: list[str], path: tuple[str, ...]) -> bool:
    return tuple(words[: len(path)]) == path
