"""A queue that takes a part of what it is sent gets the rest again, and nothing twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from fanfare.aws.queues import QueueRefused, Queues
from fanfare.domain.jobs import FanOutJob


class Refusing:
    """SQS that refuses some messages: each named one so many times, and for good what is the sender's fault."""

    def __init__(self, times: dict[str, int] | None = None, *, faulty: frozenset[str] = frozenset()) -> None:
        self.times = Counter(times or {})
        self.faulty = faulty
        self.calls: list[list[str]] = []
        self.taken: list[str] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> Any:
        assert QueueUrl == "fan_out"
        assert len(Entries) <= 10
        assert len({entry["Id"] for entry in Entries}) == len(Entries)
        self.calls.append([entry["MessageGroupId"] for entry in Entries])
        failed = []
        for entry in Entries:
            name = entry["MessageGroupId"]
            if name in self.faulty:
                failed.append({"Id": entry["Id"], "Code": "InvalidMessageContents", "SenderFault": True})
            elif self.times[name] > 0:
                self.times[name] -= 1
                failed.append({"Id": entry["Id"], "Code": "InternalError", "SenderFault": False})
            else:
                self.taken.append(name)
        return {"Successful": [], "Failed": failed} if failed else {"Successful": []}


def send(client: Refusing, count: int) -> list[float]:
    """Queue so many fan-out jobs; how long somebody waited, each time."""
    waits: list[float] = []
    sqs: Any = client
    jobs = [FanOutJob(f"m{number}", 0) for number in range(count)]
    Queues(sqs, fan_out="fan_out", sleep=waits.append).send_fan_out(jobs)
    return waits


ALL = [f"m{number}" for number in range(25)]


def test_what_is_taken_at_once_is_sent_ten_a_call_without_a_pause() -> None:
    client = Refusing()
    assert send(client, 25) == []
    assert [len(call) for call in client.calls] == [10, 10, 5]
    assert client.taken == ALL


def test_only_what_was_refused_is_sent_again_after_the_other_chunks() -> None:
    client = Refusing({"m3": 1, "m14": 2})
    waits = send(client, 25)
    assert client.calls[3:] == [["m3", "m14"], ["m14"]]
    assert sorted(client.taken) == sorted(ALL)
    assert len(waits) == 2
    assert 0 <= waits[0] <= 0.05
    assert 0 <= waits[1] <= 0.1


def test_a_queue_that_goes_on_refusing_is_given_up_and_the_error_says_how_many_are_missing() -> None:
    client = Refusing({"m3": 1_000, "m4": 1_000})
    with pytest.raises(QueueRefused, match="2 of 25 messages were not queued"):
        send(client, 25)
    assert len(client.calls) == 3 + 5
    assert sorted(client.taken) == sorted({*ALL} - {"m3", "m4"})


def test_what_is_the_senders_fault_is_not_sent_again_and_the_rest_is() -> None:
    client = Refusing({"m5": 1}, faulty=frozenset({"m3"}))
    with pytest.raises(QueueRefused, match="1 of 25 messages were not queued"):
        send(client, 25)
    assert client.calls[3:] == [["m5"]]
    assert sorted(client.taken) == sorted({*ALL} - {"m3"})


def test_many_refused_messages_are_sent_again_ten_a_call() -> None:
    client = Refusing(dict.fromkeys(ALL, 1))
    assert len(send(client, 25)) == 1
    assert [len(call) for call in client.calls] == [10, 10, 5, 10, 10, 5]
    assert client.taken == ALL


def test_no_messages_are_no_call() -> None:
    client = Refusing()
    assert send(client, 0) == []
    assert client.calls == []
