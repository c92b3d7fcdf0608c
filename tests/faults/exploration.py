"""Every schedule of faults, by the moments that they lead to.

A scenario goes in steps: an invocation, a request, the passing of time. Between two steps all that there
is lies in the tables, the queues and the clock: a moment. From a moment each fault that can strike is
tried, at each call of each step until the end, and what follows is a moment again. Schedules that lead
to the same moment go on as one and are counted as many; nothing that could tell them apart is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from tests.faults.modes import faults_of
from tests.faults.scenarios import Scenario, Verdict
from tests.faults.world import Moment

STEPS = 2_000  # of a scenario at most: what takes more goes round in circles
SHOWN = 10


@dataclass
class Tally:
    """What many schedules did. `examples` shows the first bad ones."""

    schedules: int = 0
    lost: int = 0
    duplicates: int = 0
    unexplained: int = 0
    wrong: int = 0
    hold_duplicates: int = 0
    played: int = 0  # ends that were judged: schedules that lead to the same are judged as one
    examples: list[str] = field(default_factory=list)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.schedules + other.schedules,
            self.lost + other.lost,
            self.duplicates + other.duplicates,
            self.unexplained + other.unexplained,
            self.wrong + other.wrong,
            self.hold_duplicates + other.hold_duplicates,
            self.played + other.played,
            (self.examples + other.examples)[:SHOWN],
        )

    @property
    def bad(self) -> bool:
        return bool(self.lost or self.unexplained or self.wrong or self.hold_duplicates)


@dataclass(frozen=True)
class Lead:
    """A moment, how many schedules lead to it, and one of them."""

    moment: Moment
    ways: int = 1
    path: tuple[str, ...] = ()


class Exploration:
    """One scenario. It remembers how the moments that it has come by end."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.world = scenario.world()
        self.start = Lead(self.world.save())
        self._ends: dict[bytes, Verdict] = {}

    def calls(self) -> list[str]:
        """The AWS calls that the scenario makes without faults."""
        self.world.load(self.start.moment)
        calls: list[str] = []
        while not self.scenario.over(self.world):
            self.scenario.step(self.world)
            calls += self.world.called
        return calls

    def faults(self, leads: Iterable[Lead]) -> list[Lead]:
        """The moments after each fault that can strike after these: at each call, in each mode, until the end."""
        return merged(after for lead in leads for after in self.each(lead))

    def each(self, lead: Lead) -> Iterator[Lead]:
        """The same one by one, those that lead to the same moment too."""
        world, moment = self.world, lead.moment
        world.load(moment)
        while not self.scenario.over(world):
            self.scenario.step(world)
            called, after = world.called, world.save()
            for fault in faults_of(called):
                world.load(moment)
                self.scenario.step(world, fault)
                yield Lead(world.save(), lead.ways, (*lead.path, f"{world.struck} {fault.mode}"))
            moment = after
            world.load(moment)

    def tally(self, leads: Iterable[Lead]) -> Tally:
        """What becomes of everybody where no more faults strike after these moments."""
        tally = Tally()
        for lead in leads:
            verdict = self.end(lead.moment)
            ways = lead.ways
            tally += Tally(
                schedules=ways,
                lost=ways * len(verdict.lost),
                wrong=ways * len(verdict.wrong),
                duplicates=ways * len(verdict.duplicates),
                unexplained=ways * len(verdict.unexplained),
                hold_duplicates=ways * len(verdict.duplicates) if self.scenario.hold else 0,
                played=1,
                examples=[f"{self.scenario.name}: {', '.join(lead.path)}: {verdict}"] if verdict.bad else [],
            )
        return tally

    def end(self, moment: Moment) -> Verdict:
        """How it ends where no more faults strike after this moment."""
        passed = []
        self.world.load(moment)
        while True:
            key = _digest(self.world.save())
            verdict = self._ends.get(key)
            if verdict is not None:
                break
            passed.append(key)
            if self.scenario.over(self.world) or len(passed) > STEPS:
                verdict = self.scenario.judge(self.world)
                break
            self.scenario.step(self.world)
        self._ends |= dict.fromkeys(passed, verdict)
        return verdict


def merged(leads: Iterable[Lead]) -> list[Lead]:
    """Those that lead to the same moment as one, which counts for all of them."""
    found: dict[bytes, Lead] = {}
    for lead in leads:
        key = _digest(lead.moment)
        before = found.get(key)
        found[key] = replace(before, ways=before.ways + lead.ways) if before else lead
    return list(found.values())


def _digest(moment: Moment) -> bytes:
    return blake2b(moment.key(), digest_size=16).digest()
