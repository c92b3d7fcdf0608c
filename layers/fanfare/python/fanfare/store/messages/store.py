"""Messages, their state, and idempotency keys."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from fanfare.aws.codec import Item, KeyRange
from fanfare.aws.dynamodb import DynamoTable, Key
from fanfare.aws.retries import until_settled
from fanfare.aws.transactions import Transaction
from fanfare.clock import to_text
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Accepted, KeyReused, Message, Payload, Progress, Transition
from fanfare.errors import ConditionFailed
from fanfare.store.messages.counts import MessageCounts
from fanfare.store.messages.listing import MessageListing
from fanfare.store.messages.moves import moved_to
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
)
from fanfare.store.messages.summaries import MessageSummaries

NEW, KEY = "new", "idempotency key"  # names of parts of the transaction
# As fingerprints are stored: it must never be another
_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
NO_BATCHES: Final[Mapping[str, Any]] = {}


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
        return until_settled(
            lambda: self.accept_with(
                Transaction(), message, payload, idempotency_key=idempotency_key, fingerprint=fingerprint
            ),
            sleep=self.table.sleep,
        )

    def accept_with(
        self,
        transaction: Transaction,
        message: Message,
        payload: Payload,
        *,
        idempotency_key: str | None,
        fingerprint: str,
        batches: Mapping[str, Any] = NO_BATCHES,
    ) -> Accepted:
        """Try once to store it, together with other parts of the transaction. `batches`: those in its own item.

        Raises KeyReused, and ConditionFailed without a change if another part failed or another request uses the key.
        """
        # not stored by an earlier try whose answer was lost
        transaction.put(
            self.table, message_item(message) | dict(batches), condition="attribute_not_exists(pk)", name=NEW
        )
        transaction.put(self.table, body_item(message, payload))
        if idempotency_key is not None:
            transaction.put(
                self.table,
                _key_item(message, idempotency_key, fingerprint),
                # this caller has not used the key yet
                condition="attribute_not_exists(pk)",
                name=KEY,
            )
        try:
            transaction.run()
        except ConditionFailed as failed:
            if failed.part(NEW).refused:
                return Accepted(message.id, message.created_at, replayed=False)
            first = failed.part(KEY).found if idempotency_key is not None else None
            if first is None:  # another request with this key is being written
                raise
            if first["fingerprint"] != fingerprint:
                raise KeyReused from failed
            return Accepted(str(first["message_id"]), str(first["created_at"]), replayed=True)
        return Accepted(message.id, message.created_at, replayed=False)

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
        return messages_in(self.table.get_many(message_keys(message_ids)))

    def for_fan_out(self, message_id: str, shard: int) -> tuple[Message, Payload, Progress] | None:
        """Message, payload and progress of a shard, in one strongly consistent call; None if there is no message."""
        pk = message_pk(message_id)
        found = self.table.get_many([(pk, "message"), (pk, "body"), (pk, shard_sk(shard))])
        if (pk, "message") not in found or (pk, "body") not in found:
            return None
        stored = found.get((pk, shard_sk(shard)))
        message = read_message(found[pk, "message"])
        progress = read_progress(stored) if stored else Progress(shard=shard)
        if message.short:  # its one page was committed with it
            progress = Progress(shard=shard, page=1, sealed=True, updated_at=message.created_at)
        return message, read_payload(found[pk, "body"]), progress

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
        change = moved_to(message_id, transition, now=now, due_at=due_at)
        message = read_message(self.table.update(message_pk(message_id), "message", **change.arguments()))
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

    def count_digest(self, transaction: Transaction, message: Message) -> None:
        """Store the numbers of a digest to which readers were added, as part of a transaction."""
        key = (message_pk(message.id), "message")
        values = {":digest_of": dict(message.digest_of or {})}
        transaction.update(self.table, key, "SET digest_of = :digest_of", values=values)

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


def message_keys(message_ids: Iterable[str]) -> list[Key]:
    """Keys of messages and their payloads."""
    return [(message_pk(message_id), sk) for message_id in dict.fromkeys(message_ids) for sk in ("message", "body")]


def messages_in(found: Mapping[Key, Item]) -> dict[str, tuple[Message, Payload]]:
    """The messages among these items that have their payload there, too."""
    return {
        item["id"]: (read_message(item), read_payload(found[pk, "body"]))
        for (pk, sk), item in found.items()
        if sk == "message" and (pk, "body") in found
    }


def fingerprint(body: Any) -> str:
    """A digest of the body that does not depend on the order of keys or on white space."""
    return hashlib.sha256(_CANONICAL.encode(body).encode()).hexdigest()


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
