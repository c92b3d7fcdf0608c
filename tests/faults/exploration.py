"""Every schedule of faults, by the moments that they lead to.

A scenario goes in steps: an invocation, a request, the passing of time. Between two steps all that there
is lies in the tables, the queues and the clock: a moment. From a moment each fault that can strike is
tried, at each call of each step until the end, and what follows is a moment again. Schedules that lead
to the same moment go on as one and are counted as many; nothing that could tell them apart is left.
So each step is played once from each moment, whichever schedules come by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class Step:
    """What follows from a moment: by a name of each fault, and without one. Moments are told by their keys."""

    struck: tuple[tuple[str, bytes], ...]
    then: bytes


Met = Callable[[bytes, Moment], object]


class Exploration:
    """One scenario. It remembers what follows from the moments that it has come by, and how they end."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.world = scenario.world()
        self.world.changes.on = True
        self.world.recall.on = scenario.adversary is None  # an adversary leaves no answer as it was
        self.start = Lead(self.world.save())
        self._moments: dict[bytes, Moment] = {}  # to go on from
        self._steps: dict[bytes, Step | None] = {}  # after the last one comes none
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
        found = self._merged(leads, self._moments.setdefault)
        return [Lead(self._moments[key], ways, path) for key, (ways, path) in found.items()]

    def each(self, lead: Lead) -> Iterator[Lead]:
        """The same one by one, those that lead to the same moment too."""
        for step in self._steps_after(lead.moment, self._moments.setdefault):
            for name, key in step.struck:
                yield Lead(self._moments[key], lead.ways, (*lead.path, name))

    def tally(self, leads: Iterable[Lead]) -> Tally:
        """What becomes of everybody if no more faults strike after these moments."""
        return sum((self._told(lead.ways, lead.path, self.end(lead.moment)) for lead in leads), Tally())

    def tally_of_faults(self, leads: Iterable[Lead]) -> Tally:
        """The same if one more fault strikes after these moments. Does not keep the moments after that fault."""
        found = self._merged(leads, self._end)
        return sum((self._told(ways, path, self._ends[key]) for key, (ways, path) in found.items()), Tally())

    def end(self, moment: Moment) -> Verdict:
        """How it ends if no more faults strike after this moment."""
        return self._end(moment.key(), moment)

    def _merged(self, leads: Iterable[Lead], met: Met) -> dict[bytes, tuple[int, tuple[str, ...]]]:
        """By the key of each moment one fault after these: how many schedules lead to it, and one of them."""
        found: dict[bytes, tuple[int, tuple[str, ...]]] = {}
        for lead in leads:
            for step in self._steps_after(lead.moment, met):
                for name, key in step.struck:
                    ways, path = found.get(key) or (0, (*lead.path, name))
                    found[key] = ways + lead.ways, path
        return found

    def _steps_after(self, moment: Moment, met: Met) -> Iterator[Step]:
        """Until the end, without a fault. Where a step is known, all that follow are."""
        key = moment.key()
        while True:
            if key not in self._steps:
                self._steps[key], moment = self._tried(moment, met)
            step = self._steps[key]
            if step is None:
                return
            yield step
            key = step.then

    def _tried(self, moment: Moment, met: Met) -> tuple[Step | None, Moment]:
        """The next step with each fault, and the moment after it without any."""
        world = self.world
        world.load(moment)
        if self.scenario.over(world):
            return None, moment
        self.scenario.step(world)
        called, after = world.called, world.save()
        struck = []
        for fault in faults_of(called):
            world.load(moment)
            self.scenario.step(world, fault)
            name, found = f"{world.struck} {fault.mode}", world.save()
            key = found.key()
            met(key, found)
            struck.append((name, key))
        return Step(tuple(struck), after.key()), after

    def _end(self, key: bytes, moment: Moment) -> Verdict:
        verdict = self._ends.get(key)
        if verdict is not None:
            return verdict
        passed = [key]
        self.world.load(moment)
        while verdict is None:
            if self.scenario.over(self.world) or len(passed) > STEPS:
                verdict = self.scenario.judge(self.world)
                break
            self.scenario.step(self.world)
            key = self.world.save().key()
            verdict = self._ends.get(key)
            passed.append(key)
        self._ends |= dict.fromkeys(passed, verdict)
        return verdict

    def _told(self, ways: int, path: tuple[str, ...], verdict: Verdict) -> Tally:
        return Tally(
            schedules=ways,
            lost=ways * len(verdict.lost),
            wrong=ways * len(verdict.wrong),
            duplicates=ways * len(verdict.duplicates),
            unexplained=ways * len(verdict.unexplained),
            hold_duplicates=ways * len(verdict.duplicates) if self.scenario.hold else 0,
            played=1,
            examples=[f"{self.scenario.name}: {', '.join(path)}: {verdict}"] if verdict.bad else [],
        )
