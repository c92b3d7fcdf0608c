"""What an operator is told and shown, as data: the alarms, and the pictures of the dashboard."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

RUNBOOKS: Final = "docs/operations.md"
OURS: Final = "Fanfare"  # the namespace of what the functions write into their logs (EMF)
MINIMUM, AVERAGE, MAXIMUM, SUM = "Minimum", "Average", "Maximum", "Sum"
P99: Final = "p99"
Silence = Literal["NOT_BREACHING", "BREACHING", "IGNORE"]  # what it means that no figure came


class Of(Enum):
    """Whose metric it is."""

    STAGE = "this deployment"
    ACCOUNT = "the whole account"
    QUEUE = "each queue"
    DEAD_LETTERS = "the dead letters of each queue"
    FUNCTION = "each function"
    API = "each API"
    TABLE = "each table"


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Rings when `statistic` of the metric reaches `threshold` (or, `below`, falls short of it) in each of `periods`.

    `name` is also the section of the runbooks that says what to do.
    """

    name: str
    means: str
    metric: str
    of: Of = Of.STAGE
    namespace: str = OURS
    statistic: str = SUM
    threshold: float = 1
    below: bool = False
    minutes: int = 5
    periods: int = 3
    silence: Silence = "NOT_BREACHING"

    @property
    def runbook(self) -> str:
        """The section that says what to do."""
        return f"{RUNBOOKS}#{self.name}"


# What mends itself rings nothing: a dead letter that the reconciler takes up within the minute, a batch that is sent
# again, a function that failed once.
ALARMS: Final = (
    Alarm(
        name="reconciler-silent",
        means="the reconciler has not finished a run for five minutes; what is lost stays lost until it does",
        metric="reconciled",
        below=True,
        minutes=1,
        periods=5,
        silence="BREACHING",
    ),
    Alarm(
        name="overdue",
        means="a message or batch is a quarter of an hour late, though it was sent again",
        metric="oldest_due_seconds",
        statistic=MAXIMUM,
        threshold=900,
        # What is late again and again is looked at less and less often, but once an hour: so long is a period.
        minutes=60,
        periods=1,
    ),
    Alarm(
        name="dead-letters-stay",
        means="the queue has had dead letters for a quarter of an hour without a break",
        metric="ApproximateNumberOfMessagesVisible",
        of=Of.DEAD_LETTERS,
        namespace="AWS/SQS",
        statistic=MINIMUM,
    ),
    Alarm(
        name="function-errors",
        means="the function has failed in each five minutes of a quarter of an hour",
        metric="Errors",
        of=Of.FUNCTION,
        namespace="AWS/Lambda",
    ),
    Alarm(
        name="api-errors",
        means="the API has answered 5xx in each five minutes of a quarter of an hour",
        metric="5xx",
        of=Of.API,
        namespace="AWS/ApiGateway",
    ),
    Alarm(
        name="unknown-outcomes",
        means="providers' answers have been lost for a quarter of an hour; each may become a duplicate",
        metric="deliveries_unknown",
    ),
    Alarm(
        name="receipts-unread",
        means="a provider reports what cannot be read; bounces may go unheard",
        metric="receipts_unread",
        periods=1,
    ),
    # SES reviews an account from here on; it pauses one at 10 % and 0.5 %. The rates are the account's, over a volume
    # that SES chooses, and are published now and then: silence says nothing.
    # https://docs.aws.amazon.com/ses/latest/dg/reputationdashboard-cloudwatch-alarm.html
    Alarm(
        name="bounce-rate",
        means="5 % of the account's mail bounces: SES puts the account under review",
        metric="Reputation.BounceRate",
        of=Of.ACCOUNT,
        namespace="AWS/SES",
        statistic=AVERAGE,
        threshold=0.05,
        minutes=60,
        periods=1,
        silence="IGNORE",
    ),
    Alarm(
        name="complaint-rate",
        means="0.1 % of the account's mail is reported as spam: SES puts the account under review",
        metric="Reputation.ComplaintRate",
        of=Of.ACCOUNT,
        namespace="AWS/SES",
        statistic=AVERAGE,
        threshold=0.001,
        minutes=60,
        periods=1,
        silence="IGNORE",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Graph:
    """One picture of the dashboard: these metrics, a line for each thing that has them."""

    title: str
    metrics: tuple[str, ...]
    of: Of = Of.STAGE
    namespace: str = OURS
    statistic: str = SUM


# Row by row, two pictures each.
DASHBOARD: Final = (
    Graph(
        title="Recipients, by what became of them",
        metrics=tuple(f"deliveries_{kind}" for kind in ("sent", "failed", "skipped", "deleted", "retried", "unknown")),
    ),
    Graph(title="How late the latest is (seconds)", metrics=("oldest_due_seconds",), statistic=MAXIMUM),
    Graph(
        title="What the reconciler made good",
        metrics=("batch_resent", "fan_out_resent", "dead_letter_redriven", "message_stale"),
    ),
    Graph(title="Runs of the reconciler", metrics=("reconciled",)),
    Graph(
        title="Waiting in the queues",
        metrics=("ApproximateNumberOfMessagesVisible",),
        of=Of.QUEUE,
        namespace="AWS/SQS",
        statistic=MAXIMUM,
    ),
    Graph(
        title="Age of the oldest in the queues (seconds)",
        metrics=("ApproximateAgeOfOldestMessage",),
        of=Of.QUEUE,
        namespace="AWS/SQS",
        statistic=MAXIMUM,
    ),
    Graph(
        title="Dead letters",
        metrics=("ApproximateNumberOfMessagesVisible",),
        of=Of.DEAD_LETTERS,
        namespace="AWS/SQS",
        statistic=MAXIMUM,
    ),
    Graph(
        title="What providers reported",
        metrics=(
            *("receipts_delivered", "receipts_delayed", "receipts_bounced_soft", "receipts_bounced"),
            *("receipts_complained", "receipts_unread"),
        ),
    ),
    Graph(title="Errors of functions", metrics=("Errors",), of=Of.FUNCTION, namespace="AWS/Lambda"),
    Graph(
        title="Duration of functions (p99, ms)",
        metrics=("Duration",),
        of=Of.FUNCTION,
        namespace="AWS/Lambda",
        statistic=P99,
    ),
    Graph(title="Throttled invocations", metrics=("Throttles",), of=Of.FUNCTION, namespace="AWS/Lambda"),
    Graph(
        title="Throttled reads and writes of tables",
        metrics=("ReadThrottleEvents", "WriteThrottleEvents"),
        of=Of.TABLE,
        namespace="AWS/DynamoDB",
    ),
    Graph(title="Answers of the APIs", metrics=("Count", "4xx", "5xx"), of=Of.API, namespace="AWS/ApiGateway"),
    Graph(
        title="Latency of the APIs (p99, ms)",
        metrics=("Latency",),
        of=Of.API,
        namespace="AWS/ApiGateway",
        statistic=P99,
    ),
    Graph(
        title="The account's rates at SES",
        metrics=("Reputation.BounceRate", "Reputation.ComplaintRate"),
        of=Of.ACCOUNT,
        namespace="AWS/SES",
        statistic=AVERAGE,
    ),
    Graph(title="Mails of the account", metrics=("Send", "Reject"), of=Of.ACCOUNT, namespace="AWS/SES"),
)
