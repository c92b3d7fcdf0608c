"""Commands for templates: the content of messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.syntax import Syntax

from .. import Fanfare, folders, starters
from ..diffs import PartDiff, differences
from ..errors import NotFound
from ..types import Channel
from . import files, show
from .context import Json, TemplateId, Yes, calling
from .failing import errors_on_stderr

app = typer.Typer(help="Templates: the content of messages. Versions are immutable.", no_args_is_help=True)
FOLDER = "Folder with email/subject.txt, email/html.html, …"
TemplateOrFolder = Annotated[
    str,
    typer.Argument(help="ID of the template; alone, a folder of one or several, named by ID.", metavar="TEMPLATE"),
]
Source = Annotated[Path | None, typer.Argument(help=f"{FOLDER}, or JSON file.", exists=True)]


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
def init(
    folder: Annotated[Path, typer.Argument(help="New folder, or one without templates of these names.")] = Path(
        "templates"
    ),
    starter: Annotated[
        list[str] | None, typer.Option(help=f"Only this one (repeatable) of: {', '.join(starters.names())}.")
    ] = None,
    json: Json = False,
) -> None:
    """Write starter templates to a folder, to be changed and pushed."""
    with errors_on_stderr():
        written = starters.copy(folder, starter)
        if json:
            show.as_json([str(each) for each in written])
            return
        for each in written:
            show.say(str(each))
        show.say(f"Push them with: fanfare templates push {folder}", style="dim")


@app.command()
def pull(
    context: typer.Context,
    template: TemplateOrFolder,
    folder: Annotated[Path | None, typer.Argument(help=f"{FOLDER}; created if there is none.")] = None,
    version: Annotated[int | None, typer.Option(help="Version. Default: the latest.")] = None,
    json: Json = False,
) -> None:
    """Write a template to a folder, in place of what is there. With a folder alone: all templates."""
    with calling(context) as fanfare:
        for template_id, target in _targets(fanfare, template, folder, version):
            found = fanfare.templates.get(template_id, version=version)
            changed = [str(each) for each in folders.write(found, target)]
            if json:
                show.as_line({"id": found["id"], "version": found["version"], "changed": changed})
                continue
            show.say(f"{found['id']}@{found['version']}")
            for file in changed:
                show.say(f"  {file}", style="dim")


@app.command()
def push(context: typer.Context, template: TemplateOrFolder, source: Source = None, json: Json = False) -> None:
    """Store a new version of a template. All parts must render with its example.

    With a folder alone: of each template in it that differs from its latest version, layouts first.
    """
    with calling(context) as fanfare:
        if source is not None:
            stored = fanfare.templates.put(template, **files.template(source))
            show.one(stored, json, lambda found: show.say(f"{found['id']}@{found['version']}"))
            return
        for template_id, folder in _sources(template).items():
            _push_changed(fanfare, template_id, folder, json)


@app.command()
def preview(
    context: typer.Context,
    template: TemplateId,
    channel: Annotated[Channel, typer.Option(help="Channel.")] = "email",
    locale: Annotated[str | None, typer.Option(metavar="LOCALE", help="Locale, e.g. de or pt-BR.")] = None,
    data: Annotated[
        str | None,
        typer.Option(metavar="JSON", help="Template data: JSON, @file or @-. Default: the template's example."),
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
    template: TemplateOrFolder,
    source: Annotated[
        Path | None, typer.Argument(help="Folder or JSON file to compare with. Default: --new.", exists=True)
    ] = None,
    old: Annotated[int | None, typer.Option(metavar="VERSION", help="Old version. Default: the latest.")] = None,
    new: Annotated[int | None, typer.Option(metavar="VERSION", help="New version. Default: the latest.")] = None,
    json: Json = False,
) -> None:
    """Show the differences between a stored version and files, or between two versions."""
    with calling(context) as fanfare:
        if source is None and old == new:
            if not Path(template).is_dir():
                raise ValueError("Pass a folder or file, or two versions with --old and --new.")
            found = [
                replace(each, part=f"{template_id}/{each.part}")
                for template_id, folder in _sources(template).items()
                for each in differences(_latest(fanfare, template_id), folders.read(folder))
            ]
        else:
            found = [*fanfare.templates.diff(template, files.template(source) if source else None, old=old, new=new)]
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


def _sources(written: str) -> dict[str, Path]:
    """Templates by id, of a folder that is one or contains some."""
    folder = Path(written)
    if not folder.is_dir():
        raise ValueError(f"{written} is no folder. Pass the ID of a template and its folder, or a folder of templates.")
    return {folder.resolve().name: folder} if folders.is_template(folder) else folders.templates_in(folder)


def _targets(fanfare: Fanfare, template: str, folder: Path | None, version: int | None) -> list[tuple[str, Path]]:
    if folder is not None:
        return [(template, folder)]
    if folders.is_template(whole := Path(template)):
        return [(whole.resolve().name, whole)]
    if version is not None:
        raise ValueError("--version is for one template: pass its ID and a folder.")
    return [(each["id"], whole / each["id"]) for each in fanfare.templates.list()]


def _push_changed(fanfare: Fanfare, template_id: str, folder: Path, json: bool) -> None:
    body = folders.read(folder)
    before = _latest(fanfare, template_id)
    if before and not differences(before, body) and not _has_old_layout(fanfare, before):
        stored: dict[str, Any] = {"id": template_id, "version": before["version"], "changed": False}
    else:
        stored = {**fanfare.templates.put(template_id, **body), "changed": True}
    if json:
        show.as_line(stored)
    else:
        show.say(f"{template_id}@{stored['version']}" + ("" if stored["changed"] else " unchanged"))


def _latest(fanfare: Fanfare, template_id: str) -> Mapping[str, Any]:
    """The latest version; nothing if there is none."""
    try:
        return fanfare.templates.get(template_id)
    except NotFound:
        return {}


def _has_old_layout(fanfare: Fanfare, template: Mapping[str, Any]) -> bool:
    layout = template["layout"]
    return bool(layout) and layout["version"] != fanfare.templates.get(layout["id"])["version"]


def _show_parts(parts: Any) -> None:
    for part, said in parts.items():
        if part != "warnings":
            show.say(part, style="bold")
            show.say(said)
    for each in parts.get("warnings", ()):
        show.say(f"{each['pointer']}: {each['detail']}", style="yellow")


def _show_diff(found: Sequence[PartDiff]) -> None:
    if not found:
        show.say("no differences", style="dim")
    for each in found:
        show.out.print(Syntax(show.plain("\n".join(each.lines)), "diff", background_color="default"))
