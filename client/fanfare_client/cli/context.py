"""Where the commands call: settled once, before the first call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from .. import Fanfare
from .failing import told


@dataclass(frozen=True)
class Where:
    url: str | None = None
    stack: Path | None = None
    region: str | None = None
    profile: str | None = None


@contextmanager
def calling(context: typer.Context) -> Iterator[Fanfare]:
    """A client of the place that the options name. What goes wrong is said, and ends the command."""
    where: Where = context.find_root().obj
    with (
        told(),
        Fanfare.from_environment(where.url, region=where.region, profile=where.profile, stack=where.stack) as fanfare,
    ):
        yield fanfare


Json = Annotated[bool, typer.Option("--json", help="Answer in JSON; lists as one object a line.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
MessageId = Annotated[str, typer.Argument(help="The message's id.", metavar="MESSAGE")]
TopicId = Annotated[str, typer.Argument(help="The topic's id.", metavar="TOPIC")]
TemplateId = Annotated[str, typer.Argument(help="The template's id.", metavar="TEMPLATE")]
UserId = Annotated[str, typer.Argument(help="The user's id.", metavar="USER")]
