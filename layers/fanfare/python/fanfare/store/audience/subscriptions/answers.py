"""Changes of subscriptions: a yes, and the no that ends it, each with its consent in the same transaction.

A yes counts in the user's row `given`, which an erasure deletes first: nothing is given to an erased user, and a yes
that was decided before another answer of the user is decided again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.retries import until_settled
from fanfare.aws.transactions import TRANSACTION_LIMIT, Transaction
from fanfare.clock import Clock, system_clock, to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.audience import Answer, By, Subscription, check_yes, is_heavier
from fanfare.errors import ConditionFailed, Conflict
from fanfare.ids import shard_of
from fanfare.store.audience.subscriptions.consents import write_no
from fanfare.store.audience.subscriptions.rows import (
    Standing,
    count_given,
    end_yes,
    read_standings,
    write_frequency,
    write_yes,
)

Changed = Callable[[Sequence[Subscription]], None]
# A user's answers meet in one row: ten at once are settled in a few seconds, as long as a request may take
ATTEMPTS: Final = 30
ITEMS_OF_A_YES: Final = 4  # at most: for the first of a user of an earlier version


@dataclass(frozen=True, kw_only=True)
class Given:
    """The standing subscription, and whether it is new; or why it is refused."""

    subscription: Subscription | None = None
    new: bool = False
    refused: Conflict | None = None


class Answers:
    """`changed` is called with changes after they are stored."""

    def __init__(self, table: DynamoTable, *, clock: Clock = system_clock, changed: Changed | None = None) -> None:
        self.table = table
        self.clock = clock
        self.changed = changed

    def add(
        self, subscription: Subscription, *, shards: int, override: bool = False, reported: bool = False
    ) -> Given | None:
        """Store a yes; a yes that stands is kept. None if the user does not exist.

        Raises Conflict if a no of the person forbids it; `override`: with new evidence. `reported`: by a service,
        whatever `by` says.
        """
        pair = (subscription.user_id, subscription.channel)

        def attempt() -> Given | None:
            standing = read_standings(self.table, subscription.topic, [pair])[pair]
            if standing.yes is not None:
                return Given(subscription=self._with_frequency(standing, subscription.frequency))
            if not standing.known:
                return None
            by = By.SERVICE if reported else subscription.by or By.SERVICE
            check_yes(by, standing.said.no, now=self.clock(), override=override)
            self._yeses([(subscription, standing)], shards).run()
            return Given(subscription=subscription, new=True)

        given = until_settled(attempt, attempts=ATTEMPTS, sleep=self.table.sleep)
        if given and given.new:
            self.tell([subscription])
        return given

    def add_many(self, subscriptions: Sequence[Subscription], *, shards: int) -> dict[tuple[str, str], Given]:
        """Store many yeses of one topic that a service reports, 25 per transaction.

        Results by (user, channel), without unknown users. After a failure, whole transactions are done; repeat.
        """
        if not subscriptions:
            return {}
        wanted = {(each.user_id, each.channel): each for each in subscriptions}
        results: dict[tuple[str, str], Given] = {}
        fresh: list[tuple[Subscription, Standing]] = []
        for pair, standing in read_standings(self.table, subscriptions[0].topic, wanted).items():
            if standing.yes is not None:
                results[pair] = Given(subscription=self._with_frequency(standing, wanted[pair].frequency))
            elif standing.known:
                try:
                    check_yes(By.SERVICE, standing.said.no, now=self.clock())
                except Conflict as refused:
                    results[pair] = Given(refused=refused)
                else:
                    fresh.append((wanted[pair], standing))
        size = TRANSACTION_LIMIT // ITEMS_OF_A_YES
        for start in range(0, len(fresh), size):
            results |= self._add_together(fresh[start : start + size], shards)
        return results

    def _add_together(
        self, chunk: Sequence[tuple[Subscription, Standing]], shards: int
    ) -> dict[tuple[str, str], Given]:
        """Store new yeses in one transaction or, if one of their users has changed, each alone."""
        added = [each for each, _ in chunk]
        try:
            self._yeses(chunk, shards).run()
        except ConditionFailed:
            alone: dict[tuple[str, str], Given] = {}
            for each in added:
                try:
                    given = self.add(each, shards=shards, reported=True)
                except Conflict as refused:
                    given = Given(refused=refused)
                if given is not None:
                    alone[each.user_id, each.channel] = given
            return alone
        self.tell(added)
        return {(each.user_id, each.channel): Given(subscription=each, new=True) for each in added}

    def refuse_many(self, nos: Sequence[Subscription]) -> dict[tuple[str, str], bool]:
        """Store many nos of one topic that a service reports: (user, channel) → whether it changed anything.

        Unknown users have no result. Unlike `remove`, it stores a no of a service also if there is no yes to end.
        """
        if not nos:
            return {}
        wanted = {(each.user_id, each.channel): each for each in nos}
        results: dict[tuple[str, str], bool] = {}
        fresh: list[tuple[Subscription, Standing]] = []
        for pair, standing in read_standings(self.table, nos[0].topic, wanted).items():
            no = wanted[pair]
            if standing.yes is not None:
                results[pair] = self._refuse(no, counts=_says_more)
            elif standing.known:
                results[pair] = _says_more(no, standing)
                if results[pair]:
                    fresh.append((no, standing))
        size = TRANSACTION_LIMIT // ITEMS_OF_A_YES
        for start in range(0, len(fresh), size):
            self._refuse_together(fresh[start : start + size])
        return results

    def _refuse_together(self, chunk: Sequence[tuple[Subscription, Standing]]) -> None:
        """Store nos without a yes in one transaction or, if one of their users has changed, each alone."""
        transaction = Transaction()
        counted: set[str] = set()
        for no, standing in chunk:
            write_no(transaction, self.table, no, shard=0, yes=None, said=standing.said)
            if no.user_id not in counted:
                counted.add(no.user_id)
                count_given(transaction, self.table, no.user_id, standing.given)
        try:
            transaction.run()
        except ConditionFailed:
            for no, _ in chunk:
                self._refuse(no, counts=_says_more)
        else:
            self.tell([no for no, _ in chunk])

    def _refuse(self, no: Subscription, *, counts: Callable[[Subscription, Standing], bool]) -> bool:
        """Store a no that ends a yes or `counts` without one. False if it changes nothing."""

        def attempt() -> bool:
            pair = (no.user_id, no.channel)
            standing = read_standings(self.table, no.topic, [pair])[pair]
            transaction = Transaction()
            if standing.yes is not None:
                end_yes(transaction, self.table, standing, no)
            elif standing.known and counts(no, standing):
                count_given(transaction, self.table, no.user_id, standing.given)
                write_no(transaction, self.table, no, shard=0, yes=None, said=standing.said)
            else:
                return False
            transaction.run()
            return True

        changed = until_settled(attempt, attempts=ATTEMPTS, sleep=self.table.sleep)
        if changed:
            self.tell([no])
        return changed

    def _yeses(self, yeses: Sequence[tuple[Subscription, Standing]], shards: int) -> Transaction:
        transaction = Transaction()
        counted: set[str] = set()
        for each, standing in yeses:
            write_yes(transaction, self.table, each, shard=shard_of(each.user_id, shards))
            if each.user_id not in counted:
                counted.add(each.user_id)
                count_given(transaction, self.table, each.user_id, standing.given)
        return transaction

    def _with_frequency(self, standing: Standing, frequency: str | None) -> Subscription | None:
        """The standing yes, with another frequency if one was chosen. Raises ConditionFailed if it has changed."""
        yes = standing.yes
        if yes is None or frequency in (None, yes.frequency):
            return yes
        transaction = Transaction()
        write_frequency(transaction, self.table, standing, str(frequency))
        transaction.run()
        return replace(yes, frequency=frequency)

    def come_as(self, user_id: str, topic: str, channel: str, frequency: str) -> None:
        """Store how often a standing yes comes. Without one, nothing: it gives none."""

        def attempt() -> None:
            pair = (user_id, channel)
            self._with_frequency(read_standings(self.table, topic, [pair])[pair], frequency)

        until_settled(attempt, attempts=ATTEMPTS, sleep=self.table.sleep)

    def remove(
        self, user_id: str, topic: str, channel: str, *, by: By = By.SERVICE, message_id: str | None = None
    ) -> bool:
        """Store a no, for all pages of a fan-out committed later. False if it changes nothing.

        A no of a service needs a yes to end. The shard of a yes is read from its row, so the topic need not exist.
        """

        no = no_of(user_id, topic, channel, by=by, at=self.clock(), message_id=message_id)
        return self._refuse(no, counts=lambda _, standing: is_heavier(by, standing.said.no))

    def drop(self, yes: Subscription) -> None:
        """Delete a yes of a user who is being erased."""

        def attempt() -> None:
            pair = (yes.user_id, yes.channel)
            standing = read_standings(self.table, yes.topic, [pair])[pair]
            if standing.yes is not None:
                transaction = Transaction()
                end_yes(transaction, self.table, standing, None)
                transaction.run()

        until_settled(attempt, attempts=ATTEMPTS, sleep=self.table.sleep)

    def tell(self, changes: Sequence[Subscription]) -> None:
        """Report stored changes."""
        if self.changed is not None:
            self.changed(changes)


def _says_more(no: Subscription, standing: Standing) -> bool:
    """Whether a reported no, without a yes to end, is to be stored."""
    return standing.said.no is None or is_heavier(no.by or By.SERVICE, standing.said.no)


def no_of(
    user_id: str, topic: str, channel: str, *, by: By, at: datetime, message_id: str | None = None
) -> Subscription:
    """A new no."""
    return Subscription(
        user_id=user_id,
        topic=topic,
        channel=channel,
        created_at=to_text(at),
        state=Answer.NO,
        by=by,
        message_id=message_id,
    )
