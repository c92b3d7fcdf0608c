"""Hands the envelopes of an attempt over to the provider, with a note before each call where it matters.

If the worker is lost, the note lists the recipients that may have been handed over. Without notes, all may.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from fanfare.channels.base import Channel, Envelope, Kind, SendResult
from fanfare.domain.batch import BatchState
from fanfare.domain.jobs import Job
from fanfare.domain.outcomes import Outcome
from fanfare.errors import Unavailable
from fanfare.pipeline.deliver.compose import PROVIDER_SECONDS
from fanfare.pipeline.deliver.means import Means

log = logging.getLogger(__name__)

Results = dict[int, SendResult]  # by place
KNOWN = {Kind.SENT: Outcome.SENT, Kind.UNKNOWN: Outcome.IN_DOUBT}  # outcomes that a note repeats


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """Calls the provider. `record` stores outcomes as sent; noted ones before the next note."""

    job: Job
    state: BatchState
    means: Means
    record: Callable[[Results], None]

    @property
    def channel(self) -> Channel:
        return self.means.channel

    def together(self, envelopes: Mapping[int, Envelope]) -> Results:
        """Send all envelopes."""
        if not envelopes or not self._in_time():
            return {}
        self.means.result.asked.add(self.job)
        return dict(zip(envelopes, self._sent(list(envelopes.values())), strict=True))

    def noted(self, envelopes: Mapping[int, Envelope]) -> Results:
        """Send what goes in one call of the provider after the other: note it, send it, record who was sent.

        Envelopes left when time is up, or after a note that failed, were not handed over, so they are not in doubt.
        """
        results: Results = {}
        all_places, all_envelopes = list(envelopes), list(envelopes.values())
        for call in self.channel.calls(all_envelopes):
            places = [all_places[index] for index in call]
            if not self._in_time() or not self._note(places, results):
                break
            self.means.result.asked.add(self.job)
            some = dict(zip(places, self._sent([all_envelopes[index] for index in call]), strict=True))
            results |= some
            if sent := {place: result for place, result in some.items() if result.kind is Kind.SENT}:
                self.record(sent)
        return results

    def _in_time(self) -> bool:
        return self.means.time_left() >= PROVIDER_SECONDS

    def _note(self, places: Sequence[int], results: Results) -> bool:
        """Whether it is noted. Raises ConditionFailed if the lease is lost."""
        known = {place: KNOWN[result.kind] for place, result in results.items() if result.kind in KNOWN}
        so_far = self.state.with_outcomes(known)
        try:
            self.means.batches.leases.note(so_far, owner=self.means.owner, places=places)
        except (ClientError, BotoCoreError, Unavailable):
            log.exception("not noted", extra={"message_id": self.job.message_id, "batch_id": self.job.batch_id})
            return False
        return True

    def _sent(self, envelopes: Sequence[Envelope]) -> Sequence[SendResult]:
        return self.channel.send(envelopes, in_time=self._in_time)
