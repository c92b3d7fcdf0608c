"""The messages table: posted messages, the progress of their fan-out, and idempotency keys.

pk                      sk          what
message#<id>            body        data or content, and named recipients; never changed. It sorts first, so a
                                    query that starts after it reads only the small items
message#<id>            message     state, timeline and, when finished, counts
message#<id>            shard#<k>   cursor of the fan-out in one shard
idempotency#<digest>    idempotency the message that this key of this caller created
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from fanfare.aws.dynamodb import TRANSACTION_LIMIT, DynamoTable, Item, transact
from fanfare.clock import to_text
from fanfare.domain.lifecycle import State, may_come_from
from fanfare.domain.message import Accepted, KeyReused, Message, Payload, Progress, unsealed_shards
from fanfare.errors import ConditionFailed
from fanfare.ids import shard_of

DUE_SHARDS = 4
RECENT_SHARDS = 4
# What a list with a filter looks at for a page: so many rows of each shard a call, so many times; 10,000 in all
LOOK_AT, LOOKS = 500, 5


def _pk(message_id: str) -> str:
    return f"message#{message_id}"


def _shard_sk(shard: int) -> str:
    return f"shard#{shard:04d}"


class Messages:
    """`moved` is told of every move through the life cycle, once it is written."""

    def __init__(self, table: DynamoTable, *, moved: Callable[[Message], None] | None = None) -> None:
        self.table = table
        self.moved = moved

    # Accepting

    def accept(
        self,
        message: Message,
        payload: Payload,
        *,
        idempotency_key: str | None,
        fingerprint: str,
    ) -> Accepted:
        """Store a new message, once per idempotency key, in one transaction.

        Raises KeyReused when the caller used the key for another body.
        """
        pk = _pk(message.id)
        parts = [
            self.table.putting(
                {
                    "pk": pk,
                    "sk": "message",
                    "id": message.id,
                    "state": message.state,
                    "caller": message.caller,
                    "topic": message.topic,
                    "template": dict(message.template) if message.template else None,
                    "channels": list(message.channels),
                    "priority": message.priority,
                    "on_doubt": message.on_doubt,
                    "shards": message.shards,
                    "created_at": message.created_at,
                    "send_at": message.send_at,
                    "expires_at": message.expires_at,
                    "timeline": [_entry(message.state, message.created_at, None)],
                    "recent_shard": f"recent#{shard_of(message.id, RECENT_SHARDS)}",
                    "due_shard": _due_shard(message.id),
                    "due_at": message.due_at,
                    "ttl": message.retain_until,
                }
            ),
            self.table.putting(
                {
                    "pk": pk,
                    "sk": "body",
                    **_stored(payload),
                    "ttl": message.retain_until,
                }
            ),
        ]
        if idempotency_key is not None:
            parts.append(
                self.table.putting(
                    {
                        "pk": _idempotency_pk(message.caller, idempotency_key),
                        "sk": "idempotency",
                        "message_id": message.id,
                        "created_at": message.created_at,
                        "fingerprint": fingerprint,
                        "ttl": message.retain_until,
                    },
                    # this caller has not used the key yet
                    condition="attribute_not_exists(pk)",
                )
            )
        while True:
            try:
                transact(self.table.client, parts)
                return Accepted(message.id, message.created_at, replayed=False)
            except ConditionFailed as failed:
                first = failed.found[-1] if failed.found else None
                if first is None:  # another post with this key is being written just now
                    continue
                if first["fingerprint"] != fingerprint:
                    raise KeyReused from failed
                replayed = first["message_id"] != message.id
                return Accepted(str(first["message_id"]), str(first["created_at"]), replayed=replayed)

    def accepted_before(self, caller: str, idempotency_key: str, fingerprint: str) -> Accepted | None:
        """What the key has made already, if anything. Raises KeyReused as `accept` does."""
        first = self.table.get(_idempotency_pk(caller, idempotency_key), "idempotency")
        if first is None:
            return None
        if first["fingerprint"] != fingerprint:
            raise KeyReused
        return Accepted(first["message_id"], first["created_at"], replayed=True)

    # Reading

    def get(self, message_id: str) -> Message | None:
        """The message, strongly consistent."""
        item = self.table.get(_pk(message_id), "message")
        return _message(item) if item else None

    def get_many(self, message_ids: Sequence[str]) -> dict[str, tuple[Message, Payload]]:
        """Messages with their payloads, strongly consistent, in one call for up to 50."""
        keys = [(_pk(message_id), sk) for message_id in dict.fromkeys(message_ids) for sk in ("message", "body")]
        found = self.table.get_many(keys)
        return {
            message_id: (_message(found[_pk(message_id), "message"]), _payload(found[_pk(message_id), "body"]))
            for message_id in dict.fromkeys(message_ids)
            if (_pk(message_id), "message") in found and (_pk(message_id), "body") in found
        }

    def for_fan_out(self, message_id: str, shard: int) -> tuple[Message, Payload, Progress] | None:
        """All that a fan-out job needs, in one strongly consistent call."""
        pk = _pk(message_id)
        found = self.table.get_many([(pk, "message"), (pk, "body"), (pk, _shard_sk(shard))])
        if (pk, "message") not in found or (pk, "body") not in found:
            return None
        progress = found.get((pk, _shard_sk(shard)))
        return (
            _message(found[pk, "message"]),
            _payload(found[pk, "body"]),
            _progress(progress) if progress else Progress(shard=shard),
        )

    def with_progress(self, message_id: str) -> tuple[Message, list[Progress]] | None:
        """The message and the progress of every shard that has begun, strongly consistent."""
        items = list(self.table.query(_pk(message_id), after="body"))
        if not items or items[0]["sk"] != "message":
            return None  # what is forgotten leaves one item after the other
        return _message(items[0]), [_progress(item) for item in items[1:]]

    def recent(
        self, *, before: str | None, limit: int, state: str | None = None, topic: str | None = None
    ) -> tuple[list[Message], str | None]:
        """A page of messages, newest first, and the id to go on `before` (None after the last).

        With a filter it may have fewer than `limit`, or none, and go on all the same: it looks at so many and no more.
        """
        filtered = state is not None or topic is not None
        size = max(limit + 1, LOOK_AT) if filtered else limit + 1
        wanted: list[Message] = []
        position = before or "g"  # after every id: they are hexadecimal
        for _ in range(LOOKS):
            rows, reached = self._newest(position, size)
            ids = [
                row["id"]
                for row in rows
                if (state is None or row["state"] == state) and (topic is None or row.get("topic") == topic)
            ]
            for start in range(0, len(ids), limit + 1):
                wanted += self._as_they_are(ids[start : start + limit + 1], state)
                if len(wanted) > limit:
                    return wanted[:limit], wanted[limit - 1].id
            if reached is None:
                return wanted, None
            position = reached
        return wanted, position

    def _newest(self, before: str, size: int) -> tuple[list[Item], str | None]:
        """Rows of the index, `size` of each shard, newest first, and the id that they reach down to (None: the end)."""
        pages = [
            self.table.query_index(
                "recent",
                ("recent_shard", f"recent#{shard}"),
                ("id", "<", before),
                limit=size,
                newest_first=True,
            )
            for shard in range(RECENT_SHARDS)
        ]
        # a shard that has more says nothing of what is older than its last row
        reached = max((str(page[-1]["id"]) for page in pages if len(page) == size), default=None)
        rows = [row for page in pages for row in page if reached is None or row["id"] >= reached]
        return sorted(rows, key=lambda row: str(row["id"]), reverse=True), reached

    def _as_they_are(self, message_ids: Sequence[str], state: str | None) -> list[Message]:
        """Messages in this order: the index lags a little behind the table."""
        found = self.table.get_many([(_pk(message_id), "message") for message_id in message_ids])
        items = [found[key] for message_id in message_ids if (key := (_pk(message_id), "message")) in found]
        return [_message(item) for item in items if state is None or item["state"] == state]

    def due(self, now: datetime, *, page: int) -> Iterator[str]:
        """Ids of messages that are not at rest and whose time has come, the longest overdue first, as they are used."""
        for row in self.table.overdue(to_text(now), shards=DUE_SHARDS, page=page):
            yield str(row["pk"]).removeprefix("message#")

    # Moving through the life cycle

    def move(
        self,
        message_id: str,
        to: State,
        *,
        now: datetime,
        reason: str | None = None,
        due_at: datetime | None = None,
        origins: Sequence[State] | None = None,
        round_: int | None = None,
        **also: Any,
    ) -> Message:
        """Move the message to `to`, if the life cycle allows it from where it is.

        `origins` narrows where it may come from; `round_` refuses when it was re-driven meanwhile;
        `also` sets further attributes. Without `due_at` the reconciler forgets the message, with it
        the message is looked at again then. Raises ConditionFailed.
        """
        allowed = [state for state in may_come_from(to) if origins is None or state in origins]
        values: dict[str, Any] = {
            ":to": to,
            ":entry": [_entry(to, to_text(now), reason)],
        } | {f":from{i}": state for i, state in enumerate(allowed)}
        names = {"#state": "state", "#timeline": "timeline"}
        sets = ["#state = :to", "#timeline = list_append(#timeline, :entry)"]
        condition = [f"#state IN ({', '.join(f':from{i}' for i in range(len(allowed)))})"]
        removes = []
        if due_at is not None:
            sets += ["due_at = :due_at", "due_shard = :due_shard"]
            values |= {":due_at": to_text(due_at), ":due_shard": _due_shard(message_id)}
        else:
            removes += ["due_at", "due_shard"]
        for name, value in also.items():
            names[f"#{name}"] = name
            if value is None:
                removes.append(f"#{name}")
            else:
                sets.append(f"#{name} = :{name}")
                values[f":{name}"] = value
        if round_ is not None:
            names["#round"] = "round"
            values[":read"] = round_
            # not re-driven since it was read
            condition.append("(#round = :read OR (attribute_not_exists(#round) AND :read = :zero))")
            values[":zero"] = 0
        update = f"SET {', '.join(sets)}" + (f" REMOVE {', '.join(removes)}" if removes else "")
        message = _message(
            self.table.update(
                _pk(message_id), "message", update, condition=" AND ".join(condition), values=values, names=names
            )
        )
        if self.moved is not None:
            self.moved(message)
        return message

    def put_off(self, message_id: str, due_at: datetime, *, seen: str | None) -> None:
        """Have the reconciler look again at `due_at`. Raises ConditionFailed if it changed since it was seen."""
        self.table.update(
            _pk(message_id),
            "message",
            "SET due_at = :due_at, due_shard = :due_shard",
            # nobody else has put it off or brought it to rest since it was read
            condition="due_at = :seen",
            values={":due_at": to_text(due_at), ":due_shard": _due_shard(message_id), ":seen": seen},
        )

    def keep_cancellation(self, message_id: str, cancellation: Mapping[str, int]) -> Mapping[str, int]:
        """Store what a DELETE answers, the first time; a repeated one gets the first answer."""
        item = self.table.update(
            _pk(message_id),
            "message",
            "SET cancellation = if_not_exists(cancellation, :cancellation)",
            values={":cancellation": dict(cancellation)},
        )
        found: Mapping[str, int] = item["cancellation"]
        return found

    # Progress of the fan-out, as part of a page's transaction

    def checking_round(self, message: Message) -> dict[str, Any]:
        """That the message still waits for this round of its redrive, as part of a transaction."""
        return self.table.checking(
            _pk(message.id),
            "message",
            "#state = :pending AND #round = :round",
            values={":pending": State.PENDING, ":round": message.round},
            names={"#state": "state", "#round": "round"},
        )

    def seal(self, message: Message, *, now: datetime) -> None:
        """End the fan-out where it is: no page of any shard is committed after this."""
        while True:
            keys = [(_pk(message.id), _shard_sk(shard)) for shard in range(message.shards)]
            begun = [_progress(item) for item in self.table.get_many(keys).values()]
            ends = [
                self.advancing(message, read, replace(read, sealed=True, stopped=True, updated_at=to_text(now)))
                for read in unsealed_shards(message, begun)
            ]
            with suppress(ConditionFailed):  # a page came first: read again
                for start in range(0, len(ends), TRANSACTION_LIMIT):
                    transact(self.table.client, ends[start : start + TRANSACTION_LIMIT])
                return

    def advancing(self, message: Message, read: Progress, after: Progress) -> dict[str, Any]:
        """Move the shard's progress from what was read to `after`."""
        values: dict[str, Any] = {
            ":page": after.page,
            ":recipients": after.recipients,
            ":cursor": after.cursor,
            ":sealed": after.sealed,
            ":updated_at": after.updated_at,
            ":ttl": message.retain_until,
        }
        if read.page == 0:
            # nobody has committed the first page yet
            condition = "attribute_not_exists(pk)"
        else:
            # the page is still the one that was read
            condition = "page = :read AND sealed = :open"
            values |= {":read": read.page, ":open": False}
        sets = ["page = :page", "recipients = :recipients", "sealed = :sealed"]
        sets += ["updated_at = :updated_at", "#ttl = :ttl"]
        names = {"#ttl": "ttl"}
        if after.stopped:
            sets.append("stopped = :sealed")
        if after.cursor is not None:
            sets.append("#cursor = :cursor")
            names["#cursor"] = "cursor"
        return self.table.updating(
            _pk(message.id),
            _shard_sk(read.shard),
            f"SET {', '.join(sets)}",
            condition=condition,
            values=values,
            names=names,
        )


def stored_bytes(payload: Payload) -> int:
    """How much of an item's 400 KB what a message says and to whom will take."""
    stored = _stored(payload)
    texts = (stored["data"], stored["content"] or "", *(stored["recipients"] or ()))
    return sum(len(text.encode()) + 1 for text in texts)  # one more for its place in a list


def fingerprint(body: Any) -> str:
    """The same for the same body, however its keys are ordered or spaced."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _idempotency_pk(caller: str, key: str) -> str:
    digest = hashlib.sha256(f"{caller}\n{key}".encode()).hexdigest()
    return f"idempotency#{digest}"


def _due_shard(message_id: str) -> str:
    return f"due#{shard_of(message_id, DUE_SHARDS)}"


def _entry(state: State, at: str, reason: str | None) -> dict[str, Any]:
    return {"state": state, "at": at} | ({"reason": reason} if reason else {})


def _message(item: Item) -> Message:
    return Message(
        id=item["id"],
        state=State(item["state"]),
        caller=item["caller"],
        topic=item.get("topic"),
        template=item.get("template"),
        channels=tuple(item["channels"]),
        priority=item["priority"],
        on_doubt=item["on_doubt"],
        shards=item["shards"],
        created_at=item["created_at"],
        send_at=item.get("send_at"),
        expires_at=item.get("expires_at"),
        retain_until=item["ttl"],
        timeline=tuple(item["timeline"]),
        counts=item.get("counts"),
        cancellation=item.get("cancellation"),
        round=item.get("round", 0),
        redriving=item.get("redriving", False),
        lost=item.get("lost", 0),
        due_at=item.get("due_at"),
    )


def _stored(payload: Payload) -> dict[str, Any]:
    return {
        "data": json.dumps(payload.data, ensure_ascii=False),
        "content": json.dumps(payload.content, ensure_ascii=False) if payload.content else None,
        "recipients": list(payload.recipients) if payload.recipients is not None else None,
    }


def _payload(item: Item) -> Payload:
    return Payload(
        data=json.loads(item["data"]),
        content=json.loads(item["content"]) if "content" in item else None,
        recipients=tuple(item["recipients"]) if "recipients" in item else None,
    )


def _progress(item: Item) -> Progress:
    return Progress(
        shard=int(item["sk"].removeprefix("shard#")),
        page=item["page"],
        recipients=item.get("recipients", 0),
        cursor=item.get("cursor"),
        sealed=item["sealed"],
        stopped=item.get("stopped", False),
        updated_at=item.get("updated_at"),
    )
