"""`make kills`: twenty messages to a thousand, with processes killed on the way. Ends with one line of JSON.

`make kills-each`: a thousand messages to one person each, and twenty kills.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence

from local.run import guarded
from local.stack import Stack
from tests.kills.harness import Harness, Run
from tests.kills.singles import Singles


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--recipients", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=20270101, help="of the first run; each further one is one more")
    parser.add_argument("--each", action="store_true", help="one message to each recipient; each run is one kill")
    options = parser.parse_args()
    return guarded(lambda: play(options))


def play(options: argparse.Namespace) -> int:
    with Stack(reconcile_seconds=1.0, restartable=True) as stack:
        return judged(list(each(stack, options) if options.each else to_all(stack, options)))


def to_all(stack: Stack, options: argparse.Namespace) -> Iterator[Run]:
    """Each run is one message to all recipients."""
    harness = Harness(stack, recipients=options.recipients, topic="kills")
    harness.prepare()
    with harness.short_times():
        for number, seed in enumerate(range(options.seed, options.seed + options.runs), start=1):
            run = harness.play(seed)
            print(f"{number:3} seed {seed}: {said(run)}", file=sys.stderr, flush=True)
            yield run


def each(stack: Stack, options: argparse.Namespace) -> Iterator[Run]:
    """One message to each recipient, with as many kills as otherwise runs."""
    harness = Singles(stack, recipients=options.recipients, topic="kills.each")
    harness.prepare()
    with harness.short_times():
        run = harness.play_each(options.seed, kills=options.runs)
    print(said(run), file=sys.stderr, flush=True)
    yield run


def judged(runs: Sequence[Run]) -> int:
    """Print the figures. Returns the exit status."""
    line = {
        "runs": len(runs),
        "kills": sum(len(run.kills) for run in runs),
        "lost": sum(len(run.lost) for run in runs),
        "duplicates": sum(run.duplicates for run in runs),
        "unexplained": sum(len(run.unexplained) for run in runs),
    }
    print(json.dumps(line))
    return 1 if line["lost"] or line["unexplained"] or any(run.state != "sent" for run in runs) else 0


def said(run: Run) -> str:
    kills = "; ".join(f"{kill.what} ({len(kill.exposed)} in doubt)" for kill in run.kills)
    return (
        f"killed {kills}. {run.state} after {run.seconds:.0f} s, {len(run.lost)} lost, {run.duplicates} twice, "
        f"{len(run.unexplained)} unexplained"
    )


if __name__ == "__main__":
    sys.exit(main())
