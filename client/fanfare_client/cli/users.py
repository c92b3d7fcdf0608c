"""Commands for users: the recipients and their addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ..imports import Importer, Summary
from . import show
from .codes import Exit
from .context import Json, UserId, Yes, calling

app = typer.Typer(help="Users: the recipients and their addresses.", no_args_is_help=True)


@app.command("import")
def import_users(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV file or Amazon Pinpoint endpoint export; can be gzipped.", exists=True, dir_okay=False
        ),
    ],
    form: Annotated[
        Literal["csv", "pinpoint"] | None,
        typer.Option("--format", help="Format. Default: detected from the file's first line."),
    ] = None,
    topic: Annotated[
        list[str] | None,
        typer.Option(help="Subscribe the users to this topic (repeatable), except on channels they opted out of."),
    ] = None,
    json: Json = False,
) -> None:
    """Create or replace users from a file, and report every row.

    If the import is interrupted, repeat the command to resume it: <file>.import-journal stores the progress until the
    import is complete. Rows that are not imported are written to <file>.rejects.jsonl with line number and reason.
    """
    with calling(context) as fanfare, _progress() as progress:
        summary = Importer(fanfare, file, form=form, topics=topic or (), progress=progress).run()
    show.one(asdict(summary), json, lambda _: _show_summary(summary))
    if summary.rejected:
        raise typer.Exit(Exit.IN_PART)


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


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int | None], None]]:
    """A progress bar on stderr, if it is a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=show.err, transient=True, disable=not show.err.is_terminal) as bar:
        task = bar.add_task("reading", total=None)

        def update(phase: str, done: int, total: int | None) -> None:
            bar.update(task, description=phase, completed=done, total=total)

        yield update


def _show_summary(summary: Summary) -> None:
    resumed = " (resumed)" if summary.resumed else ""
    rows, users = show.number(summary.rows, "rows"), show.number(summary.users, "users")
    show.say(f"{rows}{resumed}: {summary.imported} imported as {users}", style="bold")
    for outcome, reasons in (("skipped", summary.skipped), ("rejected", summary.rejected)):
        for reason, count in reasons.items():
            show.say(f"  {count} {outcome}: {reason}")
    if summary.suppressed:
        show.say(f"  {show.number(summary.suppressed, 'addresses')} suppressed (opted out)")
    if summary.attributes_left_out:
        show.say(f"  attributes not imported: {show.counted(summary.attributes_left_out)}")
    if summary.rejects_file:
        show.say(f"  details: {summary.rejects_file}")


def _show_fields(user: Any) -> None:
    show.many([{"field": name, "value": value} for name, value in user.items() if value], False, ["field", "value"])
