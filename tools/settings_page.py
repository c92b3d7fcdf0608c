"""Generates docs/settings.md from the settings: `python -m tools.settings_page`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from pydantic.fields import FieldInfo

from infra.settings import DeploymentSettings

PAGE: Final = Path(__file__).parent.parent / "docs" / "settings.md"
HEAD: Final = """\
<!-- Generated from infra/settings.py by `python -m tools.settings_page`; a test fails if they differ. -->
# Settings

The settings of a deployment. Put them into `stages/<stage>.json`, a JSON object with the names below. On the command
line, `--context name=value` overrides the file. All settings have defaults that work for the stages `dev` and `local`.
Any other stage requires a file with at least `sender`, so that a mistyped name does not create a new installation.
Invalid values and combinations are rejected before anything is deployed; the error says what to change.
[deploy.md](deploy.md) explains which settings you need.

Fanfare's own pages and confirmation mails are in English. They show the display name of `sender` as your brand.
Templates are yours and can be in any language.

There is no VPC setting, because Fanfare does not use a VPC. All calls go to AWS endpoints over TLS with IAM, there is
no database to isolate, and a NAT gateway would cost more than everything else in an idle installation.

| setting | default | description |
|---|---|---|
"""
OF_THE_MACHINE: Final = ("local", "bundle", "webhook_allowed")  # only for a developer's machine and tests


def page() -> str:
    """The text of the page."""
    return HEAD + "".join(f"{row}\n" for row in _rows())


def _rows() -> Iterator[str]:
    for name, field in DeploymentSettings.model_fields.items():
        if name not in OF_THE_MACHINE:
            yield f"| `{name}` | {_default(field)} | {_cell(field.description or '')} |"


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if value is None or value in ((), {}):
        return "none"
    words = ", ".join(value) if isinstance(value, tuple) else value if isinstance(value, str) else json.dumps(value)
    return f"`{words}`"


def _cell(text: str) -> str:
    """Escaped for a table cell: pipes, and `<` outside of code."""
    parts = text.replace("|", "\\|").split("`")
    return "`".join(
        part if within else part.replace("<", "&lt;") for part, within in zip(parts, cycle((False, True)), strict=False)
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
