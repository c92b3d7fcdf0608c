"""Commands that bring everything in and out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from .. import folders
from ..imports import Importer, Summary, Unreadable, export
from ..imports.converting import Template, templates_of
from ..imports.importing import read_options
from ..imports.reading import NAMES
from ..imports.tables.options import TableOptions
from . import show
from .codes import Exit
from .context import Json, calling, spread
from .failing import errors_on_stderr

WORDS = {"imported": "imported", "skipped": "skipped", "rejected": "rejected", "damaged": "damaged"}


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """How a file is read."""

    source: Annotated[
        str | None,
        typer.Option("--from", metavar="SOURCE", help=f"Source: {', '.join(NAMES)}. Default: recognised by content."),
    ] = None
    topic: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TOPIC",
            help="Subscribe the users to this topic (repeatable), except on channels that they refused.",
        ),
    ] = None
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=FIELD",
            help='Column of a table as a field, e.g. "E-Mail=email" (repeatable). COLUMN= leaves it out.',
        ),
    ] = None
    encoding: Annotated[
        str | None, typer.Option(metavar="ENCODING", help="Encoding of a table that is not UTF-8 or UTF-16.")
    ] = None
    country: Annotated[
        str | None, typer.Option(metavar="COUNTRY", help="Country of phone numbers without a country code, e.g. GB.")
    ] = None

    def table(self) -> TableOptions:
        return TableOptions(read_options(self.column or ()), self.encoding, self.country)


@spread
def import_file(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="Bundle, table, or another system's export.", exists=True, dir_okay=False)
    ],
    options: ImportOptions,
    apply: Annotated[bool, typer.Option("--apply", help="Import without asking.")] = False,
    json: Json = False,
) -> None:
    """Import users, subscriptions, suppressions and templates from a file.

    First the file is compared with what is stored, and nothing is changed: on a terminal you are asked whether to go
    on; otherwise pass --apply. <file>.report.jsonl lists every row that is not imported and every change.

    If the import is interrupted, repeat the command to resume it: <file>.import-journal stores the progress until it is
    complete.
    """
    with calling(context) as fanfare, _progress() as progress:
        importer = Importer(
            fanfare, file, source=options.source, topics=options.topic or (), table=options.table(), progress=progress
        )
        summary = importer.run(lambda checked: apply or _asked(checked, progress.pause, json))
    show.one(asdict(summary), json, lambda _: _show(summary))
    if not summary.complete:
        raise typer.Exit(Exit.IN_PART)


def export_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="File to write, e.g. fanfare.jsonl.gz.", dir_okay=False)],
    json: Json = False,
) -> None:
    """Export users, subscriptions, suppressions, topics, templates and the brand as a bundle.

    `fanfare import` reads it again. The file contains addresses (mode 0600).
    """
    with calling(context) as fanfare, _progress() as progress:
        counts = export(fanfare, file, progress=progress)
    show.one(counts, json, lambda _: show.say(f"{file}: {_counted(counts)}"))


def convert_file(
    file: Annotated[
        Path,
        typer.Argument(help="HTML or text file, JSON of the AWS CLI, or Mailchimp's zip.", exists=True, dir_okay=False),
    ],
    folder: Annotated[Path, typer.Argument(help="Folder to write the templates to, each in one named by its ID.")],
    json: Json = False,
) -> None:
    """Convert Mailchimp's merge tags, or Handlebars of Pinpoint and SES, where it is mechanical.

    What is not converted is listed, with the reason; the exit status is then 3.
    """
    with errors_on_stderr():
        found = templates_of(file)
        if taken := [each.id for each in found if (folder / each.id).exists()]:
            raise Unreadable(f"{folder / taken[0]} exists. Remove it, or name another folder.")
        for each in found:
            folders.write(each.body, folder / each.id)
    show.one([_template_as_json(each) for each in found], json, lambda _: _show_converted(found, folder))
    if any(each.left for each in found):
        raise typer.Exit(Exit.IN_PART)


class _Bar:
    """Shows progress on stderr, if it is a terminal."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("reading", total=None)

    def __call__(self, phase: str, done: int, total: int | None) -> None:
        self._bar.update(self._task, description=phase, completed=done, total=total)

    @contextmanager
    def pause(self) -> Iterator[None]:
        self._bar.stop()
        yield
        self._bar.start()


@contextmanager
def _progress() -> Iterator[_Bar]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=show.err, transient=True, disable=not show.err.is_terminal) as bar:
        yield _Bar(bar)


def _asked(checked: Summary, pause: Callable[[], Any], json: bool) -> bool:
    """Show what would happen and ask, on a terminal; otherwise no."""
    if json or not (sys.stdin.isatty() and show.out.is_terminal):
        return False
    with pause():
        _show(checked)
        return typer.confirm("Import?")


def _show(summary: Summary) -> None:
    resumed = " (resumed)" if summary.resumed else ""
    show.say(f"{summary.file} from {summary.source}{resumed}: {show.number(summary.rows, 'rows')}", style="bold")
    show.say(f"  users: {_counted(summary.users)}")
    for name, count in summary.changes.items():
        examples = "; ".join(f"{user}: {_value(old)} → {_value(new)}" for user, old, new in summary.examples[name])
        show.say(f"    {name}: {count} changed ({examples})")
    for name in ("topics", "templates", "brand"):
        if found := getattr(summary, name):
            show.say(f"  {name}: {_counted(found)}")
    show.say(f"  subscriptions: {summary.subscribed} subscribed, {summary.unsubscribed} unsubscribed")
    if summary.left_alone:
        show.say(f"  unsubscribed here, left alone: {summary.left_alone}")
    if summary.suppressed:
        show.say(f"  {show.number(summary.suppressed, 'addresses')} suppressed")
    for name in ("skipped", "rejected", "damaged", "fields"):
        for code, count in getattr(summary, name).items():
            show.say(f"  {count} {'fields left out' if name == 'fields' else name}: {code}")
    for note in summary.notes:
        show.say(f"  {note}", style="dim")
    if summary.report_file:
        show.say(f"  details: {summary.report_file}")
    if not summary.applied:
        show.say("  Nothing is changed so far. Without a terminal, pass --apply.", style="dim")


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"


def _value(value: Any) -> str:
    return "-" if value is None else str(value)


def _template_as_json(template: Template) -> dict[str, Any]:
    left = [{"part": part, "detail": detail} for part, detail in template.left]
    return {"id": template.id, **template.body, "not_converted": left}


def _show_converted(found: list[Template], folder: Path) -> None:
    for each in found:
        show.say(str(folder / each.id))
        for part, detail in each.left:
            show.say(f"  {part}: not converted: {detail}", style="yellow")
