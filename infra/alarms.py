"""The alarms, as data. Each is named as its section of the runbook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from .metrics import AVERAGE, MAXIMUM, MINIMUM, OURS, SUM, MetricScope

RUNBOOKS: Final = "docs/operations.md"
MissingData = Literal["NOT_BREACHING", "BREACHING", "IGNORE"]  # how to treat periods without data


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Fires if `statistic` of the metric reaches `threshold` (or, if `below`, is less) in each of `periods` periods.

    `name` is also the name of the runbook section. `setting`: the deployer's threshold, instead of `threshold`.
    """

    name: str
    means: str
    metric: str
    scope: MetricScope = MetricScope.STAGE
    namespace: str = OURS
    statistic: str = SUM
    threshold: float = 1
    setting: str | None = None
    below: bool = False
    minutes: int = 5
    periods: int = 3
    missing_data: MissingData = "NOT_BREACHING"

    @property
    def runbook(self) -> str:
        """Link to the runbook section."""
        return f"{RUNBOOKS}#{self.name}"


# There is no alarm for problems that Fanfare recovers from automatically: a dead letter that the reconciler redrives
# within a minute, a re-sent batch, a function that failed once.
ALARMS: Final = (
    Alarm(
        name="reconciler-silent",
        means="the reconciler has not completed a run for five minutes; lost work is not recovered until it does",
        metric="reconciled",
        below=True,
        minutes=1,
        periods=5,
        missing_data="BREACHING",
    ),
    Alarm(
        name="overdue",
        means="a message or batch is 15 minutes overdue although it was re-sent",
        metric="oldest_due_seconds",
        statistic=MAXIMUM,
        threshold=900,
        # Work that stays overdue is checked with increasing delay, but at least hourly: hence the period.
        minutes=60,
        periods=1,
    ),
    Alarm(
        name="dead-letters-stay",
        means="the queue has had dead letters for 15 minutes",
        metric="ApproximateNumberOfMessagesVisible",
        scope=MetricScope.DEAD_LETTERS,
        namespace="AWS/SQS",
        statistic=MINIMUM,
    ),
    Alarm(
        name="function-errors",
        means="the function has failed in three consecutive periods of five minutes",
        metric="Errors",
        scope=MetricScope.FUNCTION,
        namespace="AWS/Lambda",
    ),
    Alarm(
        name="api-errors",
        means="the API has answered 5xx in three consecutive periods of five minutes",
        metric="5xx",
        scope=MetricScope.API,
        namespace="AWS/ApiGateway",
    ),
    Alarm(
        name="unknown-outcomes",
        means="provider answers have been lost for 15 minutes; each can lead to a duplicate",
        metric="deliveries_unknown",
    ),
    Alarm(
        name="sender-not-verified",
        means="SES refuses all mail because the sender is not verified; it is retried and fails after max_attempts",
        metric="deliveries_sender_not_verified",
        periods=1,
    ),
    Alarm(
        name="receipts-unread",
        means="a provider's report can't be parsed; bounces may be missed",
        metric="receipts_unread",
        periods=1,
    ),
    Alarm(
        name="requests-throttled",
        means="the APIs have answered 429 a hundred times in three consecutive periods of five minutes",
        metric="requests_throttled",
        threshold=100,
    ),
    Alarm(
        name="sign-ups-refused",
        means="fifty sign-ups have been refused in three consecutive periods of five minutes",
        metric="sign_ups_refused",
        threshold=50,
    ),
    Alarm(
        name="codes-unconfirmed",
        means="within an hour, twenty more codes were sent by text than were confirmed",
        metric="codes_unconfirmed",
        threshold=20,
        minutes=60,
        periods=1,
    ),
    Alarm(
        name="codes-refused",
        means="the hour's codes by text (codes_per_hour) are used up",
        metric="codes_refused",
        periods=1,
    ),
    # Of the account, in this region, since the first of the month.
    # https://docs.aws.amazon.com/sns/latest/dg/sms_stats_cloudwatch.html
    Alarm(
        name="sms-spend",
        means="the texts of this month cost more than sms_spend_alarm",
        metric="SMSMonthToDateSpentUSD",
        scope=MetricScope.ACCOUNT,
        namespace="AWS/SNS",
        statistic=MAXIMUM,
        setting="sms_spend_alarm",
        minutes=60,
        periods=1,
        missing_data="IGNORE",
    ),
    # SES puts an account under review at these rates; it pauses sending at 10 % and 0.5 %. The rates are per account,
    # over a volume that SES chooses, and published irregularly: missing data means nothing.
    # https://docs.aws.amazon.com/ses/latest/dg/reputationdashboard-cloudwatch-alarm.html
    Alarm(
        name="bounce-rate",
        means="the account's bounce rate is 5 %: SES puts the account under review",
        metric="Reputation.BounceRate",
        scope=MetricScope.ACCOUNT,
        namespace="AWS/SES",
        statistic=AVERAGE,
        threshold=0.05,
        minutes=60,
        periods=1,
        missing_data="IGNORE",
    ),
    Alarm(
        name="complaint-rate",
        means="the account's complaint rate is 0.1 %: SES puts the account under review",
        metric="Reputation.ComplaintRate",
        scope=MetricScope.ACCOUNT,
        namespace="AWS/SES",
        statistic=AVERAGE,
        threshold=0.001,
        minutes=60,
        periods=1,
        missing_data="IGNORE",
    ),
)
