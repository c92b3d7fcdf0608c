"""Many messages at once to the same readers: each is in exactly one digest, and each window is one mail."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.api import until
from local.demo.audience import Person, PersonKind

from .conftest import World

THREADS, MESSAGES, READERS, SECONDS = 20, 10, 50, 20
DIGEST = "e2e-digest"
TEMPLATE = {
    "channels": {
        "email": {
            "subject": "{{ data.count }} comments",
            "text": "{% for item in data['items'] %}<{{ item.message_id }} {{ item.data.number }}>\n{% endfor %}",
        }
    },
    "example": {
        "items": [{"message_id": "m", "at": "2027-01-01T08:00:00.000Z", "data": {"number": 1}}],
        "count": 1,
        "key": None,
        "first_at": "2027-01-01T08:00:00.000Z",
    },
}
SHOWN = re.compile(r"<([0-9a-f-]{36}) (\d+)>")


def all_pages(world: World, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = world.api.expect(200, "GET", f"{path}?limit=100{cursor}")
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def readers_of(world: World) -> list[Person]:
    people = [
        Person(f"digest-{number}", PersonKind.REACHABLE, {"name": "Eve", "email": f"digest-{number}@example.com"})
        for number in range(READERS)
    ]
    world.store(people)
    return people


def posted(world: World, topic: str) -> dict[str, int]:
    """Message id → its number: each thread posts its messages one after the other."""

    def post(thread: int) -> list[tuple[str, int]]:
        numbers = range(thread * MESSAGES, (thread + 1) * MESSAGES)
        return [(world.send(topic, **content(number)), number) for number in numbers]

    with ThreadPoolExecutor(THREADS) as threads:
        return dict(pair for pairs in threads.map(post, range(THREADS)) for pair in pairs)


def content(number: int) -> dict[str, Any]:
    return {"template": None, "content": {"subject": "Comment", "text": "Hello"}, "data": {"number": number}}


def windows_of(world: World, reader: str, messages: dict[str, int]) -> dict[str, dict[str, Any]]:
    """The closed windows of a reader, by id; each message is in one of them."""
    listed = all_pages(world, f"/v1/users/{reader}/deliveries")
    items = {each["message_id"]: each for each in listed if each["message_id"] in messages}
    assert items.keys() == messages.keys()
    assert Counter(each["message_id"] for each in listed if each["message_id"] in messages).most_common(1)[0][1] == 1
    assert {each["status"] for each in items.values()} == {"digested"}
    lying_in = Counter(each["digest_id"] for each in items.values())
    assert None not in lying_in
    windows = {name: world.api.expect(200, "GET", f"/v1/users/{reader}/digests/{name}") for name in lying_in}
    assert {name: window["count"] for name, window in windows.items()} == lying_in
    for name, window in windows.items():
        assert window["state"] == "closed"
        inside = {message for message, each in items.items() if each["digest_id"] == name}
        window["inside"] = inside
    return windows


@pytest.mark.long
def test_each_item_is_in_one_digest_and_each_window_is_one_mail(world: World) -> None:
    world.api.expect(201, "PUT", f"/v1/templates/{DIGEST}", TEMPLATE)
    people = readers_of(world)
    topic = world.topic(people, digest={"template": {"id": DIGEST}, "every": {"seconds": SECONDS}})
    messages = posted(world, topic)
    assert len(messages) == THREADS * MESSAGES
    for message in messages:
        at_rest = world.rest(message, seconds=300)
        assert (at_rest["state"], at_rest["counts"]["digested"]) == ("sent", READERS)
    until(
        "all windows are closed",
        lambda: not any(world.api.expect(200, "GET", f"/v1/users/{person.id}/digests")["items"] for person in people),
        seconds=120,
    )
    windows = {person.id: windows_of(world, person.id, messages) for person in people}
    digests = {window["message_id"] for each in windows.values() for window in each.values()}
    known = {digest: world.rest(digest, seconds=120) for digest in digests}
    assert {each["state"] for each in known.values()} == {"sent"}
    assert sum(each["digest_of"]["items"] for each in known.values()) == len(messages) * READERS
    assert sum(each["digest_of"]["readers"] for each in known.values()) == sum(map(len, windows.values()))

    assert_mails_are_the_windows(world, messages, windows)
    assert not any(world.received(message) for message in messages)


def assert_mails_are_the_windows(
    world: World, messages: dict[str, int], windows: dict[str, dict[str, dict[str, Any]]]
) -> None:
    """One mail for each window, with its items."""
    digests = {window["message_id"] for each in windows.values() for window in each.values()}
    mails = {digest: world.console.outbox(channel="email", message_id=digest) for digest in digests}
    by_reader = {(mail["user_id"], digest): mail for digest, some in mails.items() for mail in some}
    assert len(by_reader) == sum(map(len, mails.values())) == sum(map(len, windows.values()))
    short = 0
    for reader, each in windows.items():
        assert sum(window["count"] for window in each.values()) == len(messages)
        for window in each.values():
            mail = by_reader[reader, window["message_id"]]
            assert mail["subject"] == f"{window['count']} comments"
            shown = [(message, int(number)) for message, number in SHOWN.findall(mail["text"])]
            expected = sorted((message, messages[message]) for message in window["inside"])
            if window["count"] <= 100:
                short += 1
                assert sorted(shown) == expected
            else:
                assert shown == expected[:100]
    assert short
