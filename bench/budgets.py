"""The budgets, as data: limits, and where the measured values are in the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.table import Table

from bench.counts import AIMS, BUDGETS, CPU_AIM, CPU_BUDGET, POST_BUDGET

GROWTH_BUDGET: Final = 1.1  # calls per delivery at the largest audience, divided by those at the smallest
TIMES_LESS: Final = {"celery": 10.0, "post_office": 3.0}  # CPU of each other system, divided by ours

TIMES_LESS_EACH: Final = {"celery": 3.0, "post_office": 3.0}  # the same of a message to each person


@dataclass(frozen=True)
class Held:
    """A budget, the measured value and the aim. `least`: the budget is a minimum."""

    what: str
    measured: float
    budget: float
    least: bool = False
    name: str = ""  # of the figure in the results
    aim: float | None = None

    @property
    def met(self) -> bool:
        return self.measured >= self.budget if self.least else self.measured <= self.budget

    @property
    def verdict(self) -> str:
        if self.met and self.aim is not None and self.measured > self.aim:
            return f"met; {self.measured / self.aim:.2f} times the aim"
        if self.met:
            return "met"
        by = self.budget / self.measured if self.least else self.measured / self.budget
        return f"missed by a factor of {by:.2f}" if self.measured else "missed"


def held(results: Mapping[str, Any]) -> list[Held]:
    """Every budget that has a measurement."""
    sizes = results["growth"]["sizes"] if "growth" in results else []
    return [*(each for size in sizes for kind in BUDGETS for each in of_size(size, kind)), *ratios(results)]


def ratios(results: Mapping[str, Any]) -> list[Held]:
    """The budgets that compare two measurements: the largest audience with the smallest, a peer with us."""
    return [
        *_of_growth(results["growth"]["sizes"] if "growth" in results else []),
        *_of_peers(results.get("peers", {})),
        *_of_each(results.get("each", {})),
    ]


def of_size(size: Mapping[str, Any], kind: str) -> list[Held]:
    """The budgets of a message of this kind to an audience of this size."""
    to = f"to {size['recipients']:,}"
    limits = {**BUDGETS[kind], "own_cpu_s_per_1000": CPU_BUDGET, "post_aws_calls": POST_BUDGET}
    aims = {**AIMS[kind], "own_cpu_s_per_1000": CPU_AIM}
    return [
        Held(f"{kind} {name}, {to}", size[kind][name], budget, name=name, aim=aims.get(name))
        for name, budget in limits.items()
    ]


def _of_growth(sizes: Sequence[Mapping[str, Any]]) -> list[Held]:
    found = []
    if len(sizes) > 1:
        for kind in BUDGETS:
            first, last = (size[kind]["aws_calls_per_1000"] for size in (sizes[0], sizes[-1]))
            to = f"{sizes[-1]['recipients']:,}, divided by those to {sizes[0]['recipients']:,}"
            found.append(Held(f"{kind}: calls per delivery to {to}", round(last / first, 3), GROWTH_BUDGET))
    return found


def _of_peers(peers: Mapping[str, Any]) -> list[Held]:
    runs = peers.get("runs", {})
    return [
        Held(f"CPU of {name}, divided by ours", runs[name]["cpu_ratio_to_fanfare"], least, least=True)
        for name, least in TIMES_LESS.items()
        if "cpu_ratio_to_fanfare" in runs.get(name, {})
    ]


def _of_each(each: Mapping[str, Any]) -> list[Held]:
    runs = each.get("runs", {})
    return [
        Held(f"a message to each: CPU of {name}, divided by ours", runs[name]["times_ours"], least, least=True)
        for name, least in TIMES_LESS_EACH.items()
        if name in runs
    ]


def table(budgets: Sequence[Held]) -> Table:
    """A table of all budgets; for exceeded ones, by how much."""
    shown = Table(title="Budgets", title_justify="left")
    shown.add_column("what")
    for column in ("measured", "budget", ""):
        shown.add_column(column, justify="right")
    for each in budgets:
        limit = f"{'≥' if each.least else '≤'} {each.budget:g}"
        shown.add_row(each.what, f"{each.measured:g}", limit, each.verdict, style=None if each.met else "bold red")
    return shown
