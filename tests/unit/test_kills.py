"""What `make kills` calls lost, and what it takes for explained."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.kills.harness import Kill, Run

BEGUN = datetime(2027, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGUN + timedelta(seconds=seconds)


def run(*copies: float, kill: float = 5, exposed: str = "ada") -> Run:
    """Ada was sent to at these moments, and somebody was killed at one."""
    killed = Kill(at(kill), "1 Email", frozenset([exposed]))
    return Run([killed], "sent", {"ada": [at(each) for each in copies]} if copies else {}, ["ada"], 10)


def test_who_got_nothing_is_lost() -> None:
    assert run().lost == ["ada"]
    assert run(1).lost == []


def test_a_second_copy_is_explained_by_a_kill_between_the_two_that_left_a_doubt() -> None:
    assert (run(4, 9).duplicates, run(4, 9).unexplained) == (1, [])
    assert run(5.5, 9).unexplained == []  # the call was on its way


def test_a_second_copy_without_such_a_kill_is_not() -> None:
    assert run(4, 9, exposed="grace").unexplained == ["ada"]  # the kill was none of hers
    assert run(6.5, 9).unexplained == ["ada"]  # it came before the first copy
    assert run(1, 4).unexplained == ["ada"]  # it came after the second
    assert run(4, 9, 11).unexplained == ["ada"]  # one kill, two copies too many
