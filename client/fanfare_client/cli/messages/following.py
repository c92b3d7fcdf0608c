"""The state of a message: shown once, or until it is sent, failed or deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final, Literal

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ... import Fanfare
from ...types import MessageWithCounts
from .. import show, words
from ..codes import Exit

Watch = Annotated[bool, typer.Option("--watch", "-w", help="Wait until the message is sent, failed or deleted.")]
READ: Final = 1_000  # deliveries, for the reasons of each status: ten calls


def follow(fanfare: Fanfare, message_id: str, json: bool) -> None:
    """Wait until the message is sent, failed or deleted, and show it."""
    with _bar() as bar:
        task = bar.add_task("", total=None)
        for message in fanfare.messages.watch(message_id, every=0.5):
            counts = message["counts"]
            settled = counts["recipients"] - counts["outstanding"]
            bar.update(task, description=message["state"], completed=settled, total=counts["recipients"] or None)
    show_status(fanfare, message, json)
    if message["state"] == "failed":
        raise typer.Exit(Exit.IN_PART)


def show_status(fanfare: Fanfare, message: MessageWithCounts, json: bool) -> None:
    """The message, and why recipients failed or were skipped."""
    show.one(message, json, _show_message)
    if not json:
        for status in ("failed", "skipped"):
            _show_reasons(fanfare, message, status)
        _show_timeline(message)


@contextmanager
def _bar() -> Iterator[Progress]:
    """A progress bar on stderr, so that stdout has only the result; none if stderr is not a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=show.err, transient=True, disable=not show.err.is_terminal) as bar:
        yield bar


def _show_message(message: MessageWithCounts) -> None:
    verdict = _verdict(message)
    show.say(f"{message['id']}  {message['state']}, {verdict}", style=words.STYLES.get(verdict, "bold"))
    if message["summary"]:
        show.say(f"  {message['summary']}")
    show.say(f"  {show.counted(message['counts'])}")
    if message["counts"]["sent"]:
        told = {words.receipt(code): count for code, count in message["receipts"].items()}
        show.say(f"  of those sent: {show.counted(told)}")


def _verdict(message: MessageWithCounts) -> str:
    """How many it reached. A message of which every mail came back reached no one."""
    receipts, sent = message["receipts"], message["counts"]["sent"]
    lost = receipts["bounced"] + receipts["rejected"]
    if message["outcome"] not in ("reached", "partly") or not lost:
        return words.reach(message)
    return words.REACHED["nobody" if lost == sent else "partly"]


def _show_reasons(fanfare: Fanfare, message: MessageWithCounts, status: Literal["failed", "skipped"]) -> None:
    """How many have each reason, from the first deliveries: at most ten calls, however many there are."""
    if not message["counts"][status]:
        return
    reasons: Counter[str] = Counter()
    for page in fanfare.messages.deliveries(message["id"], status=status).pages():
        reasons.update(str(delivery["reason"]) for delivery in page["items"])
        if reasons.total() >= READ:
            break
    for reason, count in reasons.most_common():
        show.say(f"  {count:,} {status}: {reason}")
    if more := message["counts"][status] - reasons.total():
        show.say(f"  {more:,} more {status}; list them with: fanfare deliveries {message['id']} --status {status}")


def _show_timeline(message: MessageWithCounts) -> None:
    for moment in message["timeline"]:
        show.say(f"  {moment['at']}  {moment['state']}" + (f"  {moment['reason']}" if moment["reason"] else ""))
