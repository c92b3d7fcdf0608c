"""Receipts are counted exactly, and cost no more than they may."""

from __future__ import annotations

from fanfare.insight import cost

from bench.harness.receipts import (
    BOUNCED,
    COMPLAINED,
    DELIVERED,
    Reporting,
    exceeded_by_receipts,
    in_any_order,
    measure_receipts,
    measured,
)


def test_bounces_and_complaints_are_counted_exactly_though_every_event_comes_three_times_in_any_order() -> None:
    bench = Reporting(1_000)
    bench.run()
    assert bench.counted()["no_word"] == 1_000
    delivered = [bench.event(mail, DELIVERED) for mail in range(950)]  # a complaint follows a delivery
    bounced = [bench.event(mail, BOUNCED) for mail in range(950, 1_000)]
    complained = [bench.event(mail, COMPLAINED) for mail in range(20)]
    bench.report(in_any_order([*delivered, *bounced, *complained] * 3))
    assert bench.counted() == {
        "delivered": 930,
        "delayed": 0,
        "bounced": 50,
        "bounced_soft": 0,
        "complained": 20,
        "rejected": 0,
        "no_word": 0,
    }
    assert {kind: bench.listed(kind) for kind in ("delivered", "bounced", "complained", "no_word")} == {
        "delivered": 930,
        "bounced": 50,
        "complained": 20,
        "no_word": 0,
    }


def test_a_receipt_takes_a_quarter_of_a_write_unit_beside_its_record() -> None:
    used = measured(1_000)
    assert used.write_units["deliveries"] == 1_000
    assert 190 < used.write_units["batches"] <= 200  # 20 batches in 10 events
    assert 230 < used.calls.total() <= cost.RECEIPTS.dynamodb == 240
    assert cost.RECEIPTS.write_units == 1_200


def test_a_receipt_of_a_message_to_one_person_takes_one_write_unit_beside_its_record() -> None:
    used = measured(1)
    assert (used.write_units["deliveries"], used.write_units["batches"]) == (1, 1)
    assert used.calls == {"dynamodb:BatchWriteItem": 1, "dynamodb:UpdateItem": 1}


def test_the_bench_measures_a_receipt_and_fails_above_its_budget() -> None:
    assert measure_receipts(100) == {"write_units": 0.02, "write_units_to_one": 1}  # two batches in one event
    assert exceeded_by_receipts({"write_units": 0.26, "write_units_to_one": 1}) == [
        "receipts: write_units: 0.26; the budget is 0.25"
    ]
