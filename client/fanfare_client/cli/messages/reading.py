"""Commands that show messages and their outcome."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from ...types import Channel, DeliveryStatus, Explanation, ReceiptName, SentContent, State
from .. import show, words
from ..context import Json, MessageId, UserId, calling
from .following import Watch, follow, show_status


class _ListByDefault(TyperGroup):
    """`fanfare messages --state failed` is `fanfare messages list --state failed`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given = args if args and (args[0] == "--help" or not args[0].startswith("-")) else ["list", *args]
        return super().parse_args(ctx, given)


app = typer.Typer(help="Messages: list them, and show what was sent.", cls=_ListByDefault)


def status(context: typer.Context, message: MessageId, watch: Watch = False, json: Json = False) -> None:
    """Show the state of a message, its counts, and why recipients failed or were skipped."""
    with calling(context) as fanfare:
        if watch:
            follow(fanfare, message, json)
        else:
            show_status(fanfare, fanfare.messages.get(message), json)


@app.command("list")
def list_messages(
    context: typer.Context,
    state: Annotated[State | None, typer.Option(help="Only messages in this state.")] = None,
    topic: Annotated[str | None, typer.Option(metavar="TOPIC", help="Only messages on this topic.")] = None,
    template: Annotated[str | None, typer.Option(metavar="TEMPLATE", help="Only messages with this template.")] = None,
    after: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only messages created at this time or later (RFC 3339).")
    ] = None,
    before: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only messages created before this time (RFC 3339).")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="NUMBER", help="Maximum number.")] = 50,
    json: Json = False,
) -> None:
    """List messages, newest first."""
    with calling(context) as fanfare:
        found = fanfare.messages.list(
            state=state,
            topic=topic,
            template=template,
            created_after=after,
            created_before=before,
            page_size=min(limit, 100),
        )
        columns = ["id", "state", "outcome", "topic", "created_at", "summary"]
        show.many(_first(limit, found), json, columns, {"outcome": words.reach})


@app.command()
def content(
    context: typer.Context,
    message: MessageId,
    user: UserId,
    channel: Annotated[Channel, typer.Option(help="Channel.")] = "email",
    part: Annotated[str | None, typer.Option(metavar="PART", help="Print only this part, as it is, e.g. html.")] = None,
    json: Json = False,
) -> None:
    """Show what a user was sent."""
    with calling(context) as fanfare:
        found = fanfare.messages.content(message, user, channel)
        if part is None:
            show.one(found, json, _show_content)
        elif part in found["content"]:
            show.one(found["content"][part], json, lambda said: show.out.print(said, markup=False))
        else:
            raise ValueError(f"--part {part}: there are {', '.join(found['content'])}.")


def deliveries(
    context: typer.Context,
    message: MessageId,
    status: Annotated[DeliveryStatus | None, typer.Option(help="Only deliveries with this status.")] = None,
    channel: Annotated[Channel | None, typer.Option(help="Only deliveries on this channel.")] = None,
    receipt: Annotated[
        ReceiptName | None, typer.Option(help="Only those sent that count under this receipt, e.g. bounced.")
    ] = None,
    json: Json = False,
) -> None:
    """List the outcome of each recipient of a message."""
    with calling(context) as fanfare:
        found = fanfare.messages.deliveries(message, status=status, channel=channel, receipt=receipt)
        columns = ["user_id", "channel", "status", "outcome", "attempts", "updated_at"]
        show.many(cast(Any, found), json, columns, {"outcome": words.of_delivery})


def explain(context: typer.Context, message: MessageId, user: UserId, json: Json = False) -> None:
    """Explain why a user did or did not receive a message."""
    with calling(context) as fanfare:
        show.one(fanfare.messages.explain(message, user), json, _show_explanation)


def _first(limit: int, items: Any) -> Iterator[Any]:
    return (item for item, _ in zip(items, range(limit), strict=False))


def _show_content(found: SentContent) -> None:
    if not found["exact"]:
        show.say("It may have read differently: the user or something of the message has changed.", style="yellow")
    for part, said in found["content"].items():
        show.say(part, style="bold")
        show.say(said)


def _show_explanation(found: Explanation) -> None:
    show.say(f"user {found['user_id']}, message {found['message_id']} ({found['state']})", style="bold")
    for channel in found["channels"]:
        recorded, rules = channel["recorded"], channel["rules_now"]
        outcome = words.receipt(recorded["outcome"]) if recorded["outcome"] else None
        told = (recorded["status"].replace("_", " "), recorded["reason"], outcome)
        show.say(f"  {channel['channel']}: {', '.join(filter(None, told))}")
        if recorded["advice"]:
            show.say(f"    {recorded['advice']}")
        for step in recorded["steps"]:
            values = (step["at"] or "", step["step"], step["result"], step["detail"] or "")
            show.say("    " + "  ".join(values).strip())
        show.say(f"    rules would decide now: {rules['action']}" + (f", {rules['reason']}" if rules["reason"] else ""))
        for rule in rules["steps"]:
            show.say(f"      {rule['rule']}: {rule['result']}")
