"""Every schedule of faults: one at each call, every pair, and triples drawn with a seed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.faults.scenarios import Scenario
from tests.faults.world import MODES, Fault

Schedule = tuple[Fault, ...]
AFTERWARDS = 4  # calls beyond those of a run without faults: recovery makes more


@dataclass
class Tally:
    """What many schedules did. `examples` shows the first bad ones."""

    schedules: int = 0
    lost: int = 0
    duplicates: int = 0
    unexplained: int = 0
    wrong: int = 0
    hold_duplicates: int = 0
    examples: list[str] = field(default_factory=list)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.schedules + other.schedules,
            self.lost + other.lost,
            self.duplicates + other.duplicates,
            self.unexplained + other.unexplained,
            self.wrong + other.wrong,
            self.hold_duplicates + other.hold_duplicates,
            (self.examples + other.examples)[:10],
        )

    @property
    def bad(self) -> bool:
        return bool(self.lost or self.unexplained or self.wrong or self.hold_duplicates)


def calls(scenario: Scenario) -> int:
    """How many AWS calls the scenario makes without faults."""
    world, verdict = scenario.run(())
    if verdict.bad or verdict.duplicates:
        raise AssertionError(f"{scenario.name} goes wrong without any fault: {verdict}")
    return world.calls


def singles(count: int) -> Iterator[Schedule]:
    """One fault at each call, in each mode."""
    return ((Fault(call, mode),) for call in range(count + AFTERWARDS) for mode in MODES)


def pairs(count: int) -> Iterator[Schedule]:
    """Faults at every two calls, in every two modes."""
    for first, second in itertools.combinations(range(count + AFTERWARDS), 2):
        for modes in itertools.product(MODES, repeat=2):
            yield Fault(first, modes[0]), Fault(second, modes[1])


def triples(count: int, *, number: int, seed: int) -> Iterator[Schedule]:
    """Three faults, drawn at random: the same ones for the same seed."""
    draw = random.Random(seed)  # noqa: S311 - a sample, not a secret
    for _ in range(number):
        where = sorted(draw.sample(range(count + AFTERWARDS), 3))
        yield tuple(Fault(call, draw.choice(MODES)) for call in where)


def play(scenario: Scenario, schedules: Iterable[Schedule]) -> Tally:
    """Run the scenario under each schedule."""
    tally = Tally()
    for schedule in schedules:
        tally.schedules += 1
        try:
            world, verdict = scenario.run(schedule)
        except Exception as error:  # noqa: BLE001 - whatever it is, the schedule that made it has to be named
            tally.wrong += 1
            tally.examples.append(f"{scenario.name} {schedule}: {error!r}")
            continue
        tally.lost += len(verdict.lost)
        tally.wrong += len(verdict.wrong)
        tally.duplicates += len(verdict.duplicates)
        tally.unexplained += len(verdict.unexplained)
        tally.hold_duplicates += len(verdict.duplicates) if scenario.hold else 0
        if verdict.bad:
            tally.examples.append(f"{scenario.name} {world.struck}: {verdict}")
    tally.examples = tally.examples[:10]
    return tally
