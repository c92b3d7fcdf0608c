"""Commands for users: the recipients and their addresses."""

from __future__ import annotations

from typing import Annotated, Any, cast

import typer

from . import show
from .context import Json, UserId, Yes, calling

app = typer.Typer(help="Users: the recipients and their addresses.", no_args_is_help=True)


@app.command("list")
def list_users(
    context: typer.Context,
    email: Annotated[str | None, typer.Option(help="Only users with this e-mail address, in any spelling.")] = None,
    phone: Annotated[str | None, typer.Option(help="Only users with this phone number, in any spelling.")] = None,
    json: Json = False,
) -> None:
    """List users by ID, or find them by address."""
    with calling(context) as fanfare:
        found = fanfare.users.list(email=email, phone=phone)
        show.many(cast(Any, found), json, ["id", "name", "email", "phone"])


@app.command()
def export(context: typer.Context, user: UserId) -> None:
    """Print all that is kept on a user, as JSON, one line per page."""
    with calling(context) as fanfare:
        cursor: str | None = None
        while True:
            page = fanfare.users.export(user, cursor=cursor)
            show.one(page, True, lambda _: None)
            cursor = page["next_cursor"]
            if cursor is None:
                return


@app.command()
def get(context: typer.Context, user: UserId, json: Json = False) -> None:
    """Show a user."""
    with calling(context) as fanfare:
        show.one(fanfare.users.get(user), json, _show_fields)


@app.command()
def delete(context: typer.Context, user: UserId, yes: Yes = False, json: Json = False) -> None:
    """Erase everything stored about a user."""
    yes or typer.confirm(f"Erase everything stored about {user}?", abort=True)
    with calling(context) as fanfare:
        fanfare.users.delete(user)
    show.done(user, json)


@app.command()
def deliveries(context: typer.Context, user: UserId, json: Json = False) -> None:
    """List a user's deliveries, newest first."""
    with calling(context) as fanfare:
        columns = ["message_id", "channel", "status", "reason", "receipt", "updated_at"]
        show.many(cast(Any, fanfare.users.deliveries(user)), json, columns)


@app.command()
def subscriptions(context: typer.Context, user: UserId, json: Json = False) -> None:
    """List a user's subscriptions, ordered by topic and channel."""
    with calling(context) as fanfare:
        show.many(cast(Any, fanfare.subscriptions.list(user)), json, ["topic", "channel", "at", "by", "frequency"])


@app.command()
def consents(context: typer.Context, user: UserId, json: Json = False) -> None:
    """List all changes of a user's subscriptions, newest first."""
    with calling(context) as fanfare:
        columns = ["at", "topic", "channel", "state", "by", "evidence"]
        show.many(cast(Any, fanfare.subscriptions.consents(user)), json, columns)


def _show_fields(user: Any) -> None:
    show.many([{"field": name, "value": value} for name, value in user.items() if value], False, ["field", "value"])
