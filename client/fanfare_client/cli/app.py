"""The commands, and the options that all of them share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import messages, suppressions, templates, topics, users
from .context import Where

app = typer.Typer(
    name="fanfare",
    help="Post a message once, reach every subscriber, know what became of each.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they would show what is in variables: keys, addresses
    rich_markup_mode=None,
)


@app.callback()
def where(
    context: typer.Context,
    url: Annotated[
        str | None, typer.Option(help="The deployed internal API, the output InternalApiUrl; else $FANFARE_URL.")
    ] = None,
    stack: Annotated[
        Path | None,
        typer.Option(help="The local stack's file; else $FANFARE_STACK; .local/stack.json is found by itself."),
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="The AWS region; that of the URL, of AWS_REGION or of the profile if left out.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="The AWS profile; credentials are found as every AWS SDK finds them.")
    ] = None,
) -> None:
    if url and stack:
        raise typer.BadParameter("give --url or --stack, not both")
    context.obj = Where(url, stack, region, profile)


for command in (
    messages.send,
    messages.dry_run,
    messages.status,
    messages.messages,
    messages.deliveries,
    messages.explain,
    messages.redrive,
    messages.cancel,
):
    app.command(command.__name__.replace("_", "-"))(command)
app.add_typer(topics.app, name="topics")
app.add_typer(templates.app, name="templates")
app.add_typer(users.app, name="users")
app.add_typer(suppressions.app, name="suppressions")


def run() -> None:
    app()
