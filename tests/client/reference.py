"""`python -m tests.client.reference`: writes the end of docs/cli.md from what `--help` says. A test compares it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import typer
from fanfare_client.cli.app import app
from fanfare_client.cli.codes import MEANING
from typer.testing import CliRunner

PAGE: Final = Path(__file__).parents[2] / "docs" / "cli.md"
BEGINS: Final = "<!-- From here on written by tests/client/reference.py. -->\n"


def page() -> str:
    """The page as it has to be."""
    by_hand = PAGE.read_text(encoding="utf-8").partition(BEGINS)[0]
    statuses = "".join(f"| {status.value} | {meaning} |\n" for status, meaning in MEANING.items())
    commands = "\n".join(f"### `{' '.join(words)}`\n\n```text\n{_help(words)}```\n" for words in commands_of(app))
    statuses = f"## Exit statuses\n\n| status | says |\n|---|---|\n{statuses}"
    return f"{by_hand}{BEGINS}\n{statuses}\n## Every command\n\n{commands}"


def commands_of(group: typer.Typer, *before: str) -> Iterator[tuple[str, ...]]:
    """All commands as they are typed."""
    words = before or ("fanfare",)
    if not before:
        yield words
    for command in group.registered_commands:
        assert command.callback
        yield (*words, command.name or command.callback.__name__)
    for inner in group.registered_groups:
        assert inner.typer_instance
        yield from commands_of(inner.typer_instance, *words, str(inner.name))


def _help(words: tuple[str, ...]) -> str:
    # a width and a shell of its own, so that it reads the same wherever it is written
    environment = {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"}
    said = CliRunner().invoke(app, [*words[1:], "--help"], prog_name="fanfare", env=environment)
    return "".join(f"{line.rstrip()}\n" for line in said.stdout.strip().splitlines())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
