"""The command `fanfare`."""

from __future__ import annotations


def main() -> None:
    from .app import run  # noqa: PLC0415 - a service that imports the package needs no command line

    run()
