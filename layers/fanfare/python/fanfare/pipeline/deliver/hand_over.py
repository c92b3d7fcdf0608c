"""Hands the envelopes of several batches over to the provider, with a note before each call where it matters.

Envelopes of different messages share a call. If the worker is lost, the note of a batch lists its recipients that may
have been handed over. Without notes, all may.

    channel                lanes, side by side     pieces of a lane, one after the other
    email, inbox, push     one                     all without notes; then each call that must be noted
    sms, webhook           one for each call       a call without notes
                           one for each batch      each call that must be noted
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from fanfare.channels.base import Kind
from fanfare.data_classes import dataclass
from fanfare.domain.lifecycle import State
from fanfare.domain.outcomes import Outcome
from fanfare.errors import Unavailable
from fanfare.pipeline.deliver.attempt import DELETED, Attempt, record
from fanfare.pipeline.deliver.compose import PROVIDER_SECONDS
from fanfare.pipeline.deliver.means import Means
from fanfare.pipeline.deliver.watch import LOOK_AGAIN_SECONDS, Watch

log = logging.getLogger(__name__)

Piece = Mapping[Attempt, Sequence[int]]  # what the channel is given together: places of recipients, by attempt
Lane = Sequence[Piece]

KNOWN = {Kind.SENT: Outcome.SENT, Kind.UNKNOWN: Outcome.IN_DOUBT}  # outcomes that a note repeats


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """Calls the provider. The results are left in the attempts."""

    means: Means
    watch: Watch

    def run(self, attempts: Sequence[Attempt]) -> Iterator[list[Attempt]]:
        """Hand over the envelopes of these attempts. Yields the attempts as they are done.

        Envelopes left when time is up, or after a note that failed, were not handed over, so they are not in doubt.
        """
        lanes = self._lanes(attempts)
        if self.means.channel.side_by_side == 1 or len(lanes) == 1:
            for lane in lanes:
                self._run(lane)
            yield list(attempts)
        else:
            yield from self._side_by_side(lanes, attempts)

    def _lanes(self, attempts: Sequence[Attempt]) -> list[Lane]:
        channel = self.means.channel
        noted = [attempt for attempt in attempts if attempt.noted]
        rest = [attempt for attempt in attempts if not attempt.noted]
        if channel.side_by_side == 1:
            return [[{attempt: [*attempt.envelopes] for attempt in rest}, *self._calls(noted)]]
        return [*([piece] for piece in self._calls(rest)), *(self._calls([attempt]) for attempt in noted)]

    def _calls(self, attempts: Iterable[Attempt]) -> Lane:
        """A piece for each call of the provider."""
        entries = [(attempt, place) for attempt in attempts for place in attempt.envelopes]
        calls = self.means.channel.calls([attempt.envelopes[place] for attempt, place in entries])
        return [_piece(entries[index] for index in call) for call in calls]

    def _side_by_side(self, lanes: Sequence[Lane], attempts: Sequence[Attempt]) -> Iterator[list[Attempt]]:
        """Run the lanes in threads. After a moment, what is done does not wait for a slow endpoint."""
        from concurrent.futures import ThreadPoolExecutor, wait  # noqa: PLC0415 - few channels need it

        with ThreadPoolExecutor(self.means.channel.side_by_side) as threads:
            running = {threads.submit(self._run, lane): lane for lane in lanes}
            left = list(attempts)
            while left:
                for done in wait(running, timeout=LOOK_AGAIN_SECONDS).done:
                    del running[done]
                    done.result()
                busy = {attempt for lane in running.values() for piece in lane for attempt in piece}
                yield [attempt for attempt in left if attempt not in busy]
                left = [attempt for attempt in left if attempt in busy]

    def _run(self, lane: Lane) -> None:
        for piece in lane:
            if self._in_time():
                self._hand_over({attempt: places for attempt, places in piece.items() if self._ready(attempt, places)})

    def _in_time(self) -> bool:
        return self.means.time_left() >= PROVIDER_SECONDS

    def _ready(self, attempt: Attempt, places: Sequence[int]) -> bool:
        """Whether these recipients may be handed over: the message is not deleted, and the note is stored."""
        job = attempt.job
        try:
            if attempt.goes_on and self.watch.current(job.message_id).state is State.DELETED:
                attempt.stopped = DELETED
            if attempt.goes_on and attempt.noted:
                self._note(attempt, places)
        except (ClientError, BotoCoreError, Unavailable):
            log.exception("not handed over", extra={"message_id": job.message_id, "batch_id": job.batch_id})
            attempt.halted = True
        except Exception as error:  # noqa: BLE001 - e.g. the lease is lost; the attempt ends with it
            attempt.error = error
        return attempt.goes_on

    def _note(self, attempt: Attempt, places: Sequence[int]) -> None:
        """Store who is handed over next. Raises ConditionFailed if the lease is lost."""
        results = attempt.results.items()
        known = {place: KNOWN[result.kind] for place, result in results if result.kind in KNOWN}
        so_far = attempt.work.state.with_outcomes(known)
        self.means.batches.leases.note(so_far, owner=self.means.owner, places=places)

    def _hand_over(self, piece: Piece) -> None:
        """Send it, and record who was sent before the next note. An error belongs to the batches of the piece."""
        if not piece:
            return
        self.means.result.asked.update(attempt.job for attempt in piece)
        entries = [(attempt, place) for attempt, places in piece.items() for place in places]
        envelopes = [attempt.envelopes[place] for attempt, place in entries]
        try:
            results = self.means.channel.send(envelopes, in_time=self._in_time)
        except Exception as error:  # noqa: BLE001 - the attempts end with it
            for attempt in piece:
                attempt.error = error
            return
        for (attempt, place), result in zip(entries, results, strict=True):
            attempt.results[place] = result
        record({attempt: attempt.sent(places) for attempt, places in piece.items() if attempt.noted}, self.means)


def _piece(entries: Iterable[tuple[Attempt, int]]) -> Piece:
    piece: dict[Attempt, list[int]] = {}
    for attempt, place in entries:
        piece.setdefault(attempt, []).append(place)
    return piece
