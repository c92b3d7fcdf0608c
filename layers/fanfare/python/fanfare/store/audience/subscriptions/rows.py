"""The rows of a subscription, and the writes of a yes and of a no."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fanfare.aws.codec import Item
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.transactions import Transaction
from fanfare.data_classes import dataclass
from fanfare.domain.audience import By, Subscription
from fanfare.store.audience.subscriptions.consents import Said, consents_sk, read_said, write_no

# The user exists and is not being erased
PRESENT: Final = "attribute_exists(rev) AND attribute_not_exists(erasing)"
GIVEN: Final = "given"  # sort key of the row, and its attribute


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is stored of a user on a topic and channel. `shard` of the yes; `given` is None if there is no such row."""

    yes: Subscription | None
    shard: int | None
    said: Said
    known: bool  # whether the user exists
    given: int | None


def subscription_sk(topic: str, channel: str) -> str:
    return f"subscription#{topic}#{channel}"


def topic_pk(topic: str, shard: int) -> str:
    return f"topic#{topic}#{shard}"


def removals_pk(topic: str, shard: int) -> str:
    return f"removals#{topic}#{shard}"


def read_subscription(item: Item) -> Subscription:
    """A user's yes as read from the table."""
    _, topic, channel = item["sk"].split("#")
    return Subscription(
        user_id=item["pk"].removeprefix("user#"),
        topic=topic,
        channel=channel,
        created_at=item["created_at"],
        by=By(item["by"]) if "by" in item else None,
        given_at=item.get("given_at"),
        evidence=item.get("evidence"),
        message_id=item.get("message_id"),
        frequency=item.get("frequency"),
    )


def read_standings(table: DynamoTable, topic: str, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Standing]:
    """By (user, channel); strongly consistent."""
    keys = {
        (user, channel): (
            (f"user#{user}", subscription_sk(topic, channel)),
            (f"user#{user}", consents_sk(topic, channel)),
            (f"user#{user}", GIVEN),
        )
        for user, channel in pairs
    }
    found = table.get_many(key for each in keys.values() for key in each)
    uncounted = [(user, "user") for _, _, (user, row) in keys.values() if (user, row) not in found]
    found |= table.get_many(uncounted)
    return {
        pair: _standing(*(found.get(key) for key in each), user=found.get((each[0][0], "user")))
        for pair, each in keys.items()
    }


def _standing(yes: Item | None, said: Item | None, given: Item | None, *, user: Item | None) -> Standing:
    return Standing(
        yes=read_subscription(yes) if yes else None,
        shard=yes["shard"] if yes else None,
        said=read_said(said),
        known=given is not None or (user is not None and "rev" in user and "erasing" not in user),
        given=given[GIVEN] if given else None,
    )


def write_yes(transaction: Transaction, table: DynamoTable, yes: Subscription, *, shard: int) -> None:
    """Store a new yes, as part of a transaction."""
    item = {
        "pk": f"user#{yes.user_id}",
        "sk": subscription_sk(yes.topic, yes.channel),
        "shard": shard,
        "created_at": yes.created_at,
        "by": yes.by,
        "given_at": yes.given_at,
        "evidence": yes.evidence,
        "message_id": yes.message_id,
        "frequency": yes.frequency,
    }
    transaction.put(table, item, condition="attribute_not_exists(pk)")
    _list(transaction, table, yes, shard, yes.frequency)


def write_frequency(transaction: Transaction, table: DynamoTable, standing: Standing, frequency: str) -> None:
    """Store the frequency of a standing yes, as part of a transaction. It fails if the yes has changed."""
    yes, shard = standing.yes, standing.shard
    if yes is None or shard is None:
        raise ValueError("There is no yes.")
    transaction.update(
        table,
        (f"user#{yes.user_id}", subscription_sk(yes.topic, yes.channel)),
        "SET frequency = :frequency",
        condition="created_at = :read",
        values={":frequency": frequency, ":read": yes.created_at},
    )
    _list(transaction, table, yes, shard, frequency)


def _list(transaction: Transaction, table: DynamoTable, yes: Subscription, shard: int, frequency: str | None) -> None:
    """Put a yes into its topic's shard. No frequency is stored as None: by default, the fan-out reads keys alone."""
    listed = {"pk": topic_pk(yes.topic, shard), "sk": f"{yes.user_id}#{yes.channel}", "frequency": frequency}
    transaction.put(table, listed)


def count_given(transaction: Transaction, table: DynamoTable, user_id: str, given: int | None) -> None:
    """Count an answer of a user, as part of a transaction. It fails if another was stored since, or the user erased."""
    key = (f"user#{user_id}", GIVEN)
    if given is not None:
        values = {":next": given + 1, ":read": given}
        transaction.update(table, key, "SET given = :next", condition="given = :read", values=values)
        return
    transaction.put(table, {"pk": key[0], "sk": key[1], GIVEN: 1}, condition="attribute_not_exists(pk)")
    transaction.check(table, (key[0], "user"), PRESENT)


def end_yes(
    transaction: Transaction, table: DynamoTable, standing: Standing, no: Subscription | None, *, removals: bool = True
) -> None:
    """Delete a standing yes and store the no that ends it (None: an erasure), as part of a transaction.

    It fails if the yes or what was said has changed since the read.
    """
    yes, shard = standing.yes, standing.shard
    if yes is None or shard is None:
        raise ValueError("There is no yes to end.")
    transaction.delete(
        table,
        (f"user#{yes.user_id}", subscription_sk(yes.topic, yes.channel)),
        condition="created_at = :read",
        values={":read": yes.created_at},
    )
    transaction.delete(table, (topic_pk(yes.topic, shard), f"{yes.user_id}#{yes.channel}"))
    if removals:
        count_removal(transaction, table, yes.topic, shard)
    if no is not None:
        write_no(transaction, table, no, shard=shard, yes=yes, said=standing.said)


def count_removal(transaction: Transaction, table: DynamoTable, topic: str, shard: int) -> None:
    """Count a removal from a shard, as part of a transaction."""
    transaction.update(table, (removals_pk(topic, shard), "removals"), "ADD removals :one", values={":one": 1})
