"""Commands for templates: the content of messages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.syntax import Syntax

from ..diffs import PartDiff
from ..types import Channel
from . import files, show
from .context import Json, TemplateId, Yes, calling

app = typer.Typer(help="Templates: the content of messages. Versions are immutable.", no_args_is_help=True)
Source = Annotated[
    Path,
    typer.Argument(help="Folder with email/subject.txt, email/html.html, …, or JSON file.", exists=True),
]


@app.command("list")
def list_templates(context: typer.Context, json: Json = False) -> None:
    """List templates, ordered by ID, each with its latest version."""
    with calling(context) as fanfare:
        show.many(cast(Any, fanfare.templates.list()), json, ["id", "version", "created_at"])


@app.command()
def versions(context: typer.Context, template: TemplateId, json: Json = False) -> None:
    """List the versions of a template, newest first."""
    with calling(context) as fanfare:
        show.many(cast(Any, fanfare.templates.versions(template)), json, ["id", "version", "created_at"])


@app.command()
def push(context: typer.Context, template: TemplateId, source: Source, json: Json = False) -> None:
    """Store a new version of a template. All parts must render with its example."""
    with calling(context) as fanfare:
        body = files.template(source)
        stored = fanfare.templates.put(template, **body)
        show.one(stored, json, lambda found: show.say(f"{found['id']}@{found['version']}"))


@app.command()
def preview(
    context: typer.Context,
    template: TemplateId,
    channel: Annotated[Channel, typer.Option(help="Channel.")] = "email",
    locale: Annotated[str | None, typer.Option(help="Locale, e.g. de or pt-BR.")] = None,
    data: Annotated[
        str | None, typer.Option(help="Template data: JSON, @file or @-. Default: the template's example.")
    ] = None,
    json: Json = False,
) -> None:
    """Render the latest version of a template as it would be sent."""
    with calling(context) as fanfare:
        parts = fanfare.templates.preview(
            template, channel=channel, locale=locale, data=files.json_object(data, "--data")
        )
        show.one(parts, json, _show_parts)


@app.command()
def diff(
    context: typer.Context,
    template: TemplateId,
    source: Annotated[
        Path | None, typer.Argument(help="Folder or JSON file to compare with. Default: --new.", exists=True)
    ] = None,
    old: Annotated[int | None, typer.Option(help="Old version. Default: the latest.")] = None,
    new: Annotated[int | None, typer.Option(help="New version. Default: the latest.")] = None,
    json: Json = False,
) -> None:
    """Show the differences between a stored version and files, or between two versions."""
    with calling(context) as fanfare:
        if source is None and old == new:
            raise ValueError("Pass a folder or file, or two versions with --old and --new.")
        found = fanfare.templates.diff(template, files.template(source) if source else None, old=old, new=new)
        if json:
            show.as_json([{"part": each.part, "before": each.before, "after": each.after} for each in found])
        else:
            _show_diff(found)


@app.command()
def delete(context: typer.Context, template: TemplateId, yes: Yes = False, json: Json = False) -> None:
    """Hide a template from new messages. Accepted messages keep their version."""
    yes or typer.confirm(f"Delete the template {template}?", abort=True)
    with calling(context) as fanfare:
        fanfare.templates.delete(template)
    show.done(template, json)


def _show_parts(parts: Any) -> None:
    for part, said in parts.items():
        if part != "warnings":
            show.say(part, style="bold")
            show.say(said)
    for each in parts.get("warnings", ()):
        show.say(f"{each['pointer']}: {each['detail']}", style="yellow")


def _show_diff(found: Any) -> None:
    if not found:
        show.say("no differences", style="dim")
    for each in cast("list[PartDiff]", found):
        show.out.print(Syntax(show.plain("\n".join(each.lines)), "diff", background_color="default"))
