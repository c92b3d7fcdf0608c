"""Access logs of an API: one line per request."""

from __future__ import annotations

import json

import jsii
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigateway import AccessLogFormat

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
ACCESS_LOG = {
    "time": "$context.requestTime",
    "request_id": "$context.requestId",
    "method": "$context.httpMethod",
    "status": "$context.status",
    "length": "$context.responseLength",
    "milliseconds": "$context.responseLatency",
    "error": "$context.error.message",
}


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
