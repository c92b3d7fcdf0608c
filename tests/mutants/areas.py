"""Where mutants are drawn, and the quick tests that have to notice them, the quickest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.mutants.planted import IN_DOUBT, ORDERS, PARTS, REDRIVE, SINGLES


@dataclass(frozen=True)
class Area:
    """Modules, or packages with all that is below them, and tests."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]


AREAS: Final = {
    "rules": Area(
        ("fanfare.domain.eligibility", "fanfare.domain.quiet_hours", "fanfare.domain.limits.rate_limit"),
        (
            "tests/unit/domain/test_rate_limit.py",
            "tests/unit/domain/test_quiet_hours.py",
            "tests/unit/domain/test_eligibility.py",
        ),
    ),
    "domain": Area(
        ("fanfare.domain",),
        (
            "tests/unit/domain/test_moves.py",
            "tests/unit/domain/test_rate_limit.py",
            "tests/unit/domain/test_quiet_hours.py",
            "tests/unit/domain/test_eligibility.py",
            "tests/unit/domain/test_lifecycle.py",
            "tests/unit/domain/test_checked_addresses.py",
            "tests/integration/test_way_of_a_message.py",
            SINGLES,
        ),
    ),
    "pipeline": Area(
        ("fanfare.pipeline",),
        (
            "tests/unit/domain/test_lifecycle.py",
            "tests/integration/test_way_of_a_message.py",
            "tests/faults/test_time_left.py",
            "tests/faults/test_reconcile.py",
            IN_DOUBT,
            REDRIVE,
            SINGLES,
            ORDERS,
        ),
    ),
    "functions": Area(
        (
            "functions.deliver.handler",
            "functions.fan_out.handler",
            "functions.reconcile.handler",
            "functions.record_receipt.handler",
            "fanfare.runtime.records",
            "fanfare.runtime.use_cases.deliver",
            "fanfare.runtime.use_cases.record_receipts",
        ),
        (
            PARTS,
            "tests/integration/test_unreadable_jobs.py",
            "tests/integration/test_record_receipt.py",
            "tests/integration/test_metrics.py",
            "tests/integration/test_way_of_a_message.py",
        ),
    ),
}
