"""The graphs of the dashboard, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .metrics import AVERAGE, MAXIMUM, OURS, P99, SUM, MetricScope


@dataclass(frozen=True, kw_only=True)
class Graph:
    """One graph of the dashboard: a line per metric and per resource that has it."""

    title: str
    metrics: tuple[str, ...]
    scope: MetricScope = MetricScope.STAGE
    namespace: str = OURS
    statistic: str = SUM


# Row by row, two graphs each.
DASHBOARD: Final = (
    Graph(
        title="Recipients by outcome",
        metrics=tuple(f"deliveries_{kind}" for kind in ("sent", "failed", "skipped", "deleted", "retried", "unknown")),
    ),
    Graph(title="Oldest overdue work (seconds)", metrics=("oldest_due_seconds",), statistic=MAXIMUM),
    Graph(
        title="Recovered by the reconciler",
        metrics=("batch_resent", "fan_out_resent", "dead_letter_redriven", "message_stale"),
    ),
    Graph(title="Reconciler runs", metrics=("reconciled",)),
    Graph(
        title="Queue depth",
        metrics=("ApproximateNumberOfMessagesVisible",),
        scope=MetricScope.QUEUE,
        namespace="AWS/SQS",
        statistic=MAXIMUM,
    ),
    Graph(
        title="Age of the oldest job in each queue (seconds)",
        metrics=("ApproximateAgeOfOldestMessage",),
        scope=MetricScope.QUEUE,
        namespace="AWS/SQS",
        statistic=MAXIMUM,
    ),
    Graph(
        title="Dead letters",
        metrics=("ApproximateNumberOfMessagesVisible",),
        scope=MetricScope.DEAD_LETTERS,
        namespace="AWS/SQS",
        statistic=MAXIMUM,
    ),
    Graph(
        title="Receipts by kind",
        metrics=(
            *("receipts_delivered", "receipts_delayed", "receipts_bounced_soft", "receipts_bounced"),
            *("receipts_complained", "receipts_unread"),
        ),
    ),
    Graph(title="Function errors", metrics=("Errors",), scope=MetricScope.FUNCTION, namespace="AWS/Lambda"),
    Graph(
        title="Function duration (p99, ms)",
        metrics=("Duration",),
        scope=MetricScope.FUNCTION,
        namespace="AWS/Lambda",
        statistic=P99,
    ),
    Graph(title="Throttled invocations", metrics=("Throttles",), scope=MetricScope.FUNCTION, namespace="AWS/Lambda"),
    Graph(
        title="Throttled table reads and writes",
        metrics=("ReadThrottleEvents", "WriteThrottleEvents"),
        scope=MetricScope.TABLE,
        namespace="AWS/DynamoDB",
    ),
    Graph(
        title="Refused: throttled requests, sign-ups, codes by text",
        metrics=("requests_throttled", "sign_ups_refused", "codes_refused"),
    ),
    Graph(title="Codes by text: sent, and not confirmed", metrics=("codes_sent", "codes_unconfirmed")),
    Graph(title="API responses", metrics=("Count", "4xx", "5xx"), scope=MetricScope.API, namespace="AWS/ApiGateway"),
    Graph(
        title="API latency (p99, ms)",
        metrics=("Latency",),
        scope=MetricScope.API,
        namespace="AWS/ApiGateway",
        statistic=P99,
    ),
    Graph(
        title="SES bounce and complaint rates of the account",
        metrics=("Reputation.BounceRate", "Reputation.ComplaintRate"),
        scope=MetricScope.ACCOUNT,
        namespace="AWS/SES",
        statistic=AVERAGE,
    ),
    Graph(
        title="SES sends and rejects of the account",
        metrics=("Send", "Reject"),
        scope=MetricScope.ACCOUNT,
        namespace="AWS/SES",
    ),
)
