"""Closes windows that are due: their readers become recipients of a digest.

One transaction closes the windows of up to `READERS` readers, each on the condition that it is open, and opens the
batches of the digest for them. So a window is closed once, with all its items. From then on the digest is a message
like any other: the workers apply the rules, charge limits, render and send. Windows that are due together on a topic
and channel share a digest; a reader is in it once, so a second window of theirs goes into the next one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import count, islice
from typing import Final

from fanfare.aws.queues import Queues
from fanfare.aws.transactions import Transaction
from fanfare.channels import CHANNELS
from fanfare.clock import Clock, from_text, to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.batch import Batch, BatchState, WaitReason, batch_id
from fanfare.domain.digests.windows import ITEMS, Window, reference
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Own, Payload, Progress
from fanfare.domain.outcomes import Outcome
from fanfare.errors import ConditionFailed
from fanfare.ids import new_message_id
from fanfare.pipeline.complete import complete
from fanfare.pipeline.context import pinned_of
from fanfare.pipeline.reconcile.run import ReconcileRun
from fanfare.pipeline.redrive import queue_batches
from fanfare.store.batches import Batches
from fanfare.store.catalogue import FRESH_SECONDS, Catalogue
from fanfare.store.messages import Messages
from fanfare.store.windows import Windows

log = logging.getLogger(__name__)

CHUNK: Final = 1_000  # windows that are read together: readers of one digest, at most
DUE_PAGE: Final = 100
READERS: Final = 50  # whose windows one transaction closes
TRIES: Final = 4  # of it, while items are added; then the windows that change are left to the next run
CALLER: Final = "fanfare:digests"  # of a digest, instead of a service


@dataclass(frozen=True, kw_only=True)
class _Digest:
    """A digest that is being made. `progress`: as stored; page 0 if nothing is."""

    message: Message
    payload: Payload
    progress: Progress
    shown: int  # items per reader, at most


@dataclass(frozen=True, kw_only=True)
class CloseWindows:
    """`sender`: name of the brand as long as none is stored."""

    windows: Windows
    messages: Messages
    batches: Batches
    catalogue: Catalogue
    queues: Queues
    clock: Clock
    stale_after: float
    retention: timedelta
    sender: str

    def chunks(self, run: ReconcileRun) -> Iterator[None]:
        """Yields after each chunk."""
        due = self.windows.due(self.clock(), page=DUE_PAGE)
        while chunk := list(islice(due, CHUNK)):
            with run.isolated("windows"):
                self.close(self.windows.get_many(chunk).values(), run)
            yield

    def close(self, windows: Iterable[Window], run: ReconcileRun) -> None:
        """Close those of the windows that are due: the index lags slightly behind the table."""
        now = self.clock()
        due = [each for each in windows if not each.closed and from_text(each.closes_at) <= now]
        for window in due:
            run.late(from_text(window.closes_at), now)
        for together in _together(due):
            if run.out_of_time:
                break
            with run.isolated("digest", topic=together[0].group.topic, channel=together[0].group.channel):
                self._digest(together, run)

    def _digest(self, windows: Sequence[Window], run: ReconcileRun) -> None:
        """Make one digest of these windows of different readers."""
        filled = [window for window in windows if window.count]
        for window in windows:
            if not window.count:  # its messages were deleted
                self.windows.drop(window)
        if not filled:
            return
        digest = self._begun(filled)
        for start in range(0, len(filled), READERS):
            page = filled[start : start + READERS]
            digest, states = self._page(digest, page, last=start + READERS >= len(filled))
            queue_batches(states, self.queues, now=self.clock())
            run.done["window_closed"] += sum(len(state.codes) for state in states)
        if digest.progress.page and not digest.progress.sealed:
            self._seal(digest)

    def _begun(self, windows: Sequence[Window]) -> _Digest:
        """The digest, before anything is stored."""
        now, first = self.clock(), windows[0]
        name = first.template
        topic, template, brand = self.catalogue.for_message(first.group.topic, name, None)
        template = template or self.catalogue.template_head(
            name, max_age=FRESH_SECONDS
        )  # hidden from messages of services
        if template is None:
            raise LookupError(f"no template {name}")
        begun = to_text(now)
        kept = min(window.retain_until for window in windows)
        message = Message(
            id=new_message_id(now),
            state=State.ACTIVE,
            caller=CALLER,
            topic=first.group.topic,
            template={"id": template.id, "version": template.version},
            channels=(first.group.channel,),
            priority="normal",
            on_doubt="resend",
            shards=1,
            created_at=begun,
            send_at=None,
            expires_at=None,
            retain_until=min(kept, int((now + self.retention).timestamp())),
            timeline=({"state": State.PENDING, "at": begun}, {"state": State.ACTIVE, "at": begun}),
            due_at=to_text(now + timedelta(seconds=self.stale_after)),
            digest_of={"readers": 0, "items": 0},
        )
        summary = topic.title if topic else first.group.topic
        payload = Payload(recipients=(), summary=summary, pinned=pinned_of(topic, brand, name=self.sender))
        shown = topic.digest["items"] if topic and topic.digest else ITEMS
        return _Digest(message=message, payload=payload, progress=Progress(shard=0), shown=shown)

    def _page(self, digest: _Digest, windows: Sequence[Window], *, last: bool) -> tuple[_Digest, list[BatchState]]:
        """Close these windows in one transaction. Returns the digest as stored, and the batches that were opened.

        Windows that another run has closed are left out. So are, after some tries, those that items are added to.
        """
        for tries in range(TRIES):
            windows = [each for each in windows if each.retain_until >= digest.message.retain_until]
            if not windows:
                return digest, []
            try:
                return self._try_to_close(digest, windows, last=last)
            except ConditionFailed as conflict:
                log.info("windows changed", extra={"message_id": digest.message.id, "reasons": set(conflict.codes)})
                keys = [(each.group.user_id, each.id) for each in windows]
                if tries == TRIES - 2:
                    keys = [key for key in keys if key[1] not in conflict.failed]
                windows = [each for each in self.windows.get_many(keys).values() if not each.closed and each.count]
        return digest, []

    def _try_to_close(
        self, digest: _Digest, windows: Sequence[Window], *, last: bool
    ) -> tuple[_Digest, list[BatchState]]:
        now, read, message = self.clock(), digest.progress, digest.message
        known = message.digest_of or {}
        readers = known["readers"] + len(windows)
        items = known["items"] + sum(window.count for window in windows)
        message = replace(message, digest_of={"readers": readers, "items": items})
        after = replace(read, page=read.page + 1, recipients=readers, sealed=last, updated_at=to_text(now))
        transaction = Transaction()
        self.messages.progress.advance(transaction, message, read, after)
        for window in windows:
            self.windows.close(transaction, window, message.id)
        states = []
        for batch, state, own in self._batches(message, read.page, windows, digest.shown):
            self.batches.open(transaction, batch, state, own=own)
            states.append(state)
        if read.page:
            self.messages.count_digest(transaction, message)
            transaction.run()
        else:
            self.messages.accept_with(transaction, message, digest.payload, idempotency_key=None, fingerprint="")
        return replace(digest, message=message, progress=after), states

    def _batches(
        self, message: Message, page: int, windows: Sequence[Window], shown: int
    ) -> Iterator[tuple[Batch, BatchState, dict[str, Own | None]]]:
        """The batches of a page, with what they keep of each window. The workers decide on each recipient."""
        channel, numbers = message.channels[0], count()
        size = CHANNELS[channel].batch_size
        overdue = to_text(self.clock() + timedelta(seconds=self.stale_after))
        for some in (windows[start : start + size] for start in range(0, len(windows), size)):
            name = batch_id(0, page, next(numbers))
            batch = Batch(
                message_id=message.id,
                shard=0,
                id=name,
                channel=channel,
                recipients=tuple(window.group.user_id for window in some),
                owned=tuple(range(len(some))),
            )
            state = BatchState(
                message_id=message.id,
                shard=0,
                id=name,
                channel=channel,
                generation=1,
                codes=Outcome.OUTSTANDING.value * len(some),
                waiting=WaitReason.RETRY,
                due_at=overdue,
                retain_until=message.retain_until,
            )
            own: dict[str, Own | None] = {window.group.user_id: Own(data=reference(window, shown)) for window in some}
            yield batch, state, own

    def _seal(self, digest: _Digest) -> None:
        """No window is closed for this digest any more."""
        now, read = self.clock(), digest.progress
        transaction = Transaction()
        after = replace(read, page=read.page + 1, sealed=True, updated_at=to_text(now))
        self.messages.progress.advance(transaction, digest.message, read, after)
        transaction.run()
        complete(digest.message.id, messages=self.messages, batches=self.batches, now=now)


def _together(windows: Iterable[Window]) -> Iterator[list[Window]]:
    """Windows of the same digest: on one topic and channel, with one template, of different readers."""
    waves: dict[tuple[str, str, str, int], list[Window]] = {}
    number: dict[tuple[str, str, str, str], int] = {}
    for window in windows:
        kind = (window.group.topic, window.group.channel, window.template)
        wave = number[*kind, window.group.user_id] = number.get((*kind, window.group.user_id), -1) + 1
        waves.setdefault((*kind, wave), []).append(window)
    yield from waves.values()
