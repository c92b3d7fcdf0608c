"""Generates docs/settings.md from the settings: `python -m tools.settings_page`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from infra.settings import DeploymentSettings

PAGE: Final = Path(__file__).parent.parent / "docs" / "settings.md"
HEAD: Final = """\
<!-- Generated from infra/settings.py by `python -m tools.settings_page`; a test fails if they differ. -->
# Settings

The settings of a stage are a JSON object in `stages/<stage>.json`; `--context name=value` on the command line overrides
them. Defaults work for the stages `dev` and `local`. Every other stage needs its file, so that a mistyped name does not
create a new installation, and a `sender` in it. Invalid or contradictory values are rejected before anything is
deployed. [deploy.md](deploy.md) says when to set which.

Pages for users and confirmation mails are in English and show the display name of `sender`. Templates are yours, in any
language.

There is no setting for a VPC. Fanfare uses only AWS endpoints, over TLS and with IAM, and has no database to hide.

| setting | default | what it is |
|---|---|---|
"""
# Only for a developer's machine, tests, and `make deploy` itself
OF_THE_MACHINE: Final = ("local", "first_deployment", "bundle", "webhook_allowed")


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
    words = (
        ", ".join(value)
        if isinstance(value, tuple)
        else value
        if isinstance(value, str)
        else json.dumps(to_jsonable_python(value))
    )
    return f"`{words}`"


def _cell(text: str) -> str:
    """Escaped for a table cell: pipes, and `<` outside of code."""
    parts = text.replace("|", "\\|").split("`")
    return "`".join(
        part if within else part.replace("<", "&lt;") for part, within in zip(parts, cycle((False, True)), strict=False)
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
