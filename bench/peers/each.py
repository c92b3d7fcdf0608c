"""One message to each person: `python -m bench.peers --each`.

Fanfare, the other systems and a bare loop take turns: each sends a share of the messages, then the next. CPU is that of
the service's request and of the workers; processes are warm, so imports, connections and templates do not count.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any, Final

from rich.table import Table

from bench import results
from bench.growth import EVENT_SOURCE_BATCH
from bench.harness.deployment import Bench
from bench.harness.functions import Functions
from bench.peers import run
from bench.peers.known import PEERS
from bench.peers.servers import Missing
from local.demo import job
from tools.paths import ROOT
from tools.processes import StepFailed
from tools.progress import console, step

MESSAGES: Final = 1_000
TURNS: Final = 5
WARM: Final = 20  # messages of each turn that are sent first
Turn = Callable[[int], dict[str, float]]  # number of messages → CPU in ms a message, by part


def compare_each(messages: int = MESSAGES, only: list[str] | None = None) -> None:
    """Keep and print what a message to one person costs each system, in turns."""
    share = messages // TURNS
    found: dict[str, list[dict[str, float]]] = {}
    titles = {"fanfare": "Fanfare: ten in one event", "bare": "a bare loop over SES's SendEmail, which keeps nothing"}
    left_out: dict[str, str] = {}
    with ExitStack() as opened:
        turns: dict[str, Turn] = {"fanfare": opened.enter_context(_fanfare(share)), "bare": _bare}
        for peer in PEERS:
            if only and peer.name not in only:
                continue
            try:
                turns[peer.name] = opened.enter_context(_peer(peer, share))
                titles[peer.name] = peer.title.partition(":")[0]
            except Missing as missing:
                left_out[peer.name] = str(missing)
        for number in range(TURNS):
            for name, turn in turns.items():
                with step(f"{titles[name]}: {share} messages to one person each, turn {number + 1} of {TURNS}"):
                    found.setdefault(name, []).append(turn(share))
    runs = {name: {"title": titles[name], **_figures(each, found["fanfare"])} for name, each in found.items()}
    results.keep("each", {"messages": share * TURNS, "turns": TURNS, "runs": runs, "left_out": left_out})
    console.print(_table(runs))
    for name, why in left_out.items():
        console.print(f"[bold red]{name} skipped[/bold red]: {why}")


def _figures(turns: list[dict[str, float]], ours: list[dict[str, float]]) -> dict[str, Any]:
    """The median turn; the ratio is that of two turns next to each other, so that other load matters little."""
    own = [_own(each) for each in turns]
    parts = {name: round(median(each[name] for each in turns), 2) for name in turns[0]}
    ratios = [mine / _own(fanfare) for mine, fanfare in zip(own, ours, strict=True)]
    return {
        "cpu_ms": round(median(own), 2),
        "cpu_ms_with_servers": round(median(sum(each.values()) for each in turns), 2),
        "cpu_ms_by_part": parts,
        "times_ours": round(median(ratios), 2),
        "least_times_ours": round(min(ratios), 2),
    }


def _own(turn: Mapping[str, float]) -> float:
    """Without the servers."""
    return sum(spent for name, spent in turn.items() if name not in run.SERVERS)


@contextmanager
def _fanfare(share: int) -> Iterator[Turn]:
    world = Bench(share + WARM, limit=None)
    number, data = 0, job.example()
    with Functions("internal_api", "deliver") as functions:

        def post(user: str) -> None:
            nonlocal number
            number += 1
            body = {"template": {"id": job.TEMPLATE}, "data": data, "channels": ["email"]}
            functions.post({**body, "recipients": [user]}, world.aws, key=f"key-{number}")

        def send(first: int, last: int) -> None:
            for at in range(first, last, EVENT_SOURCE_BATCH):
                for place in range(at, min(at + EVENT_SOURCE_BATCH, last)):
                    post(f"user-{place:07d}")
                while functions.work_off("email", "deliver", EVENT_SOURCE_BATCH, world.aws):
                    pass

        def turn(messages: int) -> dict[str, float]:
            send(0, WARM)
            sent, before = world.aws.sent, {code: each.cpu for code, each in functions.all.items()}
            send(WARM, WARM + messages)
            if world.aws.sent - sent != messages:
                raise StepFailed(f"Fanfare sent {world.aws.sent - sent} of {messages} mails.")
            return {code: (each.cpu - before[code]) * 1_000 / messages for code, each in functions.all.items()}

        yield turn


def _bare(messages: int) -> dict[str, float]:
    """A process of its own, like the others."""
    command = [sys.executable, "-m", "bench.peers.bare", str(messages), str(WARM)]
    answer = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {"loop": float(json.loads(answer)) * 1_000 / messages}


@contextmanager
def _peer(peer: run.Peer, share: int) -> Iterator[Turn]:
    with run.world(peer) as at:
        at.prepare(share + WARM)
        spent_by_posters = at.place / "posters"
        at.environment["PEER_SPENT"] = str(spent_by_posters)
        at.work()

        def turn(messages: int) -> dict[str, float]:
            """Of the process that posts, what it spends before its first message is left out."""
            number = messages + WARM
            at.mails.write_text("")
            before = at.spent()
            at.submit_each(number)
            at.wait(number)
            after = at.spent()
            at.all_once(number)
            spent = {name: (after[name] - before[name]) * 1_000 / number for name in at.servers}
            workers = (after["workers"] - before["workers"] - at.last_poster) * 1_000 / number
            posting = float(spent_by_posters.read_text()) * 1_000 / messages
            return {"posting": posting, "workers": workers, **spent}

        yield turn


def _table(runs: Mapping[str, Any]) -> Table:
    table = Table(title="A message to each person", title_justify="left")
    table.add_column("")
    for column in ("CPU ms a message", "with servers", "times ours", "at least"):
        table.add_column(column, justify="right")
    for each in runs.values():
        figures = (each[name] for name in ("cpu_ms", "cpu_ms_with_servers", "times_ours", "least_times_ours"))
        table.add_row(each["title"], *(f"{figure:g}" for figure in figures))
    return table
