"""Messages, their state, and idempotency keys."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from fanfare.aws.codec import Item, KeyRange
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.retries import until_settled
from fanfare.aws.transactions import Transaction
from fanfare.clock import to_text
from fanfare.domain.lifecycle import State, may_come_from
from fanfare.domain.message import Accepted, KeyReused, Message, Payload, Progress, Transition
from fanfare.errors import ConditionFailed
from fanfare.store.messages.counts import MessageCounts
from fanfare.store.messages.listing import MessageListing
from fanfare.store.messages.own_data import MessageOwnData
from fanfare.store.messages.progress import FanOutProgress
from fanfare.store.messages.rows import (
    DUE_SHARDS,
    body_item,
    due_shard,
    message_item,
    message_pk,
    read_message,
    read_payload,
    read_progress,
    shard_sk,
    timeline_entry,
)
from fanfare.store.messages.summaries import MessageSummaries

KEY = "idempotency key"  # name of a part of the transaction


class Messages:
    """`moved` is called after every change of state."""

    def __init__(self, table: DynamoTable, *, moved: Callable[[Message], None] | None = None) -> None:
        self.table = table
        self.moved = moved
        self.listing = MessageListing(table)
        self.progress = FanOutProgress(table)
        self.counts = MessageCounts(table)
        self.summaries = MessageSummaries(table)
        self.own = MessageOwnData(table)

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

        Raises KeyReused if the caller used the key with a different body.
        """
        transaction = Transaction().put(self.table, message_item(message)).put(self.table, body_item(message, payload))
        if idempotency_key is not None:
            transaction.put(
                self.table,
                _key_item(message, idempotency_key, fingerprint),
                # this caller has not used the key yet
                condition="attribute_not_exists(pk)",
                name=KEY,
            )

        def attempt() -> Accepted:
            try:
                transaction.run()
            except ConditionFailed as failed:
                first = failed.part(KEY).found if idempotency_key is not None else None
                if first is None:  # another request with this key is being written
                    raise
                if first["fingerprint"] != fingerprint:
                    raise KeyReused from failed
                replayed = first["message_id"] != message.id
                return Accepted(str(first["message_id"]), str(first["created_at"]), replayed=replayed)
            return Accepted(message.id, message.created_at, replayed=False)

        return until_settled(attempt, sleep=self.table.sleep)

    def accepted_before(self, caller: str, idempotency_key: str, fingerprint: str) -> Accepted | None:
        """The message that this key created, or None. Raises KeyReused like `accept`."""
        first = self.table.get(_idempotency_pk(caller, idempotency_key), "idempotency")
        if first is None:
            return None
        if first["fingerprint"] != fingerprint:
            raise KeyReused
        return Accepted(first["message_id"], first["created_at"], replayed=True)

    # Reading

    def get(self, message_id: str) -> Message | None:
        """The message, strongly consistent."""
        item = self.table.get(message_pk(message_id), "message")
        return read_message(item) if item else None

    def get_many(self, message_ids: Sequence[str]) -> dict[str, tuple[Message, Payload]]:
        """Messages with their payloads, strongly consistent, in one call for up to 50."""
        keys = [(message_pk(message_id), sk) for message_id in dict.fromkeys(message_ids) for sk in ("message", "body")]
        found = self.table.get_many(keys)
        return {
            message_id: (
                read_message(found[message_pk(message_id), "message"]),
                read_payload(found[message_pk(message_id), "body"]),
            )
            for message_id in dict.fromkeys(message_ids)
            if (message_pk(message_id), "message") in found and (message_pk(message_id), "body") in found
        }

    def for_fan_out(self, message_id: str, shard: int) -> tuple[Message, Payload, Progress] | None:
        """Message, payload and progress of a shard, in one strongly consistent call; None if there is no message."""
        pk = message_pk(message_id)
        found = self.table.get_many([(pk, "message"), (pk, "body"), (pk, shard_sk(shard))])
        if (pk, "message") not in found or (pk, "body") not in found:
            return None
        progress = found.get((pk, shard_sk(shard)))
        return (
            read_message(found[pk, "message"]),
            read_payload(found[pk, "body"]),
            read_progress(progress) if progress else Progress(shard=shard),
        )

    def with_progress(self, message_id: str) -> tuple[Message, list[Progress]] | None:
        """The message and the progress of every shard that has begun, strongly consistent."""
        items = list(self.table.query(message_pk(message_id), KeyRange(after="body")))
        if not items or items[0]["sk"] != "message":
            return None  # TTL removes the items of a message one by one
        return read_message(items[0]), [read_progress(item) for item in items[1:]]

    def unfinished(self, *, page: int) -> Iterator[str]:
        """Ids of all unfinished messages, read lazily."""
        for row in self.table.overdue("9", shards=DUE_SHARDS, page=page):  # no year sorts after it
            yield str(row["pk"]).removeprefix("message#")

    def due(self, now: datetime, *, page: int) -> Iterator[str]:
        """Ids of unfinished messages that are due, longest overdue first, read lazily."""
        for row in self.table.overdue(to_text(now), shards=DUE_SHARDS, page=page):
            yield str(row["pk"]).removeprefix("message#")

    # Moving through the life cycle

    def move(
        self, message_id: str, transition: Transition, *, now: datetime, due_at: datetime | None = None
    ) -> Message:
        """Change the state of the message, if the life cycle allows it.

        `due_at`: when the reconciler checks the message again; None: never. Raises ConditionFailed.
        """
        message = read_message(
            self.table.update(message_pk(message_id), "message", **_move(message_id, transition, now, due_at))
        )
        if self.moved is not None:
            self.moved(message)
        return message

    def put_off(self, message_id: str, due_at: datetime, *, seen: str | None) -> None:
        """Have the reconciler check again at `due_at`. Raises ConditionFailed if its due time is no longer `seen`."""
        self.table.update(
            message_pk(message_id),
            "message",
            "SET due_at = :due_at, due_shard = :due_shard",
            # not postponed or completed since it was read
            condition="due_at = :seen",
            values={":due_at": to_text(due_at), ":due_shard": due_shard(message_id), ":seen": seen},
        )

    def keep_cancellation(self, message_id: str, cancellation: Mapping[str, int]) -> Mapping[str, int]:
        """Store the numbers of a DELETE, and return those of the first DELETE."""
        item = self.table.update(
            message_pk(message_id),
            "message",
            "SET cancellation = if_not_exists(cancellation, :cancellation)",
            values={":cancellation": dict(cancellation)},
        )
        found: Mapping[str, int] = item["cancellation"]
        return found

    def check_round(self, message: Message, transaction: Transaction, name: str) -> None:
        """Add a check that the message is still pending in this round of its redrive."""
        transaction.check(
            self.table,
            (message_pk(message.id), "message"),
            "#state = :pending AND #round = :round",
            values={":pending": State.PENDING, ":round": message.round},
            names={"#state": "state", "#round": "round"},
            name=name,
        )


def fingerprint(body: Any) -> str:
    """A digest of the body that does not depend on the order of keys or on white space."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _idempotency_pk(caller: str, key: str) -> str:
    digest = hashlib.sha256(f"{caller}\n{key}".encode()).hexdigest()
    return f"idempotency#{digest}"


def _key_item(message: Message, key: str, fingerprint: str) -> Item:
    return {
        "pk": _idempotency_pk(message.caller, key),
        "sk": "idempotency",
        "message_id": message.id,
        "created_at": message.created_at,
        "fingerprint": fingerprint,
        "ttl": message.retain_until,
    }


def _move(message_id: str, transition: Transition, now: datetime, due_at: datetime | None) -> dict[str, Any]:
    """The arguments of the update for a transition."""
    origins = transition.origins
    allowed = [state for state in may_come_from(transition.to) if origins is None or state in origins]
    values: dict[str, Any] = {
        ":to": transition.to,
        ":entry": [timeline_entry(transition.to, to_text(now), transition.reason)],
    } | {f":from{i}": state for i, state in enumerate(allowed)}
    names = {"#state": "state", "#timeline": "timeline"}
    sets = ["#state = :to", "#timeline = list_append(#timeline, :entry)"]
    removes = [f"#{name}" for name in transition.removes]
    condition = [f"#state IN ({', '.join(f':from{i}' for i in range(len(allowed)))})"]
    if due_at is not None:
        sets += ["due_at = :due_at", "due_shard = :due_shard"]
        values |= {":due_at": to_text(due_at), ":due_shard": due_shard(message_id)}
    else:
        removes += ["due_at", "due_shard"]
    names |= {f"#{name}": name for name in (*transition.sets, *transition.removes)}
    sets += [f"#{name} = :{name}" for name in transition.sets]
    values |= {f":{name}": value for name, value in transition.sets.items()}
    if transition.read_round is not None:
        names["#round"] = "round"
        # not redriven since it was read
        condition.append("(#round = :read OR (attribute_not_exists(#round) AND :read = :zero))")
        values |= {":read": transition.read_round, ":zero": 0}
    update = f"SET {', '.join(sets)}" + (f" REMOVE {', '.join(removes)}" if removes else "")
    return {"update": update, "condition": " AND ".join(condition), "values": values, "names": names}
