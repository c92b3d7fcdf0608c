"""An invocation of a function is played once: afterwards it is told from the answers that its calls get.

What a function does follows from its event, the time, what is drawn, and the answers to its calls; it knows nothing
else. While these are as in an earlier invocation, its next call is known, too, and is made without the function: the
tables, the queues and the provider change as they would. Once an answer is new, the function itself runs. It is first
given the answers that were got already.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from testing.memory_aws.digests import digest
from tests.faults.modes import Died

if TYPE_CHECKING:
    from tests.faults.world import World

PLACES = 100_000  # that are kept at most: beyond, all are forgotten


@dataclass(slots=True)
class Outcome:
    """What a call, or a function, gave: an answer or an error."""

    answer: Any = None
    error: BaseException | None = None

    def give(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.answer

    def key(self) -> Hashable:
        """The same if nobody can tell the outcomes apart."""
        if self.error is None:
            return digest(self.answer)
        if isinstance(self.error, ClientError):
            return digest((self.error.operation_name, self.error.response))
        return repr(self.error)


@dataclass(slots=True)
class Place:
    """How far a function has come: its next call, and where it is after each outcome of it; or what it gave."""

    call: str = ""
    again: Callable[[], Any] | None = None
    after: dict[Hashable, Place] = field(default_factory=dict)
    end: Outcome | None = None


class Recall:
    """What the functions of a world did, or its adversary, once it is switched on."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.on = False
        self.told = 0  # invocations for which no function had to run
        self._begun: dict[Hashable, Place] = {}
        self._places = 0
        self._at: Place | None = None  # where the function is that runs
        self._got: deque[tuple[Hashable, Outcome, datetime]] = deque()  # what it is still to be given, and when

    def invoke(self, begun_by: Hashable, run: Callable[[], Any]) -> Any:
        """What a function gives that begins with this: all that it knows before its first call. `run` plays it."""
        if not self.on:
            return run()
        if self._places > PLACES:
            self._begun, self._places = {}, 0
        begin = self._begun.setdefault(begun_by, Place())
        end = self._told(begin)
        if end is None:
            end = self._played(begin, run)
        return end.give()

    def _told(self, place: Place) -> Outcome | None:
        """What it gives, if that is known from the outcomes of its calls."""
        world = self.world
        began = world.now
        while place.again is not None:
            outcome = _outcome(place.again)
            if isinstance(outcome.error, Died):
                place = Place(end=outcome)  # nothing of a process that is gone runs
                break
            key = outcome.key()
            self._got.append((key, outcome, world.now))
            if key not in place.after:
                break
            place = place.after[key]
        if place.end is None:
            world.now = began
        else:
            self.told += 1
            self._got.clear()
        return place.end

    def _played(self, begin: Place, run: Callable[[], Any]) -> Outcome:
        self._at = begin
        try:
            end = _outcome(run)
            if end.error is not None:
                end.error.__context__ = end.error.__cause__ = None  # they have all that the function had
            assert not self._got, f"{self._at.call} is not called, as before with the same answers"
            self._at.end = end
        finally:
            self._at = None
            self._got.clear()
        return end

    def call(self, name: str, work: Callable[[], Any], again: Callable[[], Any]) -> Any:
        """The outcome of a call of the function that runs: of `work`, or of `again` if only the call is made."""
        at = self._at
        if at is None:
            return work()
        if self._got:
            key, outcome, self.world.now = self._got.popleft()
        else:
            outcome = _outcome(work)
            key = outcome.key()
        if at.again is None:
            at.call, at.again = name, again
            self._places += 1
        assert at.call == name, f"{name} is called, not {at.call} as before with the same answers"
        self._at = at.after.setdefault(key, Place())
        return outcome.give()

    def sleep(self, seconds: float) -> None:
        """As a call."""
        slept = partial(self.world.sleep, seconds)
        self.call("sleep", slept, slept)


def _outcome(work: Callable[[], Any]) -> Outcome:
    try:
        return Outcome(work())
    except BaseException as error:  # noqa: BLE001 - it is given to whoever asked
        return Outcome(error=error.with_traceback(None))
