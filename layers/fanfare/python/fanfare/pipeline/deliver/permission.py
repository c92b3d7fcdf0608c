"""Applies the rules of the fan-out again: which recipients of a batch may still get it, and when."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from itertools import groupby
from typing import Any

from fanfare.aws.transactions import Transaction
from fanfare.channels.base import Channel
from fanfare.channels.reasons import Reason
from fanfare.clock import Clock, to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.audience import User
from fanfare.domain.batch import BatchState, Charge, WaitReason
from fanfare.domain.catalogue import Topic
from fanfare.domain.eligibility import Action, Candidate, Verdict, decide
from fanfare.domain.schedule import due_for
from fanfare.errors import ConditionFailed
from fanfare.pipeline.deliver.work import Work
from fanfare.store.audience import Audience
from fanfare.store.audience.users import charge_of
from fanfare.store.batches import Batches
from fanfare.store.catalogue import Catalogue
from fanfare.store.earlier_steps import EarlierSteps

log = logging.getLogger(__name__)

LEASE = "lease"  # name of a part of the transaction
CONFLICTS = 5  # then who could not be charged is left out, and after as many again all who are not charged yet


@dataclass(frozen=True)
class Permission:
    """Verdicts by index. `state` is the batch with their charges. `contended`: recipients that could not be charged."""

    state: BatchState
    verdicts: Mapping[int, Verdict]
    contended: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Permissions:
    """Applies the rules. `overall`: channel → rate limit per user across all topics. `time_zone`: of who has none."""

    channel: Channel
    audience: Audience
    catalogue: Catalogue
    batches: Batches
    earlier_steps: EarlierSteps
    clock: Clock
    stale_after: float
    overall: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    time_zone: str = "UTC"
    sleep: Callable[[float], None] = time.sleep

    def ask(
        self, work: Work, indexes: Sequence[int], users: dict[str, User], *, offered: bool, owner: str
    ) -> Permission:
        """The verdicts for the recipients at these indexes.

        Recipients that are sent later than the time charged against limits are charged at the new time, too, in one
        transaction with the batch. If a user's counters have changed meanwhile, `users` is updated and the rules are
        applied again; a user whose counters keep changing is left out. Raises ConditionFailed if the lease is lost.
        """
        shared = self._shared(work, offered=offered)
        readers = [work.batch.recipients[index] for index in indexes]
        needless = self.earlier_steps.make_needless(work.message, self.channel.name, readers)
        subscribed = None if shared["time_decided"] else self._subscribed(work, shared["topic"], indexes)
        contended: set[int] = set()
        conflicts = 0
        while True:
            shared["now"] = now = self.clock()
            asked = [index for index in indexes if index not in contended]
            verdicts = {index: self._verdict(work, index, users, subscribed, needless, shared) for index in asked}
            late = {index: verdict for index, verdict in verdicts.items() if verdict.limits is not None}
            if not late:
                return Permission(work.state, verdicts, frozenset(contended))
            state = _with_charges(work.state, late, now)
            try:
                self._charge(work, state, late, users, owner)
                return Permission(state, verdicts, frozenset(contended))
            except ConditionFailed as failed:
                if failed.part(LEASE).refused:
                    raise  # the lease is lost
                conflicts += 1
                contended |= _contended(work, late, failed, conflicts)
                log.info("users decided again", extra={"message_id": work.message.id, "batch_id": work.batch.id})
            self.sleep(random.uniform(0, 0.02 * min(conflicts, CONFLICTS)))  # noqa: S311 - jitter, not a secret
            self._read_again({work.batch.recipients[index] for index in late}, users)

    def _shared(self, work: Work, *, offered: bool) -> dict[str, Any]:
        """Fields of `Candidate` that are the same for all recipients."""
        message = work.message
        return {
            "channel": type(self.channel),
            "topic": self.catalogue.topic(message.topic) if message.topic else None,
            "critical": message.priority == "critical",
            "offered": offered,
            "overall": self.overall.get(self.channel.name),
            "named": message.topic is None,
            "ends_at": message.ends_at,
            "time_decided": self._just_decided(work.state),
            "patience": self.stale_after,
            "is_digest": message.digest_of is not None,
        }

    def _read_again(self, names: set[str], users: dict[str, User]) -> None:
        for name in names:
            users.pop(name, None)  # not found again: erased
        users.update(self.audience.users.get_many(names))

    def _just_decided(self, state: BatchState) -> bool:
        """Whether this is the first attempt, right after the fan-out's decision.

        A first copy is overdue `stale_after` seconds after its page was committed. Until then the decision is valid:
        the page's transaction checked subscriptions and limits, and checking them twice would add a read per batch.
        The rules are applied again to a batch that was released, deferred, re-sent, or waited in the queue for longer.
        """
        fresh = state.generation == 1 and state.attempts == 0 and state.waiting is WaitReason.QUEUED
        return fresh and state.due_at is not None and state.due_at > to_text(self.clock())

    def _subscribed(self, work: Work, topic: Topic | None, indexes: Sequence[int]) -> set[str] | None:
        """Subscribers of the message's topic; None if no subscription is needed."""
        name = work.message.topic
        if name is None or (topic is not None and topic.required):
            return None
        pairs = [(work.batch.recipients[index], self.channel.name) for index in indexes]
        return {user_id for user_id, _ in self.audience.subscriptions.among(name, pairs)}

    def _verdict(
        self,
        work: Work,
        index: int,
        users: Mapping[str, User],
        subscribed: set[str] | None,
        needless: set[str],
        shared: Mapping[str, Any],
    ) -> Verdict:
        user_id = work.batch.recipients[index]
        user = work.reader(index, users)
        candidate = Candidate(
            user=user,
            erased=work.is_erased(index, users),
            subscribed=subscribed is None or user_id in subscribed,
            charged=work.state.charged(index),
            due=due_for(work.message, user, self.channel.name, self.time_zone),
            needed=user_id not in needless,
            **shared,
        )
        try:
            return decide(candidate)
        except Exception:  # about this user's data alone: the rules are pure
            log.exception("not decided", extra={"message_id": work.message.id, "user_id": user_id})
            return Verdict(action=Action.SKIP, reason=Reason.RECIPIENT_ERROR)

    def _charge(
        self, work: Work, state: BatchState, late: Mapping[int, Verdict], users: dict[str, User], owner: str
    ) -> None:
        """Charge the recipients and note it in the batch. Raises ConditionFailed if any changed since the read."""
        transaction = Transaction()
        self.batches.leases.charge(transaction, state, owner=owner, name=LEASE)
        charged = []
        for index, verdict in late.items():
            user = users[work.batch.recipients[index]]
            limits = verdict.limits or {}
            self.audience.users.charge(transaction, user, limits)
            charged.append(replace(user, limits=limits, rev=user.rev + 1))
        transaction.run()
        users.update({user.id: user for user in charged})  # other batches of the run have the same users


def _contended(work: Work, late: Iterable[int], failed: ConditionFailed, conflicts: int) -> set[int]:
    """Recipients to be left out after this number of conflicts."""
    if conflicts < CONFLICTS:
        return set()
    if conflicts >= 2 * CONFLICTS:
        return {*late}
    return {index for index in late if charge_of(work.batch.recipients[index]) in failed.failed}


def _with_charges(state: BatchState, late: Mapping[int, Verdict], now: datetime) -> BatchState:
    """The batch with the charges of these recipients."""
    times = sorted((int((verdict.until or now).timestamp()), index) for index, verdict in late.items())
    added = [Charge(at, tuple(index for _, index in some)) for at, some in groupby(times, key=lambda each: each[0])]
    return replace(state, charges=(*state.charges, *added))
