"""A deployment that is exported and imported elsewhere is the same."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

from fanfare.domain.audience import By
from fanfare_client.imports import Importer, Summary, export
from fanfare_client.imports.versions import in_order
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .deployment import Deployment

IDS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._:@|+=~-]{0,12}", fullmatch=True).filter(lambda text: text[:5] != "addr_")
NAMES = st.sampled_from(["news", "orders", "alerts.daily"])
TEXTS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)
CHANNELS = ["email", "sms", "push", "inbox"]
PLATFORMS = st.sampled_from(["fcm", "ios"])
TOKENS = st.one_of(st.sampled_from(["t-1", "t-2"]), TEXTS)
SCALARS = st.one_of(TEXTS, st.integers(-(2**53), 2**53), st.booleans())
USERS = st.fixed_dictionaries(
    {},
    optional={
        "name": TEXTS,
        "email": st.sampled_from([f"user-{number}@example.com" for number in range(6)]),
        "phone": st.sampled_from(["+436641234567", "+447700900123"]),
        "push": st.lists(st.fixed_dictionaries({"platform": PLATFORMS, "token": TOKENS}), max_size=3),
        "locale": st.sampled_from(["de", "pt-BR"]),
        "time_zone": st.just("Europe/Vienna"),
        "quiet_hours": st.just({"start": "22:00", "end": "07:00"}),
        "attributes": st.dictionaries(st.from_regex("[a-z][a-z0-9_]{0,6}", fullmatch=True), SCALARS, max_size=3),
        "opted_out": st.just(True),
    },
)
TOPICS = st.fixed_dictionaries(
    {"title": TEXTS, "channels": st.lists(st.sampled_from(CHANNELS), min_size=1, unique=True)},
    optional={
        "description": TEXTS,
        "public": st.booleans(),
        "limit": st.just({"count": 5, "per_seconds": 60, "overflow": "defer"}),
        "shards": st.integers(1, 3),
    },
)
TIMES = st.sampled_from(["2020-02-29T12:00:00.000Z", "2026-12-31T23:59:59.999Z"])
ANSWERS = st.fixed_dictionaries(
    {"state": st.sampled_from(["subscribed", "unsubscribed"]), "by": st.sampled_from([each.value for each in By])},
    optional={"at": TIMES},
)
SUPPRESSIONS = st.dictionaries(
    st.sampled_from([("email", "user-1@example.com"), ("email", "gone@example.com"), ("sms", "+447700900123")]),
    st.tuples(st.sampled_from(["bounce", "complaint", "manual", "opt_out"]), TIMES),
)
DEPLOYMENTS = st.fixed_dictionaries(
    {
        "users": st.dictionaries(IDS, USERS, max_size=5),
        "topics": st.dictionaries(NAMES, TOPICS, max_size=3),
        "answers": st.lists(st.tuples(st.integers(0, 9), NAMES, st.sampled_from(CHANNELS), ANSWERS), max_size=8),
        "suppressions": SUPPRESSIONS,
        # each a version of one of three templates, with one of them as the layout
        "templates": st.lists(st.tuples(st.integers(0, 2), st.sampled_from([None, 0, 1]), TEXTS), max_size=6),
    }
)


def made(drawn: dict[str, Any]) -> Deployment:
    deployment = Deployment()
    with deployment.client() as fanfare:
        for topic, body in drawn["topics"].items():
            fanfare.topics.put(topic, **body)
        users: Any = [{"id": name, **body} for name, body in drawn["users"].items()]
        fanfare.users.put_many(users)
        ids = [*drawn["users"]]
        for number, topic, channel, answer in drawn["answers"]:
            if ids and topic in drawn["topics"]:
                user = ids[number % len(ids)]
                said: Any = {"user_id": user, "channel": channel, **answer}
                fanfare.subscriptions.put_many(topic, [said])
        for (channel, address), (cause, at) in drawn["suppressions"].items():
            fanfare.suppressions.put_many([{"channel": channel, "address": address, "cause": cause, "at": at}])
        layouts: set[int] = set()
        for number, layout, text in drawn["templates"]:
            content: dict[str, Any] = {"channels": {"email": {"subject": f"S {text!r}", "text": "T {{ content }}"}}}
            if layout in layouts and number != layout and number not in layouts:
                content = {"channels": {"email": {"subject": "S", "text": "T"}}, "layout": f"t{layout}"}
            elif layout is not None and number != layout:
                continue
            elif number < 2:
                layouts.add(number)
            fanfare.templates.put(f"t{number}", **content)
    return deployment


def exported(deployment: Deployment, file: Path) -> list[str]:
    with deployment.client() as fanfare:
        export(fanfare, file)
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return lines.read().splitlines()


def imported(deployment: Deployment, file: Path, *, apply: bool = True, **more: Any) -> Summary:
    with deployment.client() as fanfare:
        return Importer(fanfare, file, **more).run(lambda _: apply)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DEPLOYMENTS)
def test_an_import_of_an_export_is_the_same_deployment(drawn: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "all.jsonl.gz"
        old, empty = made(drawn), Deployment()
        lines = exported(old, file)
        empty.now = old.now  # answers of the old one are not in the future of the new one
        summary = imported(empty, file)
        assert summary.complete, summary
        assert summary.imported == summary.rows == len(lines) - 1
        assert exported(empty, file)[1:] == lines[1:]
        again = imported(empty, file, apply=False)
        assert again.changes == {}
        assert set(again.users) <= {"unchanged", "changed"}
        assert json.loads(lines[0])["format"] == "fanfare-bundle"


def test_topics_with_digests_and_the_frequencies_that_people_chose_come_along(tmp_path: Path) -> None:
    old, empty = Deployment(), Deployment()
    with old.client() as fanfare:
        texts: Any = {"email": {"subject": "{{ data.count }}", "text": "{{ data.key }}"}}
        example = {"items": [], "count": 1, "key": "k", "first_at": "2027-01-01T08:00:00.000Z"}
        fanfare.templates.put("comments-digest", channels=texts, example=example)
        digest: Any = {
            "template": {"id": "comments-digest"},
            "every": {"days": ["mon"], "at": "18:00"},
            "key": "document",
        }
        how_often: Any = {"frequencies": ["immediate", "digest", "daily"], "frequency": "digest"}
        fanfare.topics.put("comments", title="Comments", channels=["email"], digest=digest, **how_often)
        fanfare.users.put("ada", email="ada@example.com")
        fanfare.users.put("grace", email="grace@example.com")
        fanfare.subscriptions.put("ada", "comments", "email", {"frequency": "daily"})
        fanfare.subscriptions.put("grace", "comments", "email")
    lines = exported(old, tmp_path / "all.jsonl.gz")
    empty.now = old.now
    assert imported(empty, tmp_path / "all.jsonl.gz").complete
    assert exported(empty, tmp_path / "again.jsonl.gz")[1:] == lines[1:]
    with empty.client() as fanfare:
        topic = fanfare.topics.get("comments")
        assert topic["digest"] == {
            **digest,
            "every": {"days": ["mon"], "at": "18:00", "seconds": None},
            "items": 100,
            "day": "mon",
        }
        assert (topic["frequencies"], topic["frequency"]) == (["immediate", "digest", "daily"], "digest")
        chosen = {each["user_id"]: each.get("frequency") for each in fanfare.topics.subscribers("comments")}
        assert chosen == {"ada": "daily", "grace": None}


def test_versions_are_made_in_their_first_order_and_those_of_a_circle_last() -> None:
    def version(name: str, number: int, layout: tuple[str, int] | None = None) -> dict[str, Any]:
        return {"id": name, "version": number, "layout": {"id": layout[0], "version": layout[1]} if layout else None}

    made = [
        version("b", 1, ("l", 1)), version("l", 2), version("b", 2, ("l", 2)), version("l", 1), version("a", 3),
        version("x", 1, ("y", 1)), version("y", 1, ("x", 1)),
    ]  # fmt: skip
    ordered = [("a", 3), ("l", 1), ("b", 1), ("l", 2), ("b", 2)]
    assert in_order(made) == [*ordered, ("x", 1), ("y", 1)]
