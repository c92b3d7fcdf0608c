"""When bounces suppress an address: a rule that spares mailboxes that are full, away, or on a server that is down.

Three messages in a row without a delivery, at least seven days from the first to the last, or two permanent bounces at
least a day apart. `tests/unit/pipeline/test_bounces.py` simulates it: 13 kinds of mailbox, 7 frequencies, 90 days.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from fanfare.data_classes import dataclass

IN_A_ROW: Final = 3
WITHIN: Final = timedelta(days=7)  # at least, from the first of them to the last
PERMANENT_AGAIN: Final = timedelta(days=1)


@dataclass(frozen=True)
class Undelivered:
    """A message that bounced. `permanent`: the server said that it always will."""

    message_id: str
    at: datetime
    permanent: bool = False


def cause_of(row: Sequence[Undelivered]) -> str | None:
    """The cause for which to suppress the address, after these messages in a row, in any order; None to go on."""
    permanent = [each for each in row if each.permanent]
    if len(permanent) > 1 and _span(permanent) >= PERMANENT_AGAIN:
        return "bounce"
    if len(row) >= IN_A_ROW and _span(row) >= WITHIN:
        return "soft_bounces"
    return None


def _span(row: Sequence[Undelivered]) -> timedelta:
    times = [each.at for each in row]
    return max(times) - min(times)
