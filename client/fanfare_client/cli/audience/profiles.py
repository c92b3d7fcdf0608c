"""What a user is, as options of a command."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from .. import files


@dataclass(frozen=True, kw_only=True)
class ProfileOptions:
    """What a user is, as options. An empty value means: none."""

    name: Annotated[str | None, typer.Option(metavar="NAME", help="Name.")] = None
    email: Annotated[str | None, typer.Option(metavar="ADDRESS", help="E-mail address.")] = None
    phone: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Phone number with country code, e.g. +41791234567.")
    ] = None
    webhook: Annotated[str | None, typer.Option(metavar="URL", help="URL of the user's own server.")] = None
    locale: Annotated[str | None, typer.Option(metavar="LOCALE", help="Locale, e.g. de or pt-BR.")] = None
    time_zone: Annotated[str | None, typer.Option(metavar="ZONE", help="Time zone, e.g. Europe/Vienna.")] = None
    quiet_hours: Annotated[
        str | None, typer.Option(metavar="START-END", help="Quiet hours as START-END, e.g. 22:00-07:00.")
    ] = None
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help='Attribute for templates, e.g. plan=pro or seats=5 (repeatable). "plan=" removes it.',
        ),
    ] = None
    data: Annotated[
        str | None, typer.Option(metavar="JSON", help="All fields as a JSON object, @file, or @- for stdin.")
    ] = None

    def changes(self) -> dict[str, Any]:
        """The fields that are given; None for those without a value."""
        texts = {name: getattr(self, name) for name in ("name", "email", "phone", "locale", "time_zone")}
        fields: dict[str, Any] = {name: value or None for name, value in texts.items() if value is not None}
        if self.webhook is not None:
            fields["webhook"] = {"url": self.webhook} if self.webhook else None
        if self.quiet_hours is not None:
            fields["quiet_hours"] = _quiet_hours(self.quiet_hours) if self.quiet_hours else None
        if self.attribute:
            fields["attributes"] = _attributes(self.attribute)
        found = {**(files.json_object(self.data, "--data") or {}), **fields}
        if not found:
            raise ValueError("Pass at least one field, e.g. --email ada@example.com.")
        return found


def _quiet_hours(written: str) -> dict[str, str]:
    start, dash, end = written.partition("-")
    if not (dash and start and end):
        raise ValueError(f"--quiet-hours {written}: must be START-END, e.g. 22:00-07:00.")
    return {"start": start.strip(), "end": end.strip()}


def _attributes(written: Sequence[str]) -> dict[str, Any]:
    """Numbers, true and false as in JSON; everything else is text."""
    found = {}
    for each in written:
        name, equals, value = each.partition("=")
        if not equals:
            raise ValueError(f"--attribute {each}: must be NAME=VALUE.")
        found[name] = _scalar(value) if value else None
    return found


def _scalar(value: str) -> str | int | float | bool:
    try:
        read = json.loads(value)
    except ValueError:
        return value
    return read if isinstance(read, (int, float, str)) else value
