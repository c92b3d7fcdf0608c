"""The metrics of a stage from CloudWatch, for the overview of the console."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

NAMES: Final = (
    *("deliveries_sent", "deliveries_failed"),
    *("receipts_delivered", "receipts_bounced", "receipts_complained"),
)


@dataclass(frozen=True)
class StageMetrics:
    """`cloudwatch` is boto3's client. Without cloudwatch:GetMetricData, the overview does without."""

    cloudwatch: Any
    stage: str

    def __call__(self, begin: datetime, end: datetime, seconds: int) -> Mapping[str, Mapping[datetime, float]]:
        queries = [
            {
                "Id": name,
                "MetricStat": {
                    "Metric": {
                        "Namespace": "Fanfare",
                        "MetricName": name,
                        "Dimensions": [
                            {"Name": "service", "Value": "fanfare"},
                            {"Name": "stage", "Value": self.stage},
                        ],
                    },
                    "Period": seconds,
                    "Stat": "Sum",
                },
            }
            for name in NAMES
        ]
        found: dict[str, dict[datetime, float]] = {}
        try:
            pages = self.cloudwatch.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries, StartTime=begin, EndTime=end
            )
            for page in pages:
                for each in page["MetricDataResults"]:
                    found.setdefault(each["Id"], {}).update(zip(each["Timestamps"], each["Values"], strict=True))
        except (BotoCoreError, ClientError):
            return {}
        return found
