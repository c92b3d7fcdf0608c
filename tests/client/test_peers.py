"""Twenty people of each system: who comes along with what, who does not, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from fanfare_client.imports.reading import SOURCES, detect
from fanfare_client.imports.records import Record
from fanfare_client.imports.tables.options import TableOptions

from .deployment import Deployment
from .peers import Peer
from .peers.all import PEERS
from .test_bundle import imported
from .test_import import report

NEW = "2027-01-01"  # the day of the import
FIELDS = {"time_zone": "tz"}


def told(user: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in user.items() if value and name not in ("id", "attributes")}
    given = {FIELDS.get(name, name): value for name, value in kept.items()}
    given["push"] = " ".join(f"{each['platform']}:{each['token']}" for each in given.get("push", ()))
    given |= {f"a.{name}": value for name, value in (user.get("attributes") or {}).items()}
    return " ".join([user["id"], *(f"{name}={value}" for name, value in given.items() if value not in (None, ""))])


def day(at: str) -> str:
    return "" if at.startswith(NEW) else f"@{at[:10]}"


class Became:
    """What a deployment contains after an import."""

    def __init__(self, deployment: Deployment, left: list[dict[str, Any]]) -> None:
        self.left = left
        self.answers: dict[str, list[str]] = {}
        self.suppressed: dict[str, str] = {}
        with deployment.client() as fanfare:
            self.users = {user["id"]: told(cast(Mapping[str, Any], user)) for user in fanfare.users.list()}
            for each in fanfare.suppressions.list():
                self.suppressed[each["address"]] = f"{each['cause']}{day(each['created_at'])}"
            for topic in fanfare.topics.list():
                for answer in fanfare.topics.subscribers(topic["id"]):
                    sign = "+" if answer["state"] == "subscribed" else "-"
                    said = f"{sign}{topic['id']}/{answer['channel']}{day(answer['at'])}"
                    self.answers.setdefault(answer["user_id"], []).append(said)

    def of(self, place: int, records: list[Record]) -> str:
        return " ".join(self._parts(place, records))

    def _parts(self, place: int, records: list[Record]) -> Iterator[str]:
        ids = dict.fromkeys(str(each.body["id"]) for each in records if each.kind == "user")
        addresses: dict[str, None] = {}
        for each in records:
            for name in ("email", "phone", "address"):
                if each.body.get(name):
                    addresses.setdefault(str(each.body[name]).lower())
        for user_id in ids:
            if user_id in self.users:
                yield self.users[user_id]
            yield from sorted(self.answers.get(user_id, ()))
        yield from (f"!{each} {self.suppressed[each]}" for each in addresses if each in self.suppressed)
        for left in self.left:
            if left.get("line") == place:
                yield " ".join(filter(None, (f"~{left['outcome']}", left["code"], left["field"])))


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: f"{peer.source} {peer.file}")
def test_everybody_comes_or_is_named_with_the_reason(peer: Peer, tmp_path: Path) -> None:
    file = peer.made(tmp_path)
    deployment = Deployment()
    with deployment.client() as fanfare:
        fanfare.topics.put("news", title="News", channels=["email", "sms", "push", "inbox"])
    if peer.recognised:
        assert detect(file).name == peer.source
    table = TableOptions(**peer.options)
    summary = imported(deployment, file, source=None if peer.recognised else peer.source, topics=["news"], table=table)
    reads = list(SOURCES[peer.source].rows(file, table))
    became = Became(deployment, report(summary) if summary.report_file else [])
    wrong: list[str] = []
    for (row, expected), read in zip(peer.people, reads, strict=True):
        found = became.of(read.place, [each for each in read.found if isinstance(each, Record)])
        if found != expected:
            wrong.append(f"{read.place} {row}\n  {found}\n  expected\n  {expected}")
    assert not wrong, "\n".join(wrong)
    assert summary.rows == len(peer.people) >= 20
    whole = [summary.skipped, summary.rejected, summary.damaged]
    assert summary.rows == summary.imported + sum(sum(each.values()) for each in whole)
    assert list(peer.said) == summary.notes
