"""Access logs of an API: one line per request; and the count of those that API Gateway throttled."""

from __future__ import annotations

import json

import jsii
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigateway import AccessLogFormat
from constructs import Construct

from ...metrics import OURS
from ...settings import DeploymentSettings
from ..function import log_group_of

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
ACCESS_LOG = {
    "time": "$context.requestTime",
    "request_id": "$context.requestId",
    "method": "$context.httpMethod",
    "status": "$context.status",
    "length": "$context.responseLength",
    "milliseconds": "$context.responseLatency",
    "error": "$context.error.responseType",  # the message is written without escapes, and would end the text
}


def access_logs(scope: Construct, api: str, *, settings: DeploymentSettings, **more: str) -> AccessLogs:
    """The access logs of the API `scope`, and the metric of throttled requests, which HTTP APIs do not have.

    `api` is a part of their name, `more` are additional variables to log. API Gateway may leave out some of very many
    throttled requests. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
    """
    # Below this prefix one resource policy lets all of them be written. Others are added to it one by one until it is
    # full (5,120 characters), and then an API can't be created.
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
    name = f"/aws/vendedlogs/fanfare/{settings.stage}/{api}-api"
    group = log_group_of(scope, "AccessLogs", settings=settings, name=name)
    of_this_stage = {"service": "fanfare", "stage": settings.stage}  # dimensions can only be fields of the line
    logs.MetricFilter(
        scope,
        "Throttled",
        log_group=group,
        metric_namespace=OURS,
        metric_name="requests_throttled",
        metric_value="1",
        filter_pattern=logs.FilterPattern.string_value("$.status", "=", "429"),
        dimensions={name: f"$.{name}" for name in of_this_stage},
    )
    return AccessLogs(group, **of_this_stage, **more)


@jsii.implements(apigateway.IAccessLogSettings)
class AccessLogs:
    """`more` are additional variables that this API logs."""

    def __init__(self, group: logs.ILogGroup, **more: str) -> None:
        self._group = group
        self._fields = {**ACCESS_LOG, **more}

    @property
    def destination(self) -> apigateway.IAccessLogDestination:
        return apigateway.LogGroupLogDestination(self._group)

    @property
    def format(self) -> AccessLogFormat:
        return AccessLogFormat.custom(json.dumps(self._fields))
