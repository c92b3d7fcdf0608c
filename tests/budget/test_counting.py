"""Counts of a large message cost the same however many look, and a deletion of one takes bounded requests."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fanfare.aws.codec import pack
from fanfare.aws.dynamodb import DynamoTable
from fanfare.channels.receipts import Receipt, ReceiptEvent
from fanfare.clock import to_text
from fanfare.domain.counting import Count
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Payload
from fanfare.domain.outcomes import Outcome
from fanfare.errors import Unavailable
from fanfare.insight.messages import ReadMessages
from fanfare.pipeline.cancel import Cancel
from fanfare.pipeline.digests.withdraw import Withdraw
from fanfare.store.batches import Batches
from fanfare.store.deliveries import Deliveries
from fanfare.store.messages import Messages
from fanfare.store.receipts import ReportedReceipts
from fanfare.store.windows import Windows

from testing.memory_aws.aws import Memory

START = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)
MESSAGE = Message(
    id="01941f29-7c00-7abc-8def-0123456789ab",
    state=State.ACTIVE,
    caller="orders",
    topic="news",
    template=None,
    channels=("email",),
    priority="normal",
    on_doubt="resend",
    shards=2,
    created_at="2027-01-01T08:00:00.000Z",
    send_at=None,
    expires_at=None,
    retain_until=2_000_000_000,
)
PER_PAGE = 40  # batches


class Running:
    """A message with so many batches of fifty, past the store: settled, open, or waiting with a worker."""

    def __init__(self, batches: int, *, also_open: bool = True) -> None:
        self.now = START
        self.memory = Memory(lambda: self.now)
        self.messages = Messages(self._table("messages"))
        self.batches = Batches(self._table("batches"), self._table("messages"))
        self.messages.accept(MESSAGE, Payload(), idempotency_key=None, fingerprint="")
        random.seed(7)
        pages = [0, 0]
        for number in range(batches):
            shard = number % MESSAGE.shards
            page, place = divmod(number // MESSAGE.shards, PER_PAGE)
            pages[shard] = page + 1
            self._batch(f"{shard:04d}-{page:06d}-{place:02d}", shard, also_open=also_open)
        for shard, count in enumerate(pages):
            self._skips(shard, count)
            self._store(
                "messages",
                {
                    "pk": f"message#{MESSAGE.id}",
                    "sk": f"shard#{shard:04d}",
                    "page": count,
                    "recipients": batches // 2 * 50 + 3 * count,
                    "sealed": False,
                },
            )
        self.memory.usage.read_units.clear()

    def _table(self, name: str) -> DynamoTable:
        client: Any = self.memory.dynamodb
        return DynamoTable(client, name)

    def _store(self, table: str, item: dict[str, Any]) -> None:
        self.memory.tables.stores[table].put(pack(item))

    def _batch(self, name: str, shard: int, *, also_open: bool) -> None:
        item = {"pk": f"{MESSAGE.id}#{shard}", "channel": "email", "generation": 1, "ttl": 2_000_000_000}
        kind = random.choice(["done", "done", "open", "leased"]) if also_open else "done"  # noqa: S311
        if kind == "done":
            codes = "".join(random.choices("SSSF", k=50))  # noqa: S311
            self._store("batches", item | {"sk": f"done#{name}", "codes": codes, "settled_at": "2027"})
            return
        lease = {"lease_owner": "worker", "lease_until": "2027"} if kind == "leased" else {}
        self._store("batches", item | {"sk": f"open#{name}", "codes": "." * 48 + "?S", "due_at": "2027"} | lease)

    def _skips(self, shard: int, pages: int) -> None:
        skips = [[str(number), "email", "opted_out"] for number in range(3)]
        for page in range(pages):
            item = {"pk": f"{MESSAGE.id}#{shard}", "sk": f"skips#{page:06d}", "skips": skips}
            self._store("batches", item)

    def cancel(self) -> Cancel:
        withdraw = Withdraw(
            batches=self.batches,
            windows=Windows(self.batches.table),
            deliveries=Deliveries(self.batches.table),
            clock=lambda: self.now,
        )
        return Cancel(messages=self.messages, batches=self.batches, withdraw=withdraw, clock=lambda: self.now)

    def look(self) -> dict[str, int]:
        return self.view()["counts"]  # type: ignore[no-any-return]

    def receipts(self) -> dict[str, int]:
        """Those above 0."""
        return {name: count for name, count in self.view()["receipts"].items() if count}

    def view(self) -> dict[str, Any]:
        view = ReadMessages(messages=self.messages, batches=self.batches, clock=lambda: self.now).get(MESSAGE.id)
        return view.model_dump()

    def rest(self) -> int:
        """The message is sent, now. Returns the number of its recipients that were."""
        counts = self.exact()
        message = self.messages.table.get(f"message#{MESSAGE.id}", "message") or {}
        ended = {"state": "sent", "at": to_text(self.now), "reason": None}
        self._store("messages", message | {"state": "sent", "counts": counts, "timeline": [ended]})
        return counts["sent"]

    def report(self, receipt: Receipt, *, recipient: int = 0) -> None:
        """The provider reports this of one of the recipients in the first batch that were sent."""
        codes = (self.batches.table.get(f"{MESSAGE.id}#0", "done#0000-000000-00") or {})["codes"]
        place = [place for place, code in enumerate(codes) if code == "S"][recipient]
        report = ReceiptEvent(
            message_id=MESSAGE.id,
            user_id="ada",
            channel="email",
            receipt=receipt,
            at=self.now,
            batch_id="0000-000000-00",
            place=place,
        )
        ReportedReceipts(self.batches.table).add([report], retain_until=2_000_000_000)

    def watched(self, seconds: int, *, looks: int) -> tuple[float, float]:
        """Read units for the sums, and for the looks themselves, with so many looks a second."""
        before = dict(self.memory.usage.read_units)
        for _ in range(seconds):
            for _ in range(looks):
                self.look()
            self.now += timedelta(seconds=1)
        used = {name: units - before.get(name, 0) for name, units in self.memory.usage.read_units.items()}
        return used.get("batches", 0.0), used["messages"]

    def exact(self) -> dict[str, int]:
        return self.batches.totals.tally(MESSAGE.id, MESSAGE.shards).counts()


def test_counts_of_a_small_message_are_exact_at_each_look() -> None:
    running = Running(100)
    assert running.look() == running.exact()
    assert running.messages.table.get(f"counts#{MESSAGE.id}", "running") is None
    before = running.look()["sent"]
    running._store("batches", running.batches.table.get(f"{MESSAGE.id}#0", "skips#000000") | {"skips": []})  # type: ignore[operator]
    running._batch("0000-000009-00", 0, also_open=False)
    assert running.look() == running.exact()
    assert running.look()["sent"] > before


def test_parts_add_up_to_the_whole() -> None:
    running = Running(4_400)
    progress = running.messages.progress.of(MESSAGE)
    count = Count()
    parts = 0
    for pages in Count().remaining(progress):
        count = count.plus(pages, running.batches.totals.tally_pages(MESSAGE.id, pages)[0])
        assert [*count.remaining(progress)] == [*Count().remaining(progress)][parts + 1 :]
        parts += 1
    assert parts == 6  # 55 pages of each shard, 25 at once
    assert count.totals.counts() == running.exact()
    assert count.totals == running.batches.totals.tally(MESSAGE.id, MESSAGE.shards)
    assert count.totals[Outcome.IN_DOUBT] > 0


def test_sums_of_a_large_message_cost_no_more_the_more_often_somebody_looks() -> None:
    seldom, often = Running(4_000, also_open=False), Running(4_000, also_open=False)
    once, _ = seldom.watched(40, looks=1)
    many, looks = often.watched(40, looks=10)
    assert many <= 40 * 40 + 450  # and one part, which is read before its time is known
    assert many <= once * 1.1
    assert looks / (40 * 10) <= 3.1  # units of a look that sums nothing: three small items


def test_sums_of_a_larger_message_cost_no_more_a_second() -> None:
    large, larger = Running(3_000), Running(6_000)
    one, two = large.watched(30, looks=2)[0], larger.watched(30, looks=2)[0]
    assert max(one, two) <= 40 * 30 + 450


def test_one_look_reads_a_part_of_a_large_message() -> None:
    running = Running(6_000, also_open=False)
    counts = running.look()
    assert running.memory.usage.read_units["batches"] <= 450
    assert counts["recipients"] == running.exact()["recipients"]
    assert 0 < counts["sent"] < running.exact()["sent"]
    assert sum(counts[name] for name in ("sent", "failed", "skipped", "deleted", "outstanding")) == counts["recipients"]


def test_while_one_request_sums_others_answer_with_what_is_stored() -> None:
    running = Running(4_000)
    known = running.messages.counts.read(MESSAGE.id)
    assert known is not None
    running.messages.counts.claim(MESSAGE, known[2], until="2027-01-01T08:00:30.000Z")
    counts = running.look()
    assert running.memory.usage.read_units["batches"] == 0
    assert (counts["sent"], counts["outstanding"]) == (0, counts["recipients"])
    assert counts["recipients"] == running.exact()["recipients"]
    running.now += timedelta(seconds=31)  # whoever claimed it is gone
    assert running.look()["sent"] > 0


def test_counts_of_a_large_message_become_exact_once_nothing_changes() -> None:
    running = Running(4_800)
    running.watched(40, looks=1)
    assert running.look() == running.exact()


def test_the_counts_it_came_to_rest_with_are_shown_at_once() -> None:
    running = Running(4_000)
    running.look()
    final = running.exact() | {"sent": 7}
    running._store(
        "messages",
        running.messages.table.get(f"message#{MESSAGE.id}", "message") | {"state": "sent", "counts": final},  # type: ignore[operator]
    )
    assert running.look() == final


def test_receipts_of_a_small_message_are_exact_at_each_look_also_after_its_end() -> None:
    running = Running(100, also_open=False)
    running.report(Receipt.DELIVERED)
    assert running.receipts()["delivered"] == 1
    sent = running.rest()
    running.now += timedelta(days=9)
    assert running.receipts() == {"delivered": 1, "no_word": sent - 1}
    running.report(Receipt.COMPLAINED)
    assert running.receipts() == {"complained": 1, "no_word": sent - 1}


def test_receipts_of_a_large_message_are_kept_for_seconds_after_its_end_and_for_minutes_days_later() -> None:
    running = Running(4_000, also_open=False)
    running.report(Receipt.DELIVERED)
    sent = running.rest()
    assert running.receipts() == {"delivered": 1, "no_word": sent - 1}
    running.report(Receipt.COMPLAINED)
    assert running.receipts() == {"delivered": 1, "no_word": sent - 1}
    running.now += timedelta(seconds=10)
    assert running.receipts() == {"complained": 1, "no_word": sent - 1}
    running.now += timedelta(days=3)
    running.receipts()
    running.report(Receipt.BOUNCED, recipient=1)
    before = running.memory.usage.read_units["batches"]
    running.now += timedelta(minutes=9)
    assert running.receipts() == {"complained": 1, "no_word": sent - 1}
    assert running.memory.usage.read_units["batches"] == before
    running.now += timedelta(minutes=2)
    assert running.receipts() == {"complained": 1, "bounced": 1, "no_word": sent - 2}


def test_receipts_since_a_sum_was_begun_are_counted_at_the_first_look_of_another_day() -> None:
    running = Running(6_000, also_open=False)
    running.look()  # sums a part
    running.report(Receipt.BOUNCED)
    sent = running.rest()
    running.now += timedelta(days=1)
    assert running.receipts() == {"bounced": 1, "no_word": sent - 1}


def test_a_deletion_of_a_very_large_message_goes_on_where_the_last_request_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fanfare.pipeline.counting.ITEMS_PER_CANCELLATION", 1_500)
    running = Running(4_800)
    totals = running.batches.totals.tally(MESSAGE.id, MESSAGE.shards)
    requests, longest, answer = 0, 0.0, None
    while answer is None:
        requests += 1
        before = running.memory.usage.read_units["batches"]
        with suppress(Unavailable):
            answer = running.cancel().run(MESSAGE.id)
        assert running.messages.get(MESSAGE.id).state is State.DELETED  # type: ignore[union-attr]
        longest = max(longest, running.memory.usage.read_units["batches"] - before)
    assert 3 <= requests <= 6
    assert longest <= 350
    assert answer == {
        "state": State.DELETED,
        "already_sent": totals[Outcome.SENT],
        "in_flight": totals.in_flight,
        "withheld": totals.withheld,
    }
    again = running.cancel().run(MESSAGE.id)
    assert again == answer


def test_a_deletion_that_goes_on_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanfare.pipeline.counting.ITEMS_PER_CANCELLATION", 100)
    running = Running(4_000, also_open=False)
    with pytest.raises(
        Unavailable, match=r"^The message is deleted\. 50,075 of its recipients are counted\. Repeat"
    ) as told:
        running.cancel().run(MESSAGE.id)
    assert (told.value.status, told.value.retryable) == (503, True)


def test_a_deletion_of_a_small_message_takes_one_request_and_stores_no_count() -> None:
    running = Running(100)
    running.cancel().run(MESSAGE.id)
    assert running.messages.counts.cancelled(MESSAGE.id) == Count()


def test_what_is_stored_of_a_count_leaves_with_its_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanfare.pipeline.counting.ITEMS_PER_CANCELLATION", 100)
    running = Running(4_000, also_open=False)
    running.look()
    with pytest.raises(Unavailable):
        running.cancel().run(MESSAGE.id)
    items = running.memory.tables.stores["messages"].partitions[f"counts#{MESSAGE.id}"].items
    assert {sk: item["ttl"]["N"] for sk, item in items.items()} == {"cancelled": "2000000000", "running": "2000000000"}
