from __future__ import annotations

import json

import pytest
from fanfare.channels import CHANNELS

from console.calls import CALLS
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
    assert "path" not in str(logged).lower()  # that of a suppression has an address in it


def test_a_service_that_is_let_in_may_call_this_api_only(dev: Deployment) -> None:
    assert allowed(dev, "Service") == {"*/*"}


@pytest.mark.parametrize("name", CALLS)
def test_who_uses_the_console_may_make_its_calls_and_no_others(each: Deployment, name: str) -> None:
    assert allowed(each, name) == {call.replace(" /", "/") for call in CALLS[name]}


def test_a_viewer_changes_nothing(dev: Deployment) -> None:
    assert {call for call in allowed(dev, "Viewer") if not call.startswith("GET/")} == {"POST/v1/templates/*/previews"}


def allowed(deployment: Deployment, name: str) -> set[str]:
    """What a policy lets its bearer call of this API; it allows nothing else."""
    (policy,) = (
        made
        for id, made in deployment.service.of_type("AWS::IAM::ManagedPolicy").items()
        if name_of({"Ref": id}, deployment) == f"InternalApi{name}Policy"
    )
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "execute-api:Invoke")
    resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
    joined = [resource["Fn::Join"][1] for resource in resources]
    assert {name_of(parts[-2], deployment) for parts in joined} == {"InternalApi"}
    assert all(parts[-1].startswith("/$default/") for parts in joined)
    return {parts[-1].removeprefix("/$default/") for parts in joined}


def test_the_outputs_are_those_that_are_promised(each: Deployment) -> None:
    workers = ["FanOut", "RecordReceipt", *map(pascal, CHANNELS)]
    outputs = {name for name in each.service.body["Outputs"] if not name.startswith("Dns")}  # see test_sender.py
    assert outputs == {
        "InternalApiUrl",
        "PublicApiUrl",
        "ServicePolicyArn",
        "ViewerPolicyArn",
        "OperatorPolicyArn",
        "EventBusName",
        "ReconcileFunctionName",
        "SenderAddress",
        "OperationsTopicArn",
        *(f"{worker}QueueUrl" for worker in workers),
        *(f"{worker}DeadLettersUrl" for worker in workers),
    }
