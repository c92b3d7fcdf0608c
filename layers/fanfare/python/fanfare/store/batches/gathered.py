"""Recipients whose message went into a window, by page of the fan-out; on the short way in the message's item.

An entry is [user, channel, window], with a fourth element once it was taken out of the window again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final

from fanfare.aws.codec import KeyRange
from fanfare.aws.transactions import Transaction
from fanfare.data_classes import dataclass, replace
from fanfare.domain.batch import SHORT, shards_of
from fanfare.domain.digests.windows import Gathered
from fanfare.domain.outcomes import Outcome
from fanfare.store.batches.items import BatchItems
from fanfare.store.batches.rows import GATHERED, gathered_attribute, message_id_of, name_of, shard_pk
from fanfare.store.messages.rows import message_pk

PREFIX: Final = "gathered#"  # of a sort key; it sorts after `done#`
TAKEN_OUT: Final = 3  # place in an entry
Entry = list[Any]


@dataclass(frozen=True)
class GatheredPage:
    """The entries of a page, as stored."""

    pk: str
    page: int
    entries: Sequence[Entry]

    @property
    def left(self) -> list[tuple[str, str, str]]:
        """User id, channel and window of those who are not taken out."""
        return [(user, channel, window) for user, channel, window, *out in self.entries if not out]


class GatheredRecipients:
    def __init__(self, items: BatchItems) -> None:
        self.items = items

    def put(
        self,
        transaction: Transaction,
        message_id: str,
        shard: int,
        page: int,
        gathered: Sequence[Gathered],
        retain_until: int,
    ) -> None:
        """Store those of a page, as part of its transaction."""
        item = {
            "pk": shard_pk(message_id, shard),
            "sk": f"{PREFIX}{page:06d}",
            GATHERED: gathered_attribute(gathered),
            "ttl": retain_until,
        }
        transaction.put(self.items.table, item)

    def pages(self, message_id: str, shards: int) -> Iterator[GatheredPage]:
        """All pages of a message; strongly consistent."""
        for shard in shards_of(shards):
            for item in self.items.query(shard_pk(message_id, shard), KeyRange(prefix=PREFIX)):
                yield GatheredPage(item["pk"], int(name_of(item)), item[GATHERED])

    def page(self, message_id: str, shard: int, page: int) -> GatheredPage:
        """One page, empty if there is none; strongly consistent."""
        return self.again(GatheredPage(shard_pk(message_id, shard), page, ()))

    def again(self, page: GatheredPage) -> GatheredPage:
        """The page as it is now; strongly consistent."""
        item = self.items.get(page.pk, f"{PREFIX}{page.page:06d}") or {GATHERED: []}
        return replace(page, entries=item[GATHERED])

    def take_out(
        self, transaction: Transaction, page: GatheredPage, windows: Collection[tuple[str, str]]
    ) -> GatheredPage:
        """Note that entries, named by user and window, are taken out. Returns the page after it.

        The part of the transaction fails if the page has changed.
        """
        after = [[*each[:TAKEN_OUT], 1] if (each[0], each[2]) in windows else each for each in page.entries]
        short = page.pk.endswith(f"#{SHORT}")
        table = self.items.messages if short else self.items.table
        key = (message_pk(message_id_of(page.pk)), "message") if short else (page.pk, f"{PREFIX}{page.page:06d}")
        transaction.update(
            table,
            key,
            f"SET {GATHERED} = :after",
            condition=f"{GATHERED} = :before",
            values={":after": after, ":before": list(page.entries)},
            name=GATHERED,
        )
        return replace(page, entries=after)


def page_in(place: str) -> int:
    """The page in the id of a batch; 0 on the short way."""
    page = place.split("-")[1]
    return int(page) if page.isdecimal() else 0


def outcomes_of(entries: Iterable[Entry]) -> Iterator[tuple[str, str, Outcome, str]]:
    """User id, channel, outcome and window of each entry."""
    for user, channel, window, *out in entries:
        yield user, channel, Outcome.DELETED if out else Outcome.DIGESTED, window
