"""What a user said about a topic on a channel: the standing no, and all earlier answers.

The rows are in the docstring of `fanfare.store.audience`. A standing yes is in the row of the subscription, and moves
here when it ends. So every change writes its consent in its own transaction, without an item for the consent alone.
The row remains after a new yes, which outweighs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from fanfare.aws.codec import Item, KeyRange
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.transactions import Transaction
from fanfare.data_classes import dataclass
from fanfare.domain.audience import Answer, By, Consent, Subscription

FULL: Final = 700  # bytes of answers; with keys, a row of the usual length is one write unit
PREFIX: Final = "consents#"
LEVELS: Final = 2  # number signs in the sort key of the row with the last no


@dataclass(frozen=True, kw_only=True)
class Said:
    """The row of a pair as read. `answers` ends with the last no; `count` includes answers in other rows."""

    answers: Sequence[Consent] = ()
    count: int = 0

    @property
    def no(self) -> Consent | None:
        """The last no. It stands unless there is a yes."""
        return self.answers[-1] if self.answers else None


def consents_sk(topic: str, channel: str) -> str:
    return f"{PREFIX}{topic}#{channel}"


def read_said(item: Item | None) -> Said:
    """The row as read from the table."""
    return Said(answers=consents_in(item), count=item["said"]) if item else Said()


def consents_in(item: Item) -> list[Consent]:
    """The answers in a row of either kind, in order."""
    _, topic, channel, *_ = item["sk"].split("#")
    return [
        Consent(
            topic=topic,
            channel=channel,
            state=Answer(each["state"]),
            by=By(each["by"]),
            recorded_at=each["at"],
            at=each.get("given_at", each["at"]),
            message_id=each.get("message_id"),
            evidence=each.get("evidence"),
        )
        for each in item["answers"]
    ]


def consent_of(subscription: Subscription) -> Consent | None:
    """The consent of a standing yes; None if its version stored none."""
    if subscription.by is None:
        return None
    return Consent(
        topic=subscription.topic,
        channel=subscription.channel,
        state=subscription.state,
        by=subscription.by,
        recorded_at=subscription.created_at,
        at=subscription.at,
        message_id=subscription.message_id,
        evidence=subscription.evidence,
    )


def write_no(
    transaction: Transaction, table: DynamoTable, no: Subscription, *, shard: int, yes: Subscription | None, said: Said
) -> None:
    """Store a no, and the yes that it ends, as part of a transaction. It fails if the row has changed since `said`."""
    pk, sk = f"user#{no.user_id}", consents_sk(no.topic, no.channel)
    new = [each for each in (consent_of(yes) if yes else None, consent_of(no)) if each is not None]
    kept = [*said.answers, *new]
    count = said.count + len(new)
    if len(said.answers) > 1 and _bytes(kept) > FULL:
        first = count - len(kept)
        transaction.put(table, {"pk": pk, "sk": f"{sk}#{first:08d}", "answers": _stored(kept[:-1])})
        kept = kept[-1:]
    transaction.put(
        table,
        {
            "pk": pk,
            "sk": sk,
            "shard": shard,
            "answers": _stored(kept),
            "said": count,
            "listed": nos_of(no.topic, shard),
            "place": f"{no.user_id}#{no.channel}",
        },
        condition="said = :said" if said.count else "attribute_not_exists(pk)",
        values={":said": said.count} if said.count else None,
    )


def nos_of(topic: str, shard: int) -> str:
    """The key of the index under which the nos of a topic's shard are listed."""
    return f"nos#{topic}#{shard}"


class Consents:
    """Reads what was said, of one user."""

    def __init__(self, table: DynamoTable) -> None:
        self.table = table

    def of_user(self, user_id: str, *, yeses: Iterable[Subscription]) -> list[Consent]:
        """All consents of a user, newest first. `yeses`: the user's standing ones.

        Those of one topic and channel are in the order of the changes, even if two clocks differ.
        """
        rows: dict[str, list[Consent]] = {}
        for item in self.table.query(f"user#{user_id}", KeyRange(prefix=PREFIX)):
            pair = "#".join(item["sk"].split("#")[1:3])
            # rows of earlier answers follow the newer ones
            numbered = item["sk"].count("#") > LEVELS
            rows.setdefault(f"{pair}#{'0' if numbered else '1'}", []).extend(consents_in(item))
        standing = [each for each in map(consent_of, yeses) if each is not None]
        return in_order([each for pair in sorted(rows) for each in rows[pair]] + standing)

    def nos(self, user_id: str, *, yeses: Iterable[Subscription]) -> list[Subscription]:
        """The standing nos of a user, by topic and channel. `yeses`: the user's standing ones."""
        given = {(each.topic, each.channel) for each in yeses}
        items = [
            item
            for item in self.table.query(f"user#{user_id}", KeyRange(prefix=PREFIX))
            if item["sk"].count("#") == LEVELS
        ]
        nos = [standing_no(item) for item in items]
        return [no for no in nos if (no.topic, no.channel) not in given]

    def no_to(self, user_id: str, topic: str, channel: str) -> Subscription | None:
        """The last no of a user to a topic on a channel, whether or not a yes has followed; None: there is none."""
        return next((no for no in self.nos(user_id, yeses=()) if (no.topic, no.channel) == (topic, channel)), None)


def standing_no(item: Item) -> Subscription:
    """The last no in a row of a pair."""
    no = consents_in(item)[-1]
    return Subscription(
        user_id=item["pk"].removeprefix("user#"),
        topic=no.topic,
        channel=no.channel,
        created_at=no.recorded_at,
        state=no.state,
        by=no.by,
        given_at=no.at if no.at != no.recorded_at else None,
        message_id=no.message_id,
        evidence=no.evidence,
    )


def in_order(consents: Iterable[Consent]) -> list[Consent]:
    """Newest first, of consents that are in order by pair."""
    latest: dict[tuple[str, str], str] = {}
    placed = []
    for number, each in enumerate(consents):
        pair = (each.topic, each.channel)
        latest[pair] = max(each.recorded_at, latest.get(pair, ""))
        placed.append((latest[pair], number, each))
    return [each for _, _, each in sorted(placed, key=lambda place: place[:2], reverse=True)]


def _stored(consents: Sequence[Consent]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for each in consents:
        fields = {
            "state": each.state,
            "by": each.by,
            "at": each.recorded_at,
            "given_at": each.at if each.at != each.recorded_at else None,
            "message_id": each.message_id,
            "evidence": each.evidence,
        }
        found.append({name: value for name, value in fields.items() if value is not None})
    return found


def _bytes(consents: Sequence[Consent]) -> int:
    return sum(len(f"{name}{value}".encode()) for each in _stored(consents) for name, value in each.items())
