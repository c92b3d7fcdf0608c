"""Generates the OpenAPI documents in docs/openapi and the page docs/http.md: `python -m tools.openapi`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from functions.internal_api import handler as internal_api
from functions.public_api import handler as public_api
from tools import reference

DOCS = Path(__file__).parent.parent / "docs" / "openapi"


def documents() -> dict[Path, str]:
    """Path → content of every generated file."""
    internal, public = internal_api.api.description, public_api.api.description
    return {
        DOCS / "internal.yaml": _text(internal),
        DOCS / "public.yaml": _text(public),
        DOCS.parent / "http.md": reference.page(internal, public),
    }


def _text(document: dict[str, Any]) -> str:
    head = "# Generated from the code by `python -m tools.openapi`; a test fails if they differ.\n"
    return head + yaml.safe_dump(document, sort_keys=False, width=110, allow_unicode=True)


def write() -> None:
    """Write all files."""
    DOCS.mkdir(parents=True, exist_ok=True)
    for path, text in documents().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
