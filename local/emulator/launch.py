"""Starts the emulator in its own environment: `python -P launch.py`. Its HTTP APIs hand on paths as AWS's do."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from typing import Final
from urllib.parse import unquote

NO_ESCAPE: Final = re.compile("%(?![0-9A-Fa-f]{2})")


def handed_on(path: str) -> str | None:
    """The `rawPath` that an HTTP API makes of a path; None if it answers 400 itself.

    It decodes the path, ends it at a question mark, and decodes it again. The emulator decodes once, except %25.
    https://github.com/hotsock/voker/blob/main/vokerhttp/testdata/ingress-paths.json (captured in July 2026)
    """
    once = unquote(path)
    return None if NO_ESCAPE.search(once) else unquote(once.partition("?")[0])


def main() -> int | None:
    """The emulator. The gateway in front of it refuses what has no `rawPath`."""
    gateway = import_module("ministack.services.apigateway")
    setattr(gateway, "decode_http_api_path", lambda path: handed_on(path) or path)  # noqa: B010 - the module has no types
    status: int | None = import_module("ministack.app").main()
    return status


if __name__ == "__main__":
    sys.exit(main())
