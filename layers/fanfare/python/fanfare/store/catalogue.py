"""The catalogue table: topics and templates. They change rarely, so reads use a short cache.

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
from functools import lru_cache
from itertools import islice
from typing import Any

from fanfare.aws.codec import Item, KeyRange
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.retries import until_settled
from fanfare.aws.transactions import Transaction
from fanfare.domain.catalogue import Template, Topic, Version
from fanfare.errors import ConditionFailed

BRAND = ("brand", "brand")  # see brands.py
CACHE_SECONDS = 30.0  # for workers: slightly old data is harmless there
LOOK_AT = 100  # topics per call: not all of them are shown
CACHE_ITEMS = 1_000  # a larger cache is emptied
FRESH_SECONDS = 1.0  # for new messages: a change applies after one second


class Catalogue:
    """Topics and templates. Callers set the maximum age of cached items; template versions never change."""

    def __init__(self, table: DynamoTable, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.table = table
        self.cache = _Cache(table, monotonic)

    # Topics

    def topic(self, topic_id: str, *, max_age: float = CACHE_SECONDS) -> Topic | None:
        """The topic, at most `max_age` seconds old."""
        return _topic(self.cache.get("topics", topic_id, max_age=max_age))

    def read_topic(self, topic_id: str) -> Topic | None:
        """The topic, strongly consistent."""
        return _topic(self.table.get("topics", topic_id))

    def read_shards(self, topic_id: str) -> tuple[Topic | None, int | None]:
        """The current topic, and its number of shards, which is kept after a deletion."""
        item = self.table.get("topics", topic_id)
        return _topic(item), item["shards"] if item else None

    def topics(self, *, after: str | None, limit: int, public: bool = False) -> list[Topic]:
        """Up to `limit` topics by id; `public`: only public ones."""
        found = (_topic(item) for item in self._pages("topics", after, max(limit, LOOK_AT)))
        return list(islice((topic for topic in found if topic and (topic.public or not public)), limit))

    def put_topic(self, topic: Topic) -> None:
        """Create or replace a topic. Raises ConditionFailed if its shards would change: they contain subscriptions."""
        item = {
            "pk": "topics",
            "sk": topic.id,
            "title": topic.title,
            "description": topic.description,
            "titles": dict(topic.titles) or None,
            "descriptions": dict(topic.descriptions) or None,
            "channels": list(topic.channels),
            "required": topic.required,
            "category": topic.category,
            "limit": dict(topic.limit) if topic.limit else None,
            "public": topic.public,
            "sms_smart": topic.sms_smart or None,
            "footer": None if topic.footer else False,
            "sender": dict(topic.sender) if topic.sender else None,
            "digest": dict(topic.digest) if topic.digest else None,
            "frequencies": list(topic.frequencies) or None,
            "frequency": topic.frequency,
            "shards": topic.shards,
            "created_at": topic.created_at,
            "updated_at": topic.updated_at,
        }
        # not a transaction: it would fail during another write of the same topic
        self.table.put(item, condition="attribute_not_exists(pk) OR shards = :shards", values={":shards": topic.shards})
        self.cache.forget(("topics", topic.id))

    def delete_topic(self, topic_id: str) -> None:
        """Delete the topic, but keep the number of its shards. Idempotent."""
        with suppress(ConditionFailed):
            self.table.update(
                "topics", topic_id, "SET deleted = :true", condition="attribute_exists(pk)", values={":true": True}
            )
        self.cache.forget(("topics", topic_id))

    # Templates

    def template(self, template_id: str, version: int) -> Template | None:
        """A version, hidden or not: accepted messages keep their version."""
        item = self.cache.get(f"template#{template_id}", _version_sk(version), max_age=math.inf)
        return _template(item) if item else None

    def template_head(self, template_id: str, *, max_age: float = 0.0) -> Template | None:
        """The newest version, hidden or not, at most `max_age` seconds old; strongly consistent when it was read."""
        item = self.cache.get("templates", template_id, max_age=max_age)
        return _template(item) if item else None

    def for_message(
        self, topic_id: str | None, template_id: str | None, version: int | None
    ) -> tuple[Topic | None, Template | None, Item]:
        """Topic, template and brand of a new message, at most `FRESH_SECONDS` old, in one call or none. `version` None:
        the newest. A hidden template is not found; a brand that is not stored is empty."""
        keys = [(pk, sk) for pk, sk in (("topics", topic_id), ("templates", template_id), BRAND) if sk is not None]
        known = {
            key: self.cache.known(key) for key in keys if self.cache.fresh(key, FRESH_SECONDS, absent=key == BRAND)
        }
        missing = [key for key in keys if key not in known]
        found = self.table.get_many(missing) if missing else {}
        for key in missing:
            self.cache.keep(key, found.get(key))  # this may empty the cache, so known items are not read from it again
        known |= found
        topic = known.get(("topics", topic_id)) if topic_id is not None else None
        head = known.get(("templates", template_id)) if template_id is not None else None
        brand = known.get(BRAND) or {}
        if head is None or template_id is None or head.get("hidden"):
            return _topic(topic), None, brand
        newest = version in (None, head["version"])
        return _topic(topic), _template(head) if newest else self.template(template_id, version or 0), brand

    def templates(self, *, after: str | None, limit: int) -> list[Version]:
        """Up to `limit` templates that are not hidden, by id, each with its newest version."""
        rows = self._pages("templates", after, limit, names=("sk", "id", "version", "created_at", "hidden"))
        return list(islice((_version(item) for item in rows if not item.get("hidden")), limit))

    def versions(self, template_id: str, *, before: int | None, limit: int) -> list[Version]:
        """Up to `limit` versions, newest first."""
        rows = self.table.query(
            f"template#{template_id}",
            KeyRange(before=_version_sk(before) if before is not None else None),
            limit=limit,
            newest_first=True,
            names=("sk", "id", "version", "created_at"),
        )
        return [_version(item) for item in rows]

    def add_version(self, template_id: str, body: Mapping[str, Any], *, created_at: str) -> Template:
        """Store the next version as the newest. A hidden template becomes visible again."""

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
        """Hide a template from new messages. False if it does not exist."""
        try:
            self.table.update(
                "templates",
                template_id,
                "SET #hidden = :hidden",  # `hidden` is a reserved word
                condition="attribute_exists(pk)",
                values={":hidden": True},
                names={"#hidden": "hidden"},
            )
        except ConditionFailed:
            return False
        self.cache.forget(("templates", template_id))
        return True

    def _pages(self, pk: str, after: str | None, size: int, names: Sequence[str] | None = None) -> Iterator[Item]:
        """The items of a partition, read lazily, `size` per call."""
        while True:
            items = list(self.table.query(pk, KeyRange(after=after), limit=size, names=names))
            yield from items
            if len(items) < size:
                return
            after = items[-1]["sk"]


class _Cache:
    """Items of the table, each with the time of its read."""

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
        """The item as read last."""
        return self._known[key][1]

    def fresh(self, key: tuple[str, str], max_age: float, *, absent: bool = False) -> bool:
        """Whether the item was found by a read at most `max_age` seconds ago; with `absent`, or was not there."""
        known = self._known.get(key)
        if known is None or (known[1] is None and not absent):
            return False
        return self.monotonic() - known[0] < max_age

    def keep(self, key: tuple[str, str], item: Item | None) -> None:
        """Cache the result of a read. A full cache is emptied first."""
        if len(self._known) > CACHE_ITEMS:
            self._known.clear()
        self._known[key] = (self.monotonic(), item)

    def forget(self, key: tuple[str, str]) -> None:
        """Remove a changed item from the cache."""
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
        titles=item.get("titles") or {},
        descriptions=item.get("descriptions") or {},
        channels=tuple(item["channels"]),
        required=item["required"],
        category=item["category"],
        limit=item.get("limit"),
        public=item["public"],
        sms_smart=bool(item.get("sms_smart")),
        footer=item.get("footer", True),
        sender=item.get("sender"),
        digest=item.get("digest"),
        frequencies=tuple(item.get("frequencies", ())),
        frequency=item.get("frequency"),
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
        body=_body(item["body"]),
        created_at=item["created_at"],
        hidden=item.get("hidden", False),
    )


@lru_cache(maxsize=32)  # what was compiled and prepared of a body is found again by its identity
def _body(text: str) -> Mapping[str, Any]:
    """The body of a template, one object for all messages: nothing may change it."""
    body: Mapping[str, Any] = json.loads(text)
    return body
