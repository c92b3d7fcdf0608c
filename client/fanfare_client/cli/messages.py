"""Post a message, and see what becomes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal, cast

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from .. import Fanfare
from ..types import Channel, DeliveryStatus, DryRun, Explanation, MessageWithCounts, State, SubmitRequest
from . import files, show
from .codes import Exit
from .context import Json, MessageId, UserId, calling

Topic = Annotated[str | None, typer.Option(help="To everybody who is subscribed to this topic.")]
To = Annotated[list[str] | None, typer.Option(help="To this user (repeatable); with --topic, only if subscribed.")]
Template = Annotated[str | None, typer.Option(help="What it says: a template, as order-shipped or order-shipped@3.")]
Data = Annotated[
    str | None, typer.Option(help="What the template sees as `data`: a JSON object, @file, or @- for stdin.")
]
Subject = Annotated[str | None, typer.Option(help="Instead of a template: the subject line.")]
TextPart = Annotated[str | None, typer.Option("--text", help="Instead of a template: plain text, or @file.")]
Html = Annotated[str | None, typer.Option(help="Instead of a template: HTML, or @file.")]
Channels = Annotated[
    list[str] | None, typer.Option("--channel", help="On this channel (repeatable); the topic's if left out.")
]
SendAt = Annotated[str | None, typer.Option(help="Not before this time, as 2027-01-01T08:00:00Z.")]
ExpiresAt = Annotated[str | None, typer.Option(help="Not after this time.")]
Critical = Annotated[bool, typer.Option("--critical", help="Pass limits and quiet hours.")]
OnDoubt = Annotated[
    Literal["resend", "hold"], typer.Option(help="When a provider's answer is lost: send again, or hold it as failed.")
]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Wait until it has come to rest.")]


def send(
    context: typer.Context,
    topic: Topic = None,
    to: To = None,
    template: Template = None,
    data: Data = None,
    subject: Subject = None,
    text: TextPart = None,
    html: Html = None,
    channel: Channels = None,
    send_at: SendAt = None,
    expires_at: ExpiresAt = None,
    critical: Critical = False,
    on_doubt: OnDoubt = "resend",
    idempotency_key: Annotated[
        str | None, typer.Option(help="One key makes one message, however often it is sent. Made up if left out.")
    ] = None,
    watch: Watch = False,
    json: Json = False,
) -> None:
    """Post a message."""
    with calling(context) as fanfare:
        body = _body(topic, to, template, data, subject, text, html, channel, send_at, expires_at, critical, on_doubt)
        accepted = fanfare.messages.submit(idempotency_key=idempotency_key, **body)
        if watch:
            _watch(fanfare, accepted["id"], json)
        else:
            show.one(accepted, json, lambda message: show.say(message["id"]))


def dry_run(
    context: typer.Context,
    topic: Topic = None,
    to: To = None,
    template: Template = None,
    data: Data = None,
    subject: Subject = None,
    text: TextPart = None,
    html: Html = None,
    channel: Channels = None,
    send_at: SendAt = None,
    expires_at: ExpiresAt = None,
    critical: Critical = False,
    on_doubt: OnDoubt = "resend",
    json: Json = False,
) -> None:
    """Say what would become of a message: who would get it, who not and why, samples, and the cost."""
    with calling(context) as fanfare:
        body = _body(topic, to, template, data, subject, text, html, channel, send_at, expires_at, critical, on_doubt)
        show.one(fanfare.messages.dry_run(**body), json, _show_dry_run)


def status(context: typer.Context, message: MessageId, watch: Watch = False, json: Json = False) -> None:
    """Say where a message is and what became of its recipients; with --watch, until it has come to rest."""
    with calling(context) as fanfare:
        if watch:
            _watch(fanfare, message, json)
        else:
            _tell(fanfare, fanfare.messages.get(message), json)


def messages(
    context: typer.Context,
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
    topic: Annotated[str | None, typer.Option(help="Only those on this topic.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    json: Json = False,
) -> None:
    """List messages, the newest first."""
    with calling(context) as fanfare:
        found = fanfare.messages.list(state=state, topic=topic, page_size=min(limit, 100))
        show.many(_first(limit, found), json, ["id", "state", "topic", "template", "created_at"])


def deliveries(
    context: typer.Context,
    message: MessageId,
    status: Annotated[DeliveryStatus | None, typer.Option(help="Only those with this status.")] = None,
    channel: Annotated[Channel | None, typer.Option(help="Only those on this channel.")] = None,
    json: Json = False,
) -> None:
    """List what became of each recipient."""
    with calling(context) as fanfare:
        found = fanfare.messages.deliveries(message, status=status, channel=channel)
        show.many(
            cast(Any, found), json, ["user_id", "channel", "status", "reason", "attempts", "receipt", "updated_at"]
        )


def explain(context: typer.Context, message: MessageId, user: UserId, json: Json = False) -> None:
    """Say why a user did or did not get a message, step by step."""
    with calling(context) as fanfare:
        show.one(fanfare.messages.explain(message, user), json, _show_explanation)


def redrive(context: typer.Context, message: MessageId, watch: Watch = False, json: Json = False) -> None:
    """Send a failed message again, to those alone that failed."""
    with calling(context) as fanfare:
        again = fanfare.messages.redrive(message)
        if watch:
            _watch(fanfare, message, json)
        else:
            show.one(again, json, lambda found: show.say(f"{found['id']} is {found['state']}"))


def cancel(context: typer.Context, message: MessageId, json: Json = False) -> None:
    """Delete a message: nothing more of it leaves, save what is in flight."""
    with calling(context) as fanfare:
        counts = fanfare.messages.cancel(message)
        show.one(
            counts,
            json,
            lambda _: show.say(f"deleted: {show.counted({n: c for n, c in counts.items() if n != 'state'})}"),
        )


def _body(
    topic: str | None,
    to: list[str] | None,
    template: str | None,
    data: str | None,
    subject: str | None,
    text: str | None,
    html: str | None,
    channel: list[str] | None,
    send_at: str | None,
    expires_at: str | None,
    critical: bool,
    on_doubt: str,
) -> SubmitRequest:
    content = {"subject": subject, "text": files.text(text), "html": files.text(html)}
    content = {part: value for part, value in content.items() if value is not None}
    if bool(template) == bool(content):
        raise ValueError("Give --template, or --text and --html with a --subject: one of the two.")
    if not (topic or to):
        raise ValueError("Give --topic, --to, or both.")
    return cast(
        SubmitRequest,
        {
            "topic": topic,
            "recipients": to or None,
            "template": _template(template) if template else None,
            "content": content or None,
            "data": files.json_object(data, "--data"),
            "channels": channel or None,
            "send_at": send_at,
            "expires_at": expires_at,
            "priority": "critical" if critical else "normal",
            "on_doubt": on_doubt,
        },
    )


def _template(written: str) -> dict[str, Any]:
    template_id, _, version = written.partition("@")
    if not version:
        return {"id": template_id}
    if not version.isdigit():
        raise ValueError(f"--template {written}: a version is a number, as {template_id}@3")
    return {"id": template_id, "version": int(version)}


def _watch(fanfare: Fanfare, message_id: str, json: bool) -> None:
    with _bar() as bar:
        task = bar.add_task("", total=None)
        for message in fanfare.messages.watch(message_id, every=0.5):
            counts = message["counts"]
            settled = counts["recipients"] - counts["outstanding"]
            bar.update(task, description=message["state"], completed=settled, total=counts["recipients"] or None)
    _tell(fanfare, message, json)
    if message["state"] == "failed":
        raise typer.Exit(Exit.IN_PART)


@contextmanager
def _bar() -> Iterator[Progress]:
    """On stderr, so that what is answered stays clean; nothing where nobody looks."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=show.err, transient=True, disable=not show.err.is_terminal) as bar:
        yield bar


def _first(limit: int, items: Any) -> Iterator[Any]:
    return (item for item, _ in zip(items, range(limit), strict=False))


def _tell(fanfare: Fanfare, message: MessageWithCounts, json: bool) -> None:
    show.one(message, json, _show_message)
    if message["counts"]["skipped"] and not json:
        _show_skipped(fanfare, message)


def _show_message(message: MessageWithCounts) -> None:
    show.say(f"{message['id']}  {message['state']}", style="bold")
    show.say(f"  {show.counted(message['counts'])}")
    for moment in message["timeline"]:
        show.say(f"  {moment['at']}  {moment['state']}" + (f"  {moment['reason']}" if moment["reason"] else ""))


def _show_skipped(fanfare: Fanfare, message: MessageWithCounts) -> None:
    """How many for each reason, of the first page: one call more, however many there are."""
    page = next(fanfare.messages.deliveries(message["id"], status="skipped").pages())
    reasons = Counter(delivery["reason"] for delivery in page["items"])
    for reason, count in reasons.most_common():
        show.say(f"  {count} skipped: {reason}")
    if more := message["counts"]["skipped"] - reasons.total():
        show.say(f"  {more} more skipped: fanfare deliveries {message['id']} --status skipped")


def _show_dry_run(found: DryRun) -> None:
    show.say(
        "Nothing was sent." + (f" From a sample of {found['looked_at']}." if found["sampled"] else ""), style="bold"
    )
    for channel, audience in found["audience"].items():
        show.say(f"  {channel}: {show.number(audience, 'recipients')}, {found['deliver'].get(channel, 0)} would get it")
        for what in ("deferred", "skipped"):
            for reason, count in found[what].get(channel, {}).items():
                show.say(f"    {count} {what}: {reason}")
    for sample in found["samples"]:
        of = " ".join(filter(None, (sample["channel"], sample["locale"])))
        reader = f"as {sample['user_id']} gets it" if sample["user_id"] else "as nobody gets it now"
        show.say(f"  {of}, {reader}:", style="bold")
        for part, said in (sample["content"] or {"error": sample["error"] or ""}).items():
            show.say(f"    {part}: {said}")
    cost = found["estimated_cost"]
    show.say(f"  about {cost['total']:.4f} {cost['currency']}, list prices of {cost['as_of']}")


def _show_explanation(found: Explanation) -> None:
    show.say(f"{found['user_id']} and the message {found['message_id']} ({found['state']})", style="bold")
    for channel in found["channels"]:
        recorded, rules = channel["recorded"], channel["rules_now"]
        show.say(
            f"  {channel['channel']}: {recorded['status']}" + (f", {recorded['reason']}" if recorded["reason"] else "")
        )
        for step in recorded["steps"]:
            show.say(
                "    "
                + "  ".join(
                    str(value) for value in (step["at"] or "", step["step"], step["result"], step["detail"] or "")
                ).strip()
            )
        show.say(
            f"    now the rules would say: {rules['action']}" + (f", {rules['reason']}" if rules["reason"] else "")
        )
        for rule in rules["steps"]:
            show.say(f"      {rule['rule']}: {rule['result']}")
