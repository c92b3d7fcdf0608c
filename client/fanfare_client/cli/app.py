"""All commands and their shared options."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from . import moving, place, show, templates
from .audience import suppressions, topics, users
from .context import Where
from .messages import reading, sending

app = typer.Typer(
    name="fanfare",
    help="Send notifications to the subscribers of a topic or to named users, and track every delivery.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they print the values of variables, e.g. keys and addresses
    rich_markup_mode=None,
)


def _say_version(wanted: bool) -> None:
    if wanted:
        show.say(f"fanfare {version('fanfare-client')}")
        raise typer.Exit


@app.callback()
def where(
    context: typer.Context,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="URL of the internal API (stack output InternalApiUrl). Default: $FANFARE_URL."
        ),
    ] = None,
    stack: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="File that describes the local stack. Default: $FANFARE_STACK, then .local/stack.json."
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(metavar="REGION", help="AWS region. Default: from the URL, $AWS_REGION or the profile."),
    ] = None,
    profile: Annotated[
        str | None, typer.Option(metavar="PROFILE", help="AWS profile. Default: the AWS credential chain.")
    ] = None,
    _: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_say_version)
    ] = False,
) -> None:
    if url and stack:
        raise typer.BadParameter("Use either --url or --stack, not both.")
    context.obj = Where(url, stack, region, profile)


for command in (
    sending.send,
    sending.dry_run,
    reading.status,
    reading.deliveries,
    reading.explain,
    sending.redrive,
    sending.cancel,
    place.whoami,
):
    app.command(command.__name__.replace("_", "-"))(command)
app.command("open")(place.open_console)
app.command("import")(moving.import_file)
app.command("export")(moving.export_file)
templates.app.command("convert")(moving.convert_file)
app.add_typer(reading.app, name="messages")
app.add_typer(topics.app, name="topics")
app.add_typer(templates.app, name="templates")
app.add_typer(users.app, name="users")
app.add_typer(suppressions.app, name="suppressions")


def run() -> None:
    app()
