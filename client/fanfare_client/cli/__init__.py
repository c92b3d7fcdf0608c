"""The command `fanfare`."""

from __future__ import annotations

import sys


def main() -> None:
    try:
        from .app import run  # noqa: PLC0415  # the command line is an extra: without it this says how to get it
    except ModuleNotFoundError as error:
        if error.name not in {"typer", "rich"}:
            raise
        sys.exit("The command line is an extra of the client: pip install './client[cli]' in a clone")
    run()
