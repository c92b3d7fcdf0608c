"""`make kills`: twenty messages to a thousand, with processes killed on the way. Ends with one line of JSON."""

from __future__ import annotations

import argparse
import json
import sys

from local.run import guarded
from local.stack import Stack
from tests.kills.harness import Harness, Run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--recipients", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=20270101, help="of the first run; each further one is one more")
    options = parser.parse_args()
    return guarded(lambda: play(options))


def play(options: argparse.Namespace) -> int:
    runs = []
    with Stack(reconcile_seconds=1.0, restartable=True) as stack:
        harness = Harness(stack, recipients=options.recipients, topic="kills")
        harness.prepare()
        with harness.short_times():
            for seed in range(options.seed, options.seed + options.runs):
                run = harness.play(seed)
                runs.append(run)
                print(f"{len(runs):3} seed {seed}: {said(run)}", file=sys.stderr, flush=True)
    line = {
        "runs": len(runs),
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
