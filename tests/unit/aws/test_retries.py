"""What meets another write is tried again, with growing random pauses, and not for ever."""

from __future__ import annotations

import random

import pytest
from fanfare.aws.retries import pause, until_settled
from fanfare.errors import ConditionFailed, PartResult, Unavailable


class Contended:
    """Somebody else writes first, so many times."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.attempts = 0

    def __call__(self) -> str:
        self.attempts += 1
        if self.attempts <= self.times:
            raise ConditionFailed(PartResult("TransactionConflict"))
        return "written"


def test_an_attempt_that_settles_returns_without_a_pause() -> None:
    waits: list[float] = []
    assert until_settled(Contended(0), sleep=waits.append) == "written"
    assert not waits


def test_each_attempt_after_the_first_waits() -> None:
    waits: list[float] = []
    assert until_settled(Contended(3), sleep=waits.append) == "written"
    assert len(waits) == 3


def test_after_the_last_attempt_the_caller_is_told_to_try_again() -> None:
    waits: list[float] = []
    contended = Contended(1_000)
    with pytest.raises(Unavailable) as unavailable:
        until_settled(contended, attempts=5, sleep=waits.append)
    assert (contended.attempts, len(waits)) == (5, 4)
    assert (unavailable.value.status, unavailable.value.retryable) == (503, True)
    assert unavailable.value.detail == "Other requests changed the same data 5 times in a row. Try again."


def test_another_error_is_not_tried_again() -> None:
    waits: list[float] = []
    with pytest.raises(ZeroDivisionError):
        until_settled(lambda: 1 / 0, sleep=waits.append)
    assert not waits


def test_pauses_are_random_and_their_bound_doubles_up_to_half_a_second() -> None:
    random.seed(7)
    waits: list[float] = []
    for _ in range(200):
        with pytest.raises(Unavailable):
            until_settled(Contended(1_000), attempts=8, sleep=waits.append)
    bounds = [0.05, 0.1, 0.2, 0.4, 0.5, 0.5, 0.5]
    for place, bound in enumerate(bounds):
        taken = waits[place :: len(bounds)]
        assert len(set(taken)) == 200
        assert min(taken) < bound * 0.1
        assert bound * 0.9 < max(taken) <= bound


def test_a_pause_for_a_throttle_goes_on_doubling() -> None:
    random.seed(7)
    waits: list[float] = []
    for _ in range(200):
        pause(7, sleep=waits.append)
    assert 5.7 < max(waits) <= 6.4
