"""Times of the fault world: when it begins and ends, and how long AWS waits for what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fanfare.pipeline.backoff import Pace

START = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)
END = START + timedelta(days=4)  # what is not at rest by then never will be
MINUTE = timedelta(minutes=1)
RECEIPT_SECONDS = 90.0  # SES reports a delivery so long after it took the mail
PACE = Pace(lease=75, backoff=30, max_attempts=8, doubt_grace=120, stale_after=120)

# As the stack sets them (infra/service.py): how long each function may take, how many messages an event has,
# how long a queue hides them, and how often it brings them.
CHANNEL_NAMES = ("email", "sms", "push", "webhook")
LIMITS = {"fan_out": 300.0, "deliver": 60.0, "record_receipt": 30.0, "reconcile": 55.0, "internal_api": 29.0}
BATCHES = {"fan_out": 1, "record_receipt": 100} | dict.fromkeys(CHANNEL_NAMES, 10)
VISIBILITY = {"fan_out": 1800.0, "record_receipt": 180.0} | dict.fromkeys(CHANNEL_NAMES, 360.0)
MAX_RECEIVES = {"fan_out": 5, "record_receipt": 5} | dict.fromkeys(CHANNEL_NAMES, 3)
