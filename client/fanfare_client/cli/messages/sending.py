"""Commands that post, repeat and cancel messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from ...types import DryRun, Sample
from .. import show
from ..context import Json, MessageId, calling, spread
from .following import Watch, follow
from .options import MessageOptions


@spread
def send(
    context: typer.Context,
    message: MessageOptions,
    idempotency_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Repeated calls with the same key create one message. Default: a new key."),
    ] = None,
    watch: Watch = False,
    json: Json = False,
) -> None:
    """Post a message."""
    with calling(context) as fanfare:
        accepted = fanfare.messages.submit(idempotency_key=idempotency_key, **message.body())
        if watch:
            follow(fanfare, accepted["id"], json)
        else:
            show.one(accepted, json, lambda message: show.say(message["id"]))


@spread
def dry_run(
    context: typer.Context,
    message: MessageOptions,
    json: Json = False,
) -> None:
    """Show who would get a message, samples and the cost. Sends nothing."""
    with calling(context) as fanfare:
        show.one(fanfare.messages.dry_run(**message.body()), json, _show_dry_run)


def redrive(context: typer.Context, message: MessageId, watch: Watch = False, json: Json = False) -> None:
    """Send a failed message again, to the failed recipients only."""
    with calling(context) as fanfare:
        again = fanfare.messages.redrive(message)
        if watch:
            follow(fanfare, message, json)
        else:
            show.one(again, json, lambda found: show.say(f"{found['id']} is {found['state']}"))


def cancel(context: typer.Context, message: MessageId, json: Json = False) -> None:
    """Cancel a message. What is being sent at this moment still leaves."""
    with calling(context) as fanfare:
        counts = fanfare.messages.cancel(message)
        show.one(
            counts,
            json,
            lambda _: show.say(f"deleted: {show.counted({n: c for n, c in counts.items() if n != 'state'})}"),
        )


def _show_dry_run(found: DryRun) -> None:
    sampled = f" Estimated from a sample of {found['looked_at']:,} subscribers." if found["sampled"] else ""
    show.say(f"Nothing was sent.{sampled}", style="bold")
    show.table(["channel", "recipients", "outcome", "reason"], _outcomes(found), right=["recipients"])
    for warning in found["warnings"]:
        show.say(f"{warning['pointer']}: {warning['detail']}", style="yellow")
    for sample in found["samples"]:
        _show_sample(sample)
    cost = found["estimated_cost"]
    show.say(f"estimated cost: {cost['total']:.4f} {cost['currency']} (list prices of {cost['as_of']})")


def _outcomes(found: DryRun) -> Iterator[tuple[str, int, str, str]]:
    for channel, audience in found["audience"].items():
        yield channel, found["deliver"].get(channel, 0), "sent", ""
        if digested := found["digested"].get(channel):
            yield channel, digested, "in a digest", ""
        for outcome, reasons in (("later", found["deferred"]), ("skipped", found["skipped"])):
            for reason, count in reasons.get(channel, {}).items():
                yield channel, count, outcome, reason
        yield channel, audience, "in all", ""


def _show_sample(sample: Sample) -> None:
    variant = " ".join(filter(None, (sample["channel"], sample["locale"])))
    reader = f"sample for {sample['user_id']}" if sample["user_id"] else "sample: no matching user"
    show.say(f"{variant} ({reader}):", style="bold")
    for part, said in (sample["content"] or {"error": sample["error"] or ""}).items():
        show.say(f"  {part}: {said}", style="red" if part == "error" else "")
