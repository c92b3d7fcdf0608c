"""`python -m local.run`: runs the local stack until Ctrl-C.

--port 4566               port of the emulator; providers, console, public API use the next three. Default: free ports
FANFARE_PORT              default of --port
FANFARE_RECONCILE_SECONDS seconds between additional runs of the reconciler (default 5; 0: only the schedule)
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from local.stack import Stack
from tools.paths import CDK_LOG, EMULATOR_LOG, ROOT, STACK_FILE
from tools.processes import StepFailed, forget_the_caller
from tools.progress import console


def main() -> int:
    return guarded(lambda: run(parser(__doc__ or "").parse_args()))


def run(options: argparse.Namespace) -> int:
    with stack_from(options) as stack:
        _print(stack.described)
        keep_open(stack)
    return 0


def parser(doc: str) -> argparse.ArgumentParser:
    """A parser with the options that all local programs share."""
    summary, _, rest = doc.partition("\n")
    options = argparse.ArgumentParser(
        description=summary, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--port", type=int, default=int(os.environ.get("FANFARE_PORT", "0")) or None)
    return options


def stack_from(options: argparse.Namespace) -> Stack:
    return Stack(port=options.port, reconcile_seconds=float(os.environ.get("FANFARE_RECONCILE_SECONDS", "5")))


def guarded(work: Callable[[], int]) -> int:
    """Like `ended_well`, without access to the caller's AWS account."""
    forget_the_caller()
    return ended_well(work)


def ended_well(work: Callable[[], int]) -> int:
    """The status of `work`; 1 and a message if a step failed; 130 after Ctrl-C or SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        return work()
    except StepFailed as error:
        console.print(f"\n{error}", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 130


def keep_open(stack: Stack) -> None:
    """Wait until Ctrl-C. Raises StepFailed if a part of the stack exits."""
    try:
        while True:
            time.sleep(1)
            stack.check()
    except KeyboardInterrupt:
        console.print("\nStopping.")


def _print(at: dict[str, Any]) -> None:
    key = at["service"]
    console.print(
        f"""
[bold]Fanfare is running[/bold]. Press Ctrl-C to stop it; only logs and caches are left.

  Internal API  {at["internal_url"]}
  Public API    {at["public_url"]}
  Console       {at["console_url"]}
  AWS emulator  {at["aws_endpoint_url"]} ({at["region"]})
  Description   {STACK_FILE.relative_to(ROOT)}
  Logs          {EMULATOR_LOG.relative_to(ROOT)}, {CDK_LOG.relative_to(ROOT)}

Try it:"""
    )
    console.print(
        f"""  curl --aws-sigv4 aws:amz:{at["region"]}:execute-api \\
    --user {key["access_key_id"]}:{key["secret_access_key"]} \\
    {at["internal_url"]}/v1/topics
""",
        markup=False,
    )


def _interrupt(*_: object) -> None:
    # ignore further signals, so that they don't interrupt the clean-up
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
