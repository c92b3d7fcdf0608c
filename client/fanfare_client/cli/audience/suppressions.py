"""Commands for suppressions: addresses that nothing is sent to."""

from __future__ import annotations

from typing import Annotated, Any, cast

import typer

from ...types import Cause, Channel
from .. import show
from ..context import Json, calling

app = typer.Typer(help="Suppressions: addresses that nothing is sent to.", no_args_is_help=True)
OnChannel = Annotated[Channel, typer.Argument(help="Channel: email or sms.", metavar="CHANNEL")]
Address = Annotated[str, typer.Argument(help="Email address or phone number.", metavar="ADDRESS")]
COLUMNS = ["channel", "address", "cause", "created_at"]


@app.command("list")
def list_suppressions(
    context: typer.Context,
    channel: Annotated[Channel | None, typer.Option(help="Only suppressions on this channel.")] = None,
    json: Json = False,
) -> None:
    """List suppressed addresses."""
    with calling(context) as fanfare:
        show.many(cast(Any, fanfare.suppressions.list(channel=channel)), json, COLUMNS)


@app.command()
def get(context: typer.Context, channel: OnChannel, address: Address, json: Json = False) -> None:
    """Show the suppression of an address."""
    with calling(context) as fanfare:
        show.one(fanfare.suppressions.get(channel, address), json, lambda found: show.many([found], False, COLUMNS))


@app.command()
def add(
    context: typer.Context,
    channel: OnChannel,
    address: Address,
    cause: Annotated[
        Cause, typer.Option(help="Cause. If the address is suppressed already, the first cause is kept.")
    ] = "manual",
    json: Json = False,
) -> None:
    """Suppress an address: nothing is sent to it."""
    with calling(context) as fanfare:
        stored = fanfare.suppressions.put(channel, address, cause=cause)
        show.one(stored, json, lambda found: show.many([found], False, COLUMNS))


@app.command()
def remove(context: typer.Context, channel: OnChannel, address: Address, json: Json = False) -> None:
    """Remove the suppression of an address."""
    with calling(context) as fanfare:
        fanfare.suppressions.delete(channel, address)
    show.done(address, json)
