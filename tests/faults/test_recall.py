"""What is told of an invocation is what its function would have done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import pytest

from tests.faults.exploration import Exploration
from tests.faults.scenarios import TO_FEW, small_pages
from tests.faults.world import World


@pytest.fixture(autouse=True)
def pages() -> Iterator[None]:
    with small_pages():
        yield


def test_the_same_moments_follow_whether_functions_run_or_are_told() -> None:
    scenario = next(each for each in TO_FEW if each.name == "to two, limited, deleted")
    played, told = Exploration(scenario), Exploration(scenario)
    played.world.recall.on = False
    ends = []
    for exploration in (played, told):
        after = exploration.faults(exploration.faults([exploration.start]))
        ends.append(([lead.moment.key() for lead in after], exploration.tally(after)))
    assert ends[0] == ends[1]
    assert played.world.recall.told == 0
    assert told.world.recall.told > 500


class Function:
    """Makes these calls, and gives what they answer."""

    def __init__(self, calls: Sequence[str]) -> None:
        self.calls = calls
        self.world = World()
        self.world.recall.on = True
        self.answers: dict[str, object] = {}
        self.asked: list[str] = []
        self.runs = 0
        self.before: Callable[[], None] = lambda: None

    def invoke(self, **answers: object) -> object:
        self.answers, self.asked = answers, []
        return self.world.recall.invoke(("an event", self.world.now), self._run)

    def _run(self) -> list[object]:
        self.runs += 1
        self.before()
        return [self.world.memory.call(name, partial(self._answer, name)) for name in self.calls]

    def _answer(self, name: str) -> object:
        self.asked.append(name)
        return self.answers[name]


def test_a_function_runs_only_if_an_answer_is_new_and_each_call_is_made_once() -> None:
    function = Function(["first", "second"])
    for expected_runs, second in ((1, "b"), (1, "b"), (2, "c"), (2, "b"), (2, "c")):
        assert function.invoke(first="a", second=second) == ["a", second]
        assert (function.runs, function.asked) == (expected_runs, ["first", "second"])


def test_a_function_that_does_otherwise_after_the_same_answers_is_found() -> None:
    function = Function(["first", "second"])
    function.invoke(first="a", second="b")
    function.calls = ["first", "third", "second"]
    with pytest.raises(AssertionError, match="third is called, not second as before"):
        function.invoke(first="a", second="c", third="d")


def test_time_goes_on_while_a_function_is_told() -> None:
    function = Function(["first", "second"])
    world, began = function.world, function.world.now
    function.before = lambda: world.recall.sleep(2)
    for second in ("b", "b", "c"):
        world.now = began
        function.invoke(first="a", second=second)
        assert (world.now - began).total_seconds() == 2
