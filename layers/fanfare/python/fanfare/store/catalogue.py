"""The catalogue table: topics and templates. They change rarely, so they are read through a short cache.

pk              sk                what
topics          <id>              a topic; a deleted one keeps its number of shards, because subscriptions use it
templates       <id>              a template's newest version in full, and whether it is hidden
template#<id>   version#<n>       a version; never changed, never deleted while a message may need it
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

from fanfare.aws.codec import Item, KeyRange
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.retries import until_settled
from fanfare.aws.transactions import Transaction
from fanfare.domain.catalogue import Template, Topic, Version
from fanfare.errors import ConditionFailed

CACHE_SECONDS = 30.0  # for workers, who ask for what hardly matters if it is a little old
LOOK_AT = 100  # topics a call: not all of them are shown
CACHE_ITEMS = 1_000  # beyond that it is emptied
FRESH_SECONDS = 1.0  # for what decides about a new message: a change counts from the next second on


class Catalogue:
    """Topics and templates. A cached answer is as old as the caller allows; versions never go out of date."""

    def __init__(self, table: DynamoTable, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.table = table
        self.cache = _Cache(table, monotonic)

    # Topics

    def topic(self, topic_id: str, *, max_age: float = CACHE_SECONDS) -> Topic | None:
        """The topic, at most `max_age` seconds old."""
        return _topic(self.cache.get("topics", topic_id, max_age=max_age))

    def read_topic(self, topic_id: str) -> Topic | None:
        """The topic as it is now."""
        return _topic(self.table.get("topics", topic_id))

    def read_shards(self, topic_id: str) -> tuple[Topic | None, int | None]:
        """The topic as it is now, and its shards, which outlive it."""
        item = self.table.get("topics", topic_id)
        return _topic(item), item["shards"] if item else None

    def topics(self, *, after: str | None, limit: int, public: bool = False) -> list[Topic]:
        """Up to `limit` topics in the order of their ids; `public`: of those that people are shown."""
        found = (_topic(item) for item in self._pages("topics", after, max(limit, LOOK_AT)))
        return list(islice((topic for topic in found if topic and (topic.public or not public)), limit))

    def put_topic(self, topic: Topic) -> None:
        """Create or replace a topic. Raises ConditionFailed when its shards would change: subscriptions lie there."""
        item = {
            "pk": "topics",
            "sk": topic.id,
            "title": topic.title,
            "description": topic.description,
            "channels": list(topic.channels),
            "required": topic.required,
            "category": topic.category,
            "limit": dict(topic.limit) if topic.limit else None,
            "public": topic.public,
            "shards": topic.shards,
            "created_at": topic.created_at,
            "updated_at": topic.updated_at,
        }
        # no transaction: one would be refused while somebody else is writing the same topic
        self.table.put(item, condition="attribute_not_exists(pk) OR shards = :shards", values={":shards": topic.shards})
        self.cache.forget(("topics", topic.id))

    def delete_topic(self, topic_id: str) -> None:
        """Forget the topic, but not into how many shards its subscriptions went; a repeat changes nothing."""
        with suppress(ConditionFailed):
            self.table.update(
                "topics", topic_id, "SET deleted = :true", condition="attribute_exists(pk)", values={":true": True}
            )
        self.cache.forget(("topics", topic_id))

    # Templates

    def template(self, template_id: str, version: int) -> Template | None:
        """A version, hidden or not: what a message was accepted with stays what it says."""
        item = self.cache.get(f"template#{template_id}", _version_sk(version), max_age=math.inf)
        return _template(item) if item else None

    def template_head(self, template_id: str) -> Template | None:
        """The newest version as it is now, hidden or not."""
        item = self.table.get("templates", template_id)
        return _template(item) if item else None

    def for_message(
        self, topic_id: str | None, template_id: str | None, version: int | None
    ) -> tuple[Topic | None, Template | None]:
        """What a new message names, at most `FRESH_SECONDS` old, in one call or none: the topic, and the template
        in that version, or in its newest one. A hidden template is not there for new messages."""
        keys = [(pk, sk) for pk, sk in (("topics", topic_id), ("templates", template_id)) if sk is not None]
        known = {key: self.cache.known(key) for key in keys if self.cache.fresh(key, FRESH_SECONDS)}
        missing = [key for key in keys if key not in known]
        found = self.table.get_many(missing) if missing else {}
        for key in missing:
            self.cache.keep(key, found.get(key))  # which may empty the cache: what is known is not read from it again
        known |= found
        topic = known.get(("topics", topic_id)) if topic_id is not None else None
        head = known.get(("templates", template_id)) if template_id is not None else None
        if head is None or template_id is None or head.get("hidden"):
            return _topic(topic) if topic else None, None
        newest = version in (None, head["version"])
        return _topic(topic) if topic else None, _template(head) if newest else self.template(template_id, version or 0)

    def templates(self, *, after: str | None, limit: int) -> list[Version]:
        """Up to `limit` newest versions of templates that are not hidden, in the order of their ids."""
        rows = self._pages("templates", after, limit, names=("sk", "id", "version", "created_at", "hidden"))
        return list(islice((_version(item) for item in rows if not item.get("hidden")), limit))

    def versions(self, template_id: str, *, before: int | None, limit: int) -> list[Version]:
        """Up to `limit` versions, the newest first."""
        rows = self.table.query(
            f"template#{template_id}",
            KeyRange(before=_version_sk(before) if before is not None else None),
            limit=limit,
            newest_first=True,
            names=("sk", "id", "version", "created_at"),
        )
        return [_version(item) for item in rows]

    def add_version(self, template_id: str, body: Mapping[str, Any], *, created_at: str) -> Template:
        """Store the next version and make it the newest. Brings a hidden template back."""

        def attempt() -> Template:
            head = self.template_head(template_id)
            version = head.version + 1 if head else 1
            content = {
                "id": template_id,
                "version": version,
                "body": json.dumps(body, ensure_ascii=False),
                "created_at": created_at,
            }
            transaction = Transaction().put(
                self.table,
                content | {"pk": "templates", "sk": template_id},
                # no version was added since the head was read
                condition="version = :read" if head else "attribute_not_exists(pk)",
                values={":read": head.version} if head else None,
            )
            transaction.put(self.table, content | {"pk": f"template#{template_id}", "sk": _version_sk(version)})
            transaction.run()
            return Template(id=template_id, version=version, body=body, created_at=created_at)

        template = until_settled(attempt, sleep=self.table.sleep)
        self.cache.forget(("templates", template_id))
        return template

    def hide_template(self, template_id: str) -> bool:
        """Hide a template from new messages; False where there is none."""
        try:
            self.table.update(
                "templates",
                template_id,
                "SET #hidden = :hidden",  # a reserved word
                condition="attribute_exists(pk)",
                values={":hidden": True},
                names={"#hidden": "hidden"},
            )
        except ConditionFailed:
            return False
        self.cache.forget(("templates", template_id))
        return True

    def _pages(self, pk: str, after: str | None, size: int, names: Sequence[str] | None = None) -> Iterator[Item]:
        """The items of a partition, `size` a call, for as long as they are asked for."""
        while True:
            items = list(self.table.query(pk, KeyRange(after=after), limit=size, names=names))
            yield from items
            if len(items) < size:
                return
            after = items[-1]["sk"]


class _Cache:
    """Items of the table, each with the time at which it was read."""

    def __init__(self, table: DynamoTable, monotonic: Callable[[], float]) -> None:
        self.table = table
        self.monotonic = monotonic
        self._known: dict[tuple[str, str], tuple[float, Item | None]] = {}

    def get(self, pk: str, sk: str, *, max_age: float) -> Item | None:
        """The item, at most `max_age` seconds old."""
        if not self.fresh((pk, sk), max_age):
            self.keep((pk, sk), self.table.get(pk, sk))
        return self._known[pk, sk][1]

    def known(self, key: tuple[str, str]) -> Item | None:
        """What was read last."""
        return self._known[key][1]

    def fresh(self, key: tuple[str, str], max_age: float) -> bool:
        """Whether it was read, and was there, at most `max_age` seconds ago."""
        known = self._known.get(key)
        return known is not None and known[1] is not None and self.monotonic() - known[0] < max_age

    def keep(self, key: tuple[str, str], item: Item | None) -> None:
        """Note what was read just now. A full cache is emptied first."""
        if len(self._known) > CACHE_ITEMS:
            self._known.clear()
        self._known[key] = (self.monotonic(), item)

    def forget(self, key: tuple[str, str]) -> None:
        """It was changed."""
        self._known.pop(key, None)


def _version_sk(version: int) -> str:
    return f"version#{version:08d}"


def _topic(item: Item | None) -> Topic | None:
    if item is None or item.get("deleted"):
        return None
    return Topic(
        id=item["sk"],
        title=item["title"],
        description=item.get("description", ""),
        channels=tuple(item["channels"]),
        required=item["required"],
        category=item["category"],
        limit=item.get("limit"),
        public=item["public"],
        shards=item["shards"],
        created_at=item["created_at"],
        updated_at=item["updated_at"],
    )


def _version(item: Item) -> Version:
    return Version(id=item["id"], version=item["version"], created_at=item["created_at"])


def _template(item: Item) -> Template:
    return Template(
        id=item["id"],
        version=item["version"],
        body=json.loads(item["body"]),
        created_at=item["created_at"],
        hidden=item.get("hidden", False),
    )
