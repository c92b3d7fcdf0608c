from __future__ import annotations

import json

from fanfare.channels import CHANNELS

from infra.constructs.naming import pascal
from tests.infra.synth import Deployment, name_of


def test_every_route_asks_iam(each: Deployment) -> None:
    routes = each.service.of_api("AWS::ApiGatewayV2::Route", "InternalApi")
    assert routes
    assert {route["AuthorizationType"] for route in routes} == {"AWS_IAM"}


def test_every_path_goes_to_one_function(dev: Deployment) -> None:
    (route,) = dev.service.of_api("AWS::ApiGatewayV2::Route", "InternalApi")
    assert route["RouteKey"] == "ANY /{proxy+}"
    (integration,) = dev.service.of_api("AWS::ApiGatewayV2::Integration", "InternalApi")
    assert name_of(integration["IntegrationUri"], dev) == "InternalApiFunction"
    assert integration["PayloadFormatVersion"] == "2.0"


def test_calls_are_throttled_and_logged(each: Deployment) -> None:
    (stage,) = each.service.of_api("AWS::ApiGatewayV2::Stage", "InternalApi")
    assert stage["DefaultRouteSettings"] == {"ThrottlingRateLimit": 100, "ThrottlingBurstLimit": 200}
    assert name_of(stage["AccessLogSettings"]["DestinationArn"], each) == "InternalApiAccessLogs"
    logged = json.loads(stage["AccessLogSettings"]["Format"])
    assert logged["request_id"] == "$context.requestId"
    assert logged["caller"] == "$context.identity.userArn"


def test_a_service_that_is_let_in_may_call_this_api_only(dev: Deployment) -> None:
    (statement,) = dev.service.only("AWS::IAM::ManagedPolicy")["PolicyDocument"]["Statement"]
    assert statement["Action"] == "execute-api:Invoke"
    _, parts = statement["Resource"]["Fn::Join"]
    assert [name_of(part, dev) for part in parts[-2:]] == ["InternalApi", "/$default/*/*"]


def test_the_outputs_are_those_that_are_promised(each: Deployment) -> None:
    workers = ["FanOut", "RecordReceipt", *map(pascal, CHANNELS)]
    outputs = {name for name in each.service.body["Outputs"] if not name.startswith("Dns")}  # see test_sender.py
    assert outputs == {
        "InternalApiUrl",
        "PublicApiUrl",
        "ServicePolicyArn",
        "EventBusName",
        "ReconcileFunctionName",
        "SenderAddress",
        *(f"{worker}QueueUrl" for worker in workers),
        *(f"{worker}DeadLettersUrl" for worker in workers),
    }
