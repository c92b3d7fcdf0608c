"""What a message is, as options of a command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast

import typer

from ...types import SubmitRequest
from .. import files


@dataclass(frozen=True, kw_only=True)
class MessageOptions:
    """What a message is, as options."""

    topic: Annotated[str | None, typer.Option(metavar="TOPIC", help="Send to the subscribers of this topic.")] = None
    to: Annotated[
        list[str] | None,
        typer.Option(metavar="USER", help="Send to this user (repeatable); with --topic, only if subscribed."),
    ] = None
    email: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="Send to this address, without a stored user (repeatable)."),
    ] = None
    phone: Annotated[
        list[str] | None, typer.Option(metavar="NUMBER", help="Send to this phone number (repeatable).")
    ] = None
    template: Annotated[
        str | None,
        typer.Option(metavar="TEMPLATE", help="Template, e.g. order-shipped or order-shipped@3 for version 3."),
    ] = None
    data: Annotated[
        str | None, typer.Option(metavar="JSON", help="Template data: a JSON object, @file, or @- for stdin.")
    ] = None
    subject: Annotated[str | None, typer.Option(metavar="TEXT", help="Without a template: the subject.")] = None
    text: Annotated[
        str | None, typer.Option("--text", metavar="TEXT", help="Without a template: plain text, or @file.")
    ] = None
    html: Annotated[str | None, typer.Option(metavar="HTML", help="Without a template: HTML, or @file.")] = None
    channel: Annotated[
        list[str] | None,
        typer.Option("--channel", metavar="CHANNEL", help="Channel (repeatable). Default: the topic's channels."),
    ] = None
    steps: Annotated[
        str | None,
        typer.Option(metavar="JSON", help="Instead of --channel: an array of steps, @file, or @- for stdin."),
    ] = None
    send_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Send at this time, e.g. 2027-01-01T08:00:00Z.")
    ] = None
    send_at_local: Annotated[
        str | None, typer.Option(metavar="TIME", help="Send at this time where the user is, e.g. 2027-01-01T09:00.")
    ] = None
    expires_at: Annotated[str | None, typer.Option(metavar="TIME", help="Don't send after this time.")] = None
    critical: Annotated[bool, typer.Option("--critical", help="Ignore rate limits and quiet hours.")] = False
    sensitive: Annotated[bool, typer.Option("--sensitive", help="Forget the data once it is sent, e.g. codes.")] = False
    on_doubt: Annotated[
        Literal["resend", "hold"], typer.Option(help="If a provider's answer is lost: send again, or hold as failed.")
    ] = "resend"

    def body(self) -> SubmitRequest:
        content = {"subject": self.subject, "text": files.text(self.text), "html": files.text(self.html)}
        content = {part: value for part, value in content.items() if value is not None}
        if bool(self.template) == bool(content):
            raise ValueError("Pass either --template, or --text or --html with --subject.")
        recipients = self._recipients()
        if not (self.topic or recipients):
            raise ValueError("Pass --topic, --to, --email or --phone.")
        if self.send_at and self.send_at_local:
            raise ValueError("Pass --send-at or --send-at-local, not both.")
        return cast(
            SubmitRequest,
            {
                "topic": self.topic,
                "recipients": recipients or None,
                "template": _template(self.template) if self.template else None,
                "content": content or None,
                "data": files.json_object(self.data, "--data"),
                "channels": self.channel or None,
                "steps": files.json_array(self.steps, "--steps"),
                "send_at": {"local": self.send_at_local} if self.send_at_local else self.send_at,
                "expires_at": self.expires_at,
                "priority": "critical" if self.critical else "normal",
                "on_doubt": self.on_doubt,
                "sensitive": self.sensitive or None,
            },
        )

    def _recipients(self) -> list[Any]:
        by_address = [("email", each) for each in self.email or ()] + [("phone", each) for each in self.phone or ()]
        return [*(self.to or ()), *({"address": {kind: each}} for kind, each in by_address)]


def _template(written: str) -> dict[str, Any]:
    template_id, _, version = written.partition("@")
    if not version:
        return {"id": template_id}
    if not version.isdigit():
        raise ValueError(f"--template {written}: the version must be a number, e.g. {template_id}@3.")
    return {"id": template_id, "version": int(version)}
