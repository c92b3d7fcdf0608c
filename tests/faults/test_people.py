"""Changes of subscriptions and an erasure at once, in every order of their calls, and with faults between them."""

from __future__ import annotations

import hashlib
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError
from fanfare.aws.dynamodb import DynamoTable
from fanfare.clock import to_text
from fanfare.domain.audience import Answer, By, Subscription
from fanfare.errors import Conflict, FanfareError
from fanfare.store.audience import Audience
from fanfare.store.audience.confirmations import Confirmations, Pending

from testing.memory_aws.aws import Memory
from testing.memory_aws.errors import refused, throttled
from tests.faults.interleavings import Actor, Chooser, Stage, drawn_orders, every_order
from tests.faults.modes import Died, Fault, faults_of

NOW = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)
DRAWN = 150  # where there are too many orders for all of them
ADA = "ada-lovelace"
PROFILE = {"email": "ada@lovelace.example", "push": [{"platform": "ios", "token": "lovelace-token"}]}


def yes(by: By = By.SERVICE, channel: str = "email", user_id: str = ADA) -> Subscription:
    return Subscription(user_id=user_id, topic="news", channel=channel, created_at=to_text(NOW), by=by)


def digest(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind} {value}".encode()).hexdigest()


class House:
    """An audience with Ada in it."""

    def __init__(self, *before: str) -> None:
        self.memory = Memory(lambda: NOW, metered=False)
        client: Any = self.memory.dynamodb
        table = DynamoTable(client, "audience", sleep=lambda _: None)
        self.audience = Audience(table, clock=lambda: NOW, digest=digest)
        self.audience.users.put(ADA, PROFILE)
        for each in before:
            DO[each](self)

    def trace(self) -> list[str]:
        """The keys of all items that tell of Ada."""
        store = self.memory.tables.stores["audience"]
        items = [item for partition in store.partitions.values() for item in partition.items.values()]
        return [f"{item['pk']['S']} {item['sk']['S']}" for item in items if "lovelace" in json.dumps(item)]

    def said(self) -> list[tuple[Answer, By]]:
        """What is stored of her answers, oldest first."""
        yeses = list(self.audience.subscriptions.of_user(ADA))
        found = self.audience.consents.of_user(ADA, yeses=yeses)
        return [(each.state, each.by) for each in reversed(found) if each.channel == "email"]

    def listed(self) -> bool:
        """Whether the fan-out finds her; her own row has to say the same."""
        found, _ = self.audience.subscriptions.in_shard("news", 0, after=None, limit=10)
        rows = [user_id for _, user_id, channel in found if channel == "email"]
        mine = self.audience.subscriptions.get(ADA, "news", "email") is not None
        assert mine == bool(rows)
        return mine


def give(house: House) -> None:
    with suppress(Conflict):  # an answer, too
        house.audience.subscriptions.add(yes(), shards=1)


def give_many(house: House) -> None:
    house.audience.subscriptions.add_many([yes(), yes(channel="sms")], shards=1)


def click(house: House) -> None:
    house.audience.subscriptions.remove(ADA, "news", "email", by=By.ONE_CLICK)


def take_back(house: House) -> None:
    house.audience.subscriptions.remove(ADA, "news", "email")


def accept(house: House) -> None:
    house.audience.subscriptions.add(yes(By.PERSON), shards=1)


def choose_frequency(house: House) -> None:
    house.audience.subscriptions.add(Subscription(**{**vars(yes()), "frequency": "daily"}), shards=1)


def change_address(house: House) -> None:
    house.audience.users.change_known(ADA, lambda profile: {**profile, "email": "other@lovelace.example"})


def post_device(house: House) -> None:
    house.audience.directory.post_device(ADA, "web", "lovelace-other", most=20)


def ask_to_confirm(house: House) -> None:
    confirmations = Confirmations(house.audience.table, keys=lambda: {"k1": "a key for tests"})
    confirmations.put_pending(
        Pending(user_id=ADA, channel="email", address="new@lovelace.example", secret="s", until=NOW)
    )


def end_topic(house: House) -> None:
    house.audience.ended_topics.end("news", 1, limit=100)


def erase(house: House) -> None:
    house.audience.erase(ADA)


DO: dict[str, Callable[[House], None]] = {
    "give": give,
    "give many": give_many,
    "click": click,
    "take back": take_back,
    "accept": accept,
    "choose a frequency": choose_frequency,
    "change the address": change_address,
    "post a device": post_device,
    "ask to confirm an address": ask_to_confirm,
    "end the topic": end_topic,
    "erase": erase,
}
OF_ADDRESSES = ("change the address", "post a device", "ask to confirm an address")
CHANGES = [each for each in DO if each != "erase"]
BEFORE = [(), ("give",), ("give", "take back"), ("give", "click")]


def orders() -> Iterator[Chooser]:
    """All orders, or those drawn where there are more."""
    for number, choose in enumerate(every_order()):
        yield choose
        if number == DRAWN:
            yield from drawn_orders(DRAWN, seed=15)
            return


def play(house: House, choose: Chooser, *what: str) -> None:
    stage = Stage()
    house.memory.interpose = stage.call

    def actor(each: str) -> Actor:
        def run() -> None:
            with suppress(FanfareError):  # the caller is told to repeat
                DO[each](house)

        return run

    try:
        stage.play([actor(each) for each in what], choose)
    finally:
        house.memory.interpose = None


@pytest.mark.parametrize("before", BEFORE, ids=" then ".join)
@pytest.mark.parametrize("change", CHANGES)
def test_nothing_that_is_changed_during_an_erasure_outlives_it(change: str, before: tuple[str, ...]) -> None:
    for choose in orders():
        house = House(*before)
        play(house, choose, change, "erase")
        assert house.trace() == []


@pytest.mark.parametrize("before", BEFORE, ids=" then ".join)
@pytest.mark.parametrize("change", [each for each in CHANGES if each not in OF_ADDRESSES])
def test_a_click_binds_services_whatever_comes_at_the_same_time(change: str, before: tuple[str, ...]) -> None:
    for choose in orders():
        house = House(*before)
        play(house, choose, change, "click")
        said = house.said()
        changes = [state for state, _ in said]
        by_now = [by for _, by in said]
        for place in range(1, len(said)):
            given_by_a_service = changes[place] is Answer.YES and by_now[place] is By.SERVICE
            assert not (given_by_a_service and by_now[place - 1] is By.ONE_CLICK), said
        assert house.listed() == (bool(said) and changes[-1] is Answer.YES)


@pytest.mark.parametrize(
    "change", ["give", "give many", "click", "accept", "post a device", "ask to confirm an address"]
)
def test_a_fault_and_an_erasure_between_any_two_calls_leave_no_trace_once_the_callers_have_repeated(
    change: str,
) -> None:
    for before in BEFORE:
        calls = recorded(House(*before), change)
        for fault in faults_of(calls):
            for erased_at in range(len(calls) + 1):
                house = House(*before)
                faulty(house, change, fault, erased_at)
                for each in (change, "erase"):
                    DO[each](house)
                assert house.trace() == [], (before, fault, erased_at)


def test_an_erasure_that_breaks_off_anywhere_is_complete_once_it_is_repeated() -> None:
    for before in BEFORE:
        for fault in faults_of(recorded(House(*before), "erase")):
            house = House(*before)
            faulty(house, "erase", fault, erased_at=-1)
            begun = house.audience.users.get(ADA) is None
            left = len(house.trace())
            give(house)
            assert len(house.trace()) == left or not begun  # nothing is given from the first write on
            erase(house)
            assert house.trace() == []


def test_of_three_answers_at_once_each_that_changed_something_is_a_consent() -> None:
    for choose in drawn_orders(400, seed=16):
        house = House("give", "click", "accept")
        changed: list[bool] = []

        def no(by: By, house: House = house, changed: list[bool] = changed) -> None:
            changed.append(house.audience.subscriptions.remove(ADA, "news", "email", by=by))

        def again(house: House = house, changed: list[bool] = changed) -> None:
            given = house.audience.subscriptions.add(yes(By.PERSON), shards=1)
            changed.append(bool(given and given.new))

        stage = Stage()
        house.memory.interpose = stage.call
        stage.play([lambda no=no: no(By.PERSON), again, lambda no=no: no(By.SERVICE)], choose)  # type: ignore[misc]
        house.memory.interpose = None
        assert len(house.said()) == 3 + sum(changed)


def recorded(house: House, what: str) -> list[str]:
    """The calls that it makes."""
    calls: list[str] = []

    def note(name: str, work: Callable[[], Any]) -> Any:
        calls.append(name)
        return work()

    house.memory.interpose = note
    DO[what](house)
    house.memory.interpose = None
    return calls


def faulty(house: House, what: str, fault: Fault, erased_at: int) -> None:
    """Do it with a fault at one call, and an erasure before another one."""
    number = -1

    def interpose(name: str, work: Callable[[], Any]) -> Any:
        nonlocal number
        number += 1
        if number == erased_at:
            house.memory.interpose = None
            erase(house)
            house.memory.interpose = interpose
        if number != fault.call or fault.mode == "part":
            return work()
        if fault.mode in ("lose", "die"):
            work()
        if fault.mode == "die":
            raise Died
        if fault.mode == "throttle":
            raise throttled(name)
        if fault.mode == "lose":
            raise ReadTimeoutError(endpoint_url="https://dynamodb.test")
        raise refused("InternalServerError", "refused", name)

    house.memory.interpose = interpose
    with suppress(Died, ClientError, BotoCoreError, FanfareError):  # the caller has no answer, and repeats
        DO[what](house)
    house.memory.interpose = None


def test_four_hundred_changes_by_ten_threads_are_four_hundred_consents_in_order() -> None:
    house = House()
    one_by_one = threading.Lock()

    def serial(_: str, work: Callable[[], Any]) -> Any:
        with one_by_one:
            return work()

    house.memory.interpose = serial
    channels = ("email", "sms", "push")
    happened: dict[str, list[Answer]] = {channel: [] for channel in channels}
    noting = threading.Lock()

    def change(number: int) -> None:
        channel = channels[number % 3]
        if number % 2:
            given = house.audience.subscriptions.add(yes(By.PERSON, channel), shards=4)
            changed, answer = bool(given and given.new), Answer.YES
        else:
            changed = house.audience.subscriptions.remove(ADA, "news", channel, by=By.PERSON)
            answer = Answer.NO
        with noting:
            happened[channel] += [answer] * changed

    with ThreadPoolExecutor(10) as threads:
        list(threads.map(change, range(400)))
    yeses = list(house.audience.subscriptions.of_user(ADA))
    found = house.audience.consents.of_user(ADA, yeses=yeses)
    for channel in channels:
        stored = [each.state for each in reversed(found) if each.channel == channel]
        assert sorted(stored) == sorted(happened[channel])
        assert len(stored) > 10
        assert all(one is not other for one, other in itertools.pairwise(stored)), "a change is missing"
        assert (stored[-1] is Answer.YES) == any(each.channel == channel for each in yeses)
