"""`python -m local.run`: the local stack, until Ctrl-C.

--port 4566               the emulator here; providers, console and public API on the next three; else free ports
FANFARE_PORT              the same, from the environment
FANFARE_RECONCILE_SECONDS how often the reconciler runs beside its schedule (5; 0 leaves it to the schedule)
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from tools.paths import CDK_LOG, EMULATOR_LOG, ROOT, STACK_FILE
from tools.processes import StepFailed, forget_the_caller
from tools.progress import console

from .stack import Stack


def main() -> int:
    return guarded(lambda: run(parser(__doc__ or "").parse_args()))


def run(options: argparse.Namespace) -> int:
    with stack_from(options) as stack:
        _tell(stack.described)
        keep_open(stack)
    return 0


def parser(doc: str) -> argparse.ArgumentParser:
    """The options that all of our programs have."""
    summary, _, rest = doc.partition("\n")
    options = argparse.ArgumentParser(
        description=summary, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--port", type=int, default=int(os.environ.get("FANFARE_PORT", "0")) or None)
    return options


def stack_from(options: argparse.Namespace) -> Stack:
    return Stack(port=options.port, reconcile_seconds=float(os.environ.get("FANFARE_RECONCILE_SECONDS", "5")))


def guarded(work: Callable[[], int]) -> int:
    """As `ended_well`, on this machine alone: nothing of the caller's AWS account is known to it."""
    forget_the_caller()
    return ended_well(work)


def ended_well(work: Callable[[], int]) -> int:
    """`work`'s status; a clear word and 1 for what goes wrong in it; a clean end when it is told to stop."""
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
    """Until we are told to stop, or a part of it dies."""
    try:
        while True:
            time.sleep(1)
            stack.check()
    except KeyboardInterrupt:
        console.print("\nStopping.")


def _tell(at: dict[str, Any]) -> None:
    key = at["service"]
    console.print(
        f"""
[bold]Fanfare is running[/bold]. Ctrl-C stops it and leaves nothing behind.

  Internal API  {at["internal_url"]}
  Public API    {at["public_url"]}
  Console       {at["console_url"]}
  AWS emulator  {at["aws_endpoint_url"]} ({at["region"]})
  All of it     {STACK_FILE.relative_to(ROOT)}
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
    # once: the clean-up that follows is not to be broken off by another
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
