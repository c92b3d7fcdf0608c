"""The stage's metrics for the overview of the console."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from deploy.metrics import StageMetrics

BEGIN, END = datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 1, 2, tzinfo=UTC)


class CloudWatch:
    def __init__(self, *, denied: bool = False) -> None:
        self.denied = denied
        self.asked: dict[str, Any] = {}

    def get_paginator(self, _: str) -> CloudWatch:
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        if self.denied:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetMetricData")
        self.asked = asked
        values = {"Id": "deliveries_sent", "Timestamps": [BEGIN], "Values": [3.0]}
        return [{"MetricDataResults": [values]}]


def test_figures_of_the_stage_are_read_by_hour() -> None:
    cloudwatch = CloudWatch()
    assert StageMetrics(cloudwatch, "prod")(BEGIN, END, 3_600) == {"deliveries_sent": {BEGIN: 3.0}}
    asked = cloudwatch.asked["MetricDataQueries"][0]["MetricStat"]
    assert {each["Name"]: each["Value"] for each in asked["Metric"]["Dimensions"]} == {
        "service": "fanfare",
        "stage": "prod",
    }
    assert (asked["Period"], asked["Stat"]) == (3_600, "Sum")


def test_without_the_permission_there_are_none() -> None:
    assert StageMetrics(CloudWatch(denied=True), "prod")(BEGIN, END, 3_600) == {}
