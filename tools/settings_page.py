"""Writes docs/settings.md from the model of the settings: `python -m tools.settings_page`."""

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
<!-- Made from infra/settings.py by `python -m tools.settings_page`; a test fails where they differ. -->
# Settings

What a deployment decides. A stage's settings stand in a file of its own, `stages/<stage>.json`, an object of the names
below; `--context name=value` on the command line goes over it. All have defaults that work on the stages `dev` and
`local`. Any other stage needs its file, so a mistyped name makes no new installation, and a `sender` in it. A wrong
value, or one that does not fit the others, is refused before anything is deployed, with the cure.
[deploy.md](deploy.md) says when to give which.

Pages for people and the mails that confirm an address speak English, and name you by the display name of `sender`: that
is their brand. Templates are yours, and speak each reader's language.

There is no setting for a VPC: nothing of Fanfare is in one. Every call goes to AWS's own endpoints over TLS with IAM,
there is no database to hide, and a NAT gateway would cost more than all the rest while idle.

| setting | default | what it is |
|---|---|---|
"""
OF_THE_MACHINE: Final = ("local", "bundle", "webhook_allowed")  # for a developer's machine and the tests


def page() -> str:
    """The whole page."""
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
    """Without what would end the cell, or would be taken for HTML outside of code."""
    parts = text.replace("|", "\\|").split("`")
    return "`".join(
        part if within else part.replace("<", "&lt;") for part, within in zip(parts, cycle((False, True)), strict=False)
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
