"""What alarms and graphs have in common: where a metric is from, and what it belongs to."""

from __future__ import annotations

from enum import Enum
from typing import Final

OURS: Final = "Fanfare"  # namespace of the metrics that functions write to their logs (EMF)
MINIMUM, AVERAGE, MAXIMUM, SUM = "Minimum", "Average", "Maximum", "Sum"
P99: Final = "p99"


class MetricScope(Enum):
    """What a metric belongs to."""

    STAGE = "this deployment"
    ACCOUNT = "the whole account"
    QUEUE = "each queue"
    DEAD_LETTERS = "the dead letters of each queue"
    FUNCTION = "each function"
    API = "each API"
    TABLE = "each table"
