"""Commands that post and track messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from .. import Fanfare
from ..types import (
    Channel,
    DeliveryStatus,
    DryRun,
    Explanation,
    MessageWithCounts,
    ReceiptName,
    State,
    SubmitRequest,
)
from . import files, show
from .codes import Exit
from .context import Json, MessageId, UserId, calling, spread

Watch = Annotated[bool, typer.Option("--watch", "-w", help="Wait until the message is sent, failed or deleted.")]


@dataclass(frozen=True, kw_only=True)
class MessageOptions:
    """What a message is, as options."""

    topic: Annotated[str | None, typer.Option(help="Send to the subscribers of this topic.")] = None
    to: Annotated[
        list[str] | None, typer.Option(help="Send to this user (repeatable); with --topic, only if subscribed.")
    ] = None
    template: Annotated[
        str | None, typer.Option(help="Template, e.g. order-shipped or order-shipped@3 for version 3.")
    ] = None
    data: Annotated[str | None, typer.Option(help="Template data: a JSON object, @file, or @- for stdin.")] = None
    subject: Annotated[str | None, typer.Option(help="Without a template: the subject.")] = None
    text: Annotated[str | None, typer.Option("--text", help="Without a template: plain text, or @file.")] = None
    html: Annotated[str | None, typer.Option(help="Without a template: HTML, or @file.")] = None
    channel: Annotated[
        list[str] | None, typer.Option("--channel", help="Channel (repeatable). Default: the topic's channels.")
    ] = None
    send_at: Annotated[str | None, typer.Option(help="Send at this time, e.g. 2027-01-01T08:00:00Z.")] = None
    expires_at: Annotated[str | None, typer.Option(help="Don't send after this time.")] = None
    critical: Annotated[bool, typer.Option("--critical", help="Ignore rate limits and quiet hours.")] = False
    on_doubt: Annotated[
        Literal["resend", "hold"], typer.Option(help="If a provider's answer is lost: send again, or hold as failed.")
    ] = "resend"

    def body(self) -> SubmitRequest:
        content = {"subject": self.subject, "text": files.text(self.text), "html": files.text(self.html)}
        content = {part: value for part, value in content.items() if value is not None}
        if bool(self.template) == bool(content):
            raise ValueError("Pass either --template, or --text or --html with --subject.")
        if not (self.topic or self.to):
            raise ValueError("Pass --topic, --to, or both.")
        return cast(
            SubmitRequest,
            {
                "topic": self.topic,
                "recipients": self.to or None,
                "template": _template(self.template) if self.template else None,
                "content": content or None,
                "data": files.json_object(self.data, "--data"),
                "channels": self.channel or None,
                "send_at": self.send_at,
                "expires_at": self.expires_at,
                "priority": "critical" if self.critical else "normal",
                "on_doubt": self.on_doubt,
            },
        )


@spread
def send(
    context: typer.Context,
    message: MessageOptions,
    idempotency_key: Annotated[
        str | None, typer.Option(help="Repeated calls with the same key create one message. Default: a new key.")
    ] = None,
    watch: Watch = False,
    json: Json = False,
) -> None:
    """Post a message."""
    with calling(context) as fanfare:
        accepted = fanfare.messages.submit(idempotency_key=idempotency_key, **message.body())
        if watch:
            _watch(fanfare, accepted["id"], json)
        else:
            show.one(accepted, json, lambda message: show.say(message["id"]))


@spread
def dry_run(
    context: typer.Context,
    message: MessageOptions,
    json: Json = False,
) -> None:
    """Simulate a message: audience, skipped users with reasons, samples, and cost. Nothing is sent."""
    with calling(context) as fanfare:
        show.one(fanfare.messages.dry_run(**message.body()), json, _show_dry_run)


def status(context: typer.Context, message: MessageId, watch: Watch = False, json: Json = False) -> None:
    """Show a message's state and counts; with --watch, wait until it is sent, failed or deleted."""
    with calling(context) as fanfare:
        if watch:
            _watch(fanfare, message, json)
        else:
            _show_status(fanfare, fanfare.messages.get(message), json)


def messages(
    context: typer.Context,
    state: Annotated[State | None, typer.Option(help="Only messages in this state.")] = None,
    topic: Annotated[str | None, typer.Option(help="Only messages on this topic.")] = None,
    template: Annotated[str | None, typer.Option(help="Only messages with this template.")] = None,
    after: Annotated[str | None, typer.Option(help="Only messages created at this time or later (RFC 3339).")] = None,
    before: Annotated[str | None, typer.Option(help="Only messages created before this time (RFC 3339).")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number.")] = 50,
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
        show.many(_first(limit, found), json, ["id", "state", "outcome", "topic", "template", "created_at"])


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
    """List the deliveries of a message, one per recipient and channel."""
    with calling(context) as fanfare:
        found = fanfare.messages.deliveries(message, status=status, channel=channel, receipt=receipt)
        show.many(
            cast(Any, found), json, ["user_id", "channel", "status", "reason", "attempts", "receipt", "updated_at"]
        )


def explain(context: typer.Context, message: MessageId, user: UserId, json: Json = False) -> None:
    """Explain why a user did or did not receive a message, step by step."""
    with calling(context) as fanfare:
        show.one(fanfare.messages.explain(message, user), json, _show_explanation)


def redrive(context: typer.Context, message: MessageId, watch: Watch = False, json: Json = False) -> None:
    """Send a failed message again, only to the failed recipients."""
    with calling(context) as fanfare:
        again = fanfare.messages.redrive(message)
        if watch:
            _watch(fanfare, message, json)
        else:
            show.one(again, json, lambda found: show.say(f"{found['id']} is {found['state']}"))


def cancel(context: typer.Context, message: MessageId, json: Json = False) -> None:
    """Cancel a message: nothing more is sent, except calls in flight."""
    with calling(context) as fanfare:
        counts = fanfare.messages.cancel(message)
        show.one(
            counts,
            json,
            lambda _: show.say(f"deleted: {show.counted({n: c for n, c in counts.items() if n != 'state'})}"),
        )


def _template(written: str) -> dict[str, Any]:
    template_id, _, version = written.partition("@")
    if not version:
        return {"id": template_id}
    if not version.isdigit():
        raise ValueError(f"--template {written}: the version must be a number, e.g. {template_id}@3.")
    return {"id": template_id, "version": int(version)}


def _watch(fanfare: Fanfare, message_id: str, json: bool) -> None:
    with _bar() as bar:
        task = bar.add_task("", total=None)
        for message in fanfare.messages.watch(message_id, every=0.5):
            counts = message["counts"]
            settled = counts["recipients"] - counts["outstanding"]
            bar.update(task, description=message["state"], completed=settled, total=counts["recipients"] or None)
    _show_status(fanfare, message, json)
    if message["state"] == "failed":
        raise typer.Exit(Exit.IN_PART)


@contextmanager
def _bar() -> Iterator[Progress]:
    """A progress bar on stderr, so that stdout has only the result; none if stderr is not a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=show.err, transient=True, disable=not show.err.is_terminal) as bar:
        yield bar


def _first(limit: int, items: Any) -> Iterator[Any]:
    return (item for item, _ in zip(items, range(limit), strict=False))


def _show_status(fanfare: Fanfare, message: MessageWithCounts, json: bool) -> None:
    show.one(message, json, _show_message)
    if message["counts"]["skipped"] and not json:
        _show_skipped(fanfare, message)


def _show_message(message: MessageWithCounts) -> None:
    show.say(f"{message['id']}  {message['state']}", style="bold")
    show.say(f"  {show.counted(message['counts'])}")
    if message["counts"]["sent"]:
        show.say(f"  of those sent: {show.counted(message['receipts'])}")
    for moment in message["timeline"]:
        show.say(f"  {moment['at']}  {moment['state']}" + (f"  {moment['reason']}" if moment["reason"] else ""))


def _show_skipped(fanfare: Fanfare, message: MessageWithCounts) -> None:
    """Counts per skip reason, from the first page of deliveries: one extra call, regardless of their number."""
    page = next(fanfare.messages.deliveries(message["id"], status="skipped").pages())
    reasons = Counter(delivery["reason"] for delivery in page["items"])
    for reason, count in reasons.most_common():
        show.say(f"  {count} skipped: {reason}")
    if more := message["counts"]["skipped"] - reasons.total():
        show.say(f"  {more} more skipped; list them with: fanfare deliveries {message['id']} --status skipped")


def _show_dry_run(found: DryRun) -> None:
    show.say(
        "Nothing was sent."
        + (f" Estimated from a sample of {found['looked_at']} subscribers." if found["sampled"] else ""),
        style="bold",
    )
    for channel, audience in found["audience"].items():
        show.say(
            f"  {channel}: {show.number(audience, 'recipients')}, {found['deliver'].get(channel, 0)} would be sent"
        )
        for what in ("deferred", "skipped"):
            for reason, count in found[what].get(channel, {}).items():
                show.say(f"    {count} {what}: {reason}")
    for sample in found["samples"]:
        variant = " ".join(filter(None, (sample["channel"], sample["locale"])))
        reader = f"sample for {sample['user_id']}" if sample["user_id"] else "sample: no matching user"
        show.say(f"  {variant} ({reader}):", style="bold")
        for part, said in (sample["content"] or {"error": sample["error"] or ""}).items():
            show.say(f"    {part}: {said}")
    cost = found["estimated_cost"]
    show.say(f"  estimated cost: {cost['total']:.4f} {cost['currency']} (list prices of {cost['as_of']})")


def _show_explanation(found: Explanation) -> None:
    show.say(f"user {found['user_id']}, message {found['message_id']} ({found['state']})", style="bold")
    for channel in found["channels"]:
        recorded, rules = channel["recorded"], channel["rules_now"]
        words = (recorded["status"], recorded["reason"], (recorded["outcome"] or "").replace("_", " "))
        show.say(f"  {channel['channel']}: {', '.join(filter(None, words))}")
        for step in recorded["steps"]:
            show.say(
                "    "
                + "  ".join(
                    str(value) for value in (step["at"] or "", step["step"], step["result"], step["detail"] or "")
                ).strip()
            )
        show.say(f"    rules would decide now: {rules['action']}" + (f", {rules['reason']}" if rules["reason"] else ""))
        for rule in rules["steps"]:
            show.say(f"      {rule['rule']}: {rule['result']}")
