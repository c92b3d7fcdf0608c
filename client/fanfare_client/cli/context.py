"""The client that commands use, and shared options and arguments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from .. import Fanfare
from .failing import errors_on_stderr


@dataclass(frozen=True)
class Where:
    url: str | None = None
    stack: Path | None = None
    region: str | None = None
    profile: str | None = None


@contextmanager
def calling(context: typer.Context) -> Iterator[Fanfare]:
    """A client for the API that the options select. Errors are printed and end the command."""
    where: Where = context.find_root().obj
    with (
        errors_on_stderr(),
        Fanfare.from_environment(where.url, region=where.region, profile=where.profile, stack=where.stack) as fanfare,
    ):
        yield fanfare


Json = Annotated[bool, typer.Option("--json", help="Print JSON; lists as one object per line.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask for confirmation.")]
MessageId = Annotated[str, typer.Argument(help="ID of the message.", metavar="MESSAGE")]
TopicId = Annotated[str, typer.Argument(help="ID of the topic.", metavar="TOPIC")]
TemplateId = Annotated[str, typer.Argument(help="ID of the template.", metavar="TEMPLATE")]
UserId = Annotated[str, typer.Argument(help="ID of the user.", metavar="USER")]
