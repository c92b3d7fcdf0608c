"""No window of time ever holds more than the limit, whatever the moments and whoever counts."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import accumulate, cycle

import pytest
from fanfare.domain.limits.rate_limit import Counter, RateLimit, next_turn, turn_again, without_forgotten
from hypothesis import given
from hypothesis import strategies as st

LIMITS = st.builds(RateLimit, st.integers(1, 20), st.integers(1, 10_000))
WAITS = st.lists(st.floats(0, 3_000), min_size=1, max_size=60)


def test_the_count_goes_at_once_and_the_next_has_to_wait() -> None:
    limit, counter = RateLimit(3, 3600), None
    for _ in range(3):
        turn = next_turn(limit, counter, 1_000_000.0)
        assert turn.at == 1_000_000.0
        counter = turn.counter
    assert next_turn(limit, counter, 1_000_000.0).at >= 1_000_000.0 + 3600


def test_the_wait_is_at_most_a_slice_longer_than_needed() -> None:
    limit = RateLimit(1, 3600)
    first = next_turn(limit, None, 1_000_000.0)
    second = next_turn(limit, first.counter, 1_000_000.0)
    assert second.at <= 1_000_000.0 + 3600 + limit.slice_seconds


def test_a_slice_counts_until_its_end_has_left_the_window() -> None:
    limit = RateLimit(1, 64)  # slices of two seconds
    first = next_turn(limit, None, 1_000_001.9)
    assert next_turn(limit, first.counter, 1_000_064.5).at >= first.at + 64


@given(LIMITS, WAITS)
def test_no_window_holds_more_than_the_limit_when_the_excess_is_dropped(limit: RateLimit, waits: list[float]) -> None:
    now, counter, delivered = 1_000_000.0, None, list[float]()
    for wait in waits:
        now += wait
        turn = next_turn(limit, counter, now)
        if turn.at <= now:
            delivered.append(now)
            counter = turn.counter
    assert_within(limit, delivered)


@given(LIMITS, WAITS)
def test_no_window_holds_more_than_the_limit_when_the_excess_is_deferred(limit: RateLimit, waits: list[float]) -> None:
    now, counter, delivered = 1_000_000.0, None, list[float]()
    for wait in waits:
        now += wait
        turn = next_turn(limit, counter, now)
        delivered.append(turn.at)
        counter = turn.counter
    assert_within(limit, delivered)


@given(LIMITS, WAITS)
def test_a_counter_stays_small(limit: RateLimit, waits: list[float]) -> None:
    now, counter = 1_000_000.0, None
    for wait in waits:
        now += wait
        turn = next_turn(limit, counter, now)
        if turn.at <= now:
            counter = turn.counter
    assert counter is not None
    assert len(counter) <= 1 + 2 * min(limit.count, 66)


def test_a_counter_says_when_it_can_be_forgotten_and_counts_by_slices() -> None:
    limit = RateLimit(3, 64)  # slices of two seconds
    first = next_turn(limit, None, 1_000_001.9)
    second = next_turn(limit, first.counter, 1_000_000.5)
    third = next_turn(limit, second.counter, 1_000_010.0)
    assert first.counter == [1_000_066, 1_000_000, 1]  # the slice's end and 64 seconds
    assert second.counter == [1_000_066, 1_000_000, 2]
    assert third.counter == [1_000_076, 1_000_000, 2, 1_000_010, 1]


def test_a_slice_of_a_short_window_is_a_second() -> None:
    assert next_turn(RateLimit(1, 10), None, 1_000_000.9).counter == [1_000_011, 1_000_000, 1]


def test_what_has_left_the_window_is_not_kept() -> None:
    limit = RateLimit(3, 64)
    first = next_turn(limit, None, 1_000_000.0)
    assert next_turn(limit, first.counter, 1_000_065.9).counter == [1_000_130, 1_000_000, 1, 1_000_064, 1]
    assert next_turn(limit, first.counter, 1_000_066.0).counter == [1_000_132, 1_000_066, 1]


def test_a_turn_is_not_before_it_is_asked_for() -> None:
    assert next_turn(RateLimit(1, 64), None, 1_000_000.0, not_before=1_000_500.0).at == 1_000_500.0
    assert next_turn(RateLimit(1, 64), None, 1_000_000.0, not_before=999_000.0).at == 1_000_000.0


def test_a_counter_that_is_cut_off_is_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        next_turn(RateLimit(1, 64), [1_000_066, 1_000_000], 1_000_000.0)


def test_counters_that_no_longer_matter_are_forgotten() -> None:
    counters: dict[str, Counter] = {"old#email": [100, 50, 1], "now#email": [200, 150, 1], "new#email": [300, 250, 1]}
    assert without_forgotten(counters, 200.0) == {"new#email": [300, 250, 1]}


def assert_within(limit: RateLimit, delivered: list[float]) -> None:
    delivered.sort()
    for place in range(len(delivered) - limit.count):
        assert delivered[place + limit.count] - delivered[place] >= limit.per_seconds


LATE = st.lists(st.floats(0.0, 5_000.0), min_size=1, max_size=30)


@given(LIMITS, WAITS, LATE)
def test_no_window_holds_more_than_the_limit_however_late_each_delivery_is(
    limit: RateLimit, waits: list[float], late: list[float]
) -> None:
    """Each is counted when it is decided, and asked again when it may go, late by so much."""
    counter: Counter | None = None
    own: dict[int, list[int]] = {}
    comes = list(accumulate(waits, initial=1_000_000.0))
    due = [(at, number) for number, at in enumerate(comes)]
    delays = cycle(late)
    delivered = []
    while due:
        at, number = heappop(due)
        if number not in own:
            turn = next_turn(limit, counter, at)
            counter, own[number] = turn.counter, [int(turn.at)]
            heappush(due, (turn.at + next(delays), number))
            continue
        turn = turn_again(limit, counter, own[number], at)
        if turn.counter != counter:
            counter = turn.counter
            own[number].append(int(turn.at))
        if turn.at == at:
            delivered.append(at)
        else:
            heappush(due, (turn.at, number))
    assert len(delivered) == len(comes)
    assert_within(limit, delivered)


def test_asked_again_at_the_time_at_which_it_was_counted_it_is_counted_no_second_time() -> None:
    limit = RateLimit(1, 64)  # slices of two seconds
    first = next_turn(limit, None, 1_000_000.0)
    again = turn_again(limit, first.counter, [1_000_000], 1_000_001.5)
    assert (again.at, again.counter) == (1_000_001.5, first.counter)


def test_asked_again_later_it_is_counted_at_that_time_too() -> None:
    limit = RateLimit(1, 64)
    first = next_turn(limit, None, 1_000_000.0)
    again = turn_again(limit, first.counter, [1_000_000], 1_000_010.0)
    assert again.at == 1_000_010.0
    assert again.counter == [1_000_010 + 2 + 64, 1_000_000, 1, 1_000_010, 1]


def test_another_delivery_before_it_holds_it_back_and_one_after_it_does_not() -> None:
    limit = RateLimit(1, 64)
    another = next_turn(limit, None, 1_000_020.0).counter
    assert turn_again(limit, another, [], 1_000_030.0).at == 1_000_020 + 2 + 64
    assert turn_again(limit, another, [], 1_000_010.0).at == 1_000_010.0
