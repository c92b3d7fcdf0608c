"""Two or more functions at once, in every order of their AWS calls.

Each actor runs in a thread of its own and stops before every call until it is given its turn, so a
schedule is a list of whose turn it is. The schedules are enumerated depth first: play one, note who
else could have gone at each step, and take the next.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

Actor = Callable[[], object]
Chooser = Callable[[int, list[int]], int]  # (step, who could go) → who goes
GOES_ON = 0.8  # how probable it is
PATIENCE = 10.0  # seconds that an actor may compute between two calls


@dataclass
class _Turn:
    """One actor: waiting before a call, or done."""

    thread: threading.Thread
    go: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)
    done: bool = False
    error: BaseException | None = None


class Stage:
    """Plays actors by a schedule. Set `call` as the interposer of the AWS that they share."""

    def __init__(self) -> None:
        self._turns: dict[threading.Thread, _Turn] = {}

    def call(self, name: str, work: Callable[[], Any]) -> Any:
        """Stands before every call of an actor; lets anybody else pass."""
        turn = self._turns.get(threading.current_thread())
        if turn is not None:
            turn.stopped.set()
            turn.go.wait(PATIENCE)
            turn.go.clear()
        del name
        return work()

    def play(self, actors: Sequence[Actor], choose: Chooser) -> None:
        """Let the actors run, asking `choose(step, who could go)` before each call."""
        turns = [self._begin(actor) for actor in actors]
        step = 0
        while True:
            for turn in turns:
                if not turn.stopped.wait(PATIENCE):
                    raise AssertionError("an actor neither calls nor ends")
            able = [place for place, turn in enumerate(turns) if not turn.done]
            if not able:
                break
            turn = turns[choose(step, able)]
            turn.stopped.clear()
            turn.go.set()
            step += 1
        for turn in turns:
            turn.thread.join(PATIENCE)
            if turn.error is not None:
                raise turn.error

    def _begin(self, actor: Actor) -> _Turn:
        def run() -> None:
            try:
                actor()
            except BaseException as error:  # noqa: BLE001 - handed to whoever plays
                turn.error = error
            turn.done = True
            turn.stopped.set()

        turn = _Turn(threading.Thread(target=run, daemon=True))
        self._turns[turn.thread] = turn
        turn.thread.start()
        return turn


class _Path:
    """The choices of one order: those that are given, then always the first; notes what else there was."""

    def __init__(self, given: Sequence[int]) -> None:
        self.given = given
        self.taken: list[tuple[int, int]] = []  # which was chosen, of how many

    def __call__(self, step: int, able: list[int]) -> int:
        place = self.given[step] if step < len(self.given) else 0
        self.taken.append((place, len(able)))
        return able[place]


def every_order() -> Iterator[Chooser]:
    """One chooser for each order there is; each has to be played before the next is asked for."""
    given: list[int] = []
    while True:
        path = _Path(given)
        yield path
        taken = path.taken
        while taken and taken[-1][0] + 1 >= taken[-1][1]:
            taken.pop()
        if not taken:
            return
        given = [place for place, _ in taken[:-1]] + [taken[-1][0] + 1]


def drawn_orders(number: int, *, seed: int) -> Iterator[Chooser]:
    """Orders drawn at random, the same ones for the same seed: where there are too many for all."""
    draw = random.Random(seed)  # noqa: S311 - a sample, not a secret
    for _ in range(number):
        yield lambda _step, able: draw.choice(able)


def orders_with_one_in_between(held: int, *, steps: int, seed: int) -> Iterator[Chooser]:
    """Two drawn orders for each number of steps of the others after which an actor begins; most of it goes at once.

    For an actor with few calls, which in other drawn orders is done before the others have come to theirs.
    """
    draw = random.Random(seed)  # noqa: S311 - a sample, not a secret
    for begins in [*range(steps)] * 2:
        yield partial(_in_between, begins, held, draw)


def _in_between(begins: int, held: int, draw: random.Random, step: int, able: list[int]) -> int:
    others = [place for place in able if place != held]
    if step < begins:
        return draw.choice(others or able)
    return held if held in able and draw.random() < GOES_ON else draw.choice(able)
