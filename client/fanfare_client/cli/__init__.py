"""The command `fanfare`."""

from __future__ import annotations

import sys


def main() -> None:
    try:
        from .app import run  # noqa: PLC0415  # the CLI is an optional extra
    except ModuleNotFoundError as error:
        if error.name not in {"typer", "rich"}:
            raise
        sys.exit("The CLI is not installed. In a clone of the repository, run: pip install './client[cli]'")
    run()
