"""A deployment as large as a real one is exported, imported into an empty one, and exported again: the same bytes."""

from __future__ import annotations

import gzip
import random
from pathlib import Path
from typing import Any, Final

import pytest
from fanfare.domain.audience import By
from fanfare_client import Fanfare

from .deployment import Deployment
from .test_bundle import exported, imported

USERS, TOPICS, VERSIONS, SUPPRESSIONS = 1_000, 20, 30, 100
CHANNELS: Final = ("email", "sms", "push", "inbox")
FREQUENCIES: Final = ("immediate", None)


def filled() -> Deployment:
    """A deployment with everything that a bundle has."""
    deployment = Deployment()
    draw = random.Random(21)  # noqa: S311
    with deployment.client() as fanfare:
        link: Any = {"titles": {"en": "Privacy", "de": "Datenschutz"}, "url": "https://x.org/privacy"}
        fanfare.brand.put(name="Shop", url="https://x.org", colour="#123456", links=[link])
        for number in range(TOPICS):
            fanfare.topics.put(f"topic.{number}", **topic(number))
        for number in range(VERSIONS):
            fanfare.templates.put(f"template-{number % 7}", **template(number))
        fanfare.users.put_many([user(number, draw) for number in range(USERS)])
        for number in range(TOPICS):
            fanfare.subscriptions.put_many(f"topic.{number}", answers(draw))
        fanfare.suppressions.put_many([suppression(number) for number in range(SUPPRESSIONS)])
    for number in range(0, USERS, 97):
        deployment.opt_out(f"user-{number}")
    return deployment


def topic(number: int) -> Any:
    body: dict[str, Any] = {"title": f"Topic {number}", "channels": [*CHANNELS], "public": number % 2 == 0}
    if number % 3 == 0:
        body["limit"] = {"count": number + 1, "per_seconds": 60, "overflow": "defer"}
    return body | {"titles": {"de": f"Thema {number}"}, "shards": 1 + number % 3, "description": "Ä" * number}


def template(number: int) -> Any:
    name, version = number % 7, number // 7
    if name == 0:
        return {"channels": {"email": {"subject": "S", "html": f"<i>{version}</i>{{{{ content }}}}"}}}
    body: dict[str, Any] = {
        "channels": {"email": {"subject": "{{ data.a }}", "html": f"<p>{version}</p>"}, "sms": {"text": "T"}},
        "locales": {"de": {"email": {"subject": f"Betreff {version}"}}},
        "example": {"a": version},
        "partials": {"foot": "<p>Bye</p>"},
    }
    return body | ({"layout": "template-0"} if name < 4 else {})


def user(number: int, draw: random.Random) -> Any:
    fields: dict[str, Any] = {
        "name": draw.choice(["Ada", "Zoë", "花子", "O'Neil"]),
        "email": f"User-{number}@x.org",
        "phone": f"+4366412{number:05}",
        "push": [{"platform": "fcm", "token": f"t-{number}"}],
        "locale": draw.choice(["de", "pt-BR", "ja"]),
        "time_zone": "Europe/Vienna",
        "quiet_hours": {"start": "22:00", "end": "07:00"},
        "webhook": {"url": f"https://hooks.x.org/{number}"},
        "attributes": {
            "plan": draw.choice(["pro", "free"]),
            "seats": number,
            "rate": number / 8,
            "beta": number % 2 == 0,
        },
    }
    return {"id": f"user-{number}"} | {name: value for name, value in fields.items() if draw.random() < 0.8}


def answers(draw: random.Random) -> Any:
    return [
        {
            "user_id": f"user-{number}",
            "channel": draw.choice(CHANNELS),
            "state": draw.choice(["subscribed", "subscribed", "unsubscribed"]),
            "at": f"20{draw.randint(10, 26)}-0{draw.randint(1, 9)}-1{draw.randint(0, 9)}T12:34:56.789Z",
            "by": draw.choice([each.value for each in By]),
            "evidence": draw.choice([None, "form 7", "Ticket äöü"]),
            "frequency": draw.choice(FREQUENCIES),
        }
        for number in draw.sample(range(USERS), 120)
    ]


def suppression(number: int) -> Any:
    sms = number % 5 == 0
    address = f"+4366499{number:05}" if sms else f"gone-{number}@x.org"
    cause = ("bounce", "complaint", "manual", "opt_out")[number % 4]
    channel = "sms" if sms else "email"
    return {"channel": channel, "address": address, "cause": cause, "at": f"2025-01-01T00:00:{number % 60:02}.000Z"}


def counted(lines: list[str]) -> dict[str, int]:
    kinds = [line.split('"', 4)[3] for line in lines]
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


@pytest.mark.long
@pytest.mark.timeout(300)
def test_an_import_of_a_large_export_is_exported_as_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first.jsonl.gz", tmp_path / "second.jsonl.gz"
    lines = exported(filled(), first)
    assert counted(lines) == {
        "bundle": 1, "brand": 1, "topic": TOPICS, "template": VERSIONS, "suppression": SUPPRESSIONS, "user": USERS,
        "subscription": TOPICS * 120,
    }  # fmt: skip
    empty = Deployment()
    summary = imported(empty, first)
    assert (summary.complete, summary.imported, summary.rows) == (True, len(lines) - 1, len(lines) - 1)
    exported(empty, second)
    old, new = (gzip.decompress(file.read_bytes()).split(b"\n", 1) for file in (first, second))
    assert new[1] == old[1]
    assert b'"exported_at"' in old[0]
    assert new[0].partition(b'"exported_at"')[0] == old[0].partition(b'"exported_at"')[0]


def test_evidence_and_frequency_come_along(tmp_path: Path) -> None:
    def subscribers(fanfare: Fanfare) -> list[Any]:
        return [*fanfare.topics.subscribers("news")]

    old, new = Deployment(), Deployment()
    with old.client() as fanfare:
        fanfare.topics.put("news", title="News", channels=["email", "sms"])
        fanfare.users.put("ada", name="Ada")
        said: Any = {"at": "2020-02-29T12:00:00.000Z", "by": "import", "evidence": "form 7", "frequency": "immediate"}
        no: Any = {"at": "2021-02-28T12:00:00.000Z", "by": "person", "evidence": "a call", "state": "unsubscribed"}
        items: Any = [{"user_id": "ada", "channel": "email"} | said, {"user_id": "ada", "channel": "sms"} | no]
        fanfare.subscriptions.put_many("news", items)
        expected = [
            {"user_id": "ada", "channel": "email", "state": "subscribed", **said},
            {"user_id": "ada", "channel": "sms", **no},
        ]
        assert subscribers(fanfare) == expected
    file = tmp_path / "all.jsonl.gz"
    exported(old, file)
    assert imported(new, file).complete
    with new.client() as fanfare:
        assert subscribers(fanfare) == expected
