"""`eval "$(make env)"`: URLs and keys of the running local stack, and the command `fanfare` for it."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.lock import is_running
from tools.paths import STACK_FILE


def variables(at: Mapping[str, Any]) -> dict[str, str]:
    """Does not set `AWS_ENDPOINT_URL` etc., because they would affect the caller's other tools."""
    return {
        "INTERNAL_URL": at["internal_url"],
        "PUBLIC_URL": at["public_url"],
        "CONSOLE_URL": at["console_url"],
        "REGION": at["region"],
        "ACCESS_KEY_ID": at["service"]["access_key_id"],
        "SECRET_ACCESS_KEY": at["service"]["secret_access_key"],
    }


def command() -> str:
    """`fanfare`, as a function of the shell. It calls the local stack even if FANFARE_URL is set."""
    program = Path(sys.executable).with_name("fanfare")
    return f'fanfare() {{ {shlex.quote(str(program))} --stack {shlex.quote(str(STACK_FILE))} "$@"; }}'


def main() -> int:
    if not (is_running() and STACK_FILE.is_file()):
        sys.stderr.write("No local stack is running. Start it with `make run`.\n")
        return 1
    for name, value in variables(json.loads(STACK_FILE.read_text())).items():
        print(f"export {name}={shlex.quote(value)}")
    print(command())
    return 0


if __name__ == "__main__":
    sys.exit(main())
