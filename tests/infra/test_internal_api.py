from __future__ import annotations

import json

import pytest
from fanfare.channels import CHANNELS

from infra.constructs.naming import pascal
from infra.policies import POLICIES
from tests.infra.synth import Deployment, listed, name_of


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


def test_a_policy_of_everything_is_of_this_api_only(each: Deployment) -> None:
    for name in ("Service", "Admin"):
        assert stated(each, name) == {"Allow": {"*/*"}}


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_states_the_calls_that_are_written_down(each: Deployment, name: str) -> None:
    policy = POLICIES[name]
    written = {"Allow": policy.allows, "Deny": policy.withholds}
    assert stated(each, name) == {
        effect: {call.replace(" /", "/") for call in calls} for effect, calls in written.items() if calls
    }


def test_a_persons_own_no_is_withheld_from_who_keeps_the_audience(dev: Deployment) -> None:
    assert stated(dev, "Audience")["Deny"] == {"PUT/v1/users/*/resubscription"}


def test_services_see_each_others_messages_unless_the_deployer_says_otherwise(
    dev: Deployment, full: Deployment
) -> None:
    shown = full.service.function("internal_api")["Environment"]["Variables"]
    assert shown["FANFARE_OWN_MESSAGES_ONLY"] == "true"
    assert shown["FANFARE_MESSAGE_OVERSEERS"] == "arn:aws:sts::123456789012:assumed-role/operators"
    assert not [
        name for name in dev.service.function("internal_api")["Environment"]["Variables"] if "OVERSEERS" in name
    ]


def stated(deployment: Deployment, name: str) -> dict[str, set[str]]:
    """The calls of this API by effect; a policy states nothing else."""
    (policy,) = (
        made
        for id, made in deployment.service.of_type("AWS::IAM::ManagedPolicy").items()
        if name_of({"Ref": id}, deployment) == f"InternalApi{name}Policy"
    )
    found = {}
    for statement in policy["PolicyDocument"]["Statement"]:
        assert statement["Action"] == "execute-api:Invoke"
        joined = [resource["Fn::Join"][1] for resource in listed(statement["Resource"])]
        assert {name_of(parts[-2], deployment) for parts in joined} == {"InternalApi"}
        assert all(parts[-1].startswith("/$default/") for parts in joined)
        found[statement["Effect"]] = {parts[-1].removeprefix("/$default/") for parts in joined}
    return found


def test_the_outputs_are_those_that_are_promised(each: Deployment) -> None:
    workers = ["FanOut", "RecordReceipt", *map(pascal, CHANNELS)]
    outputs = {name for name in each.service.body["Outputs"] if not name.startswith("Dns")}  # see test_sender.py
    assert outputs == {
        "InternalApiUrl",
        "PublicApiUrl",
        "EditorPolicyArn",
        "ServicePolicyArn",
        "SenderPolicyArn",
        "AudiencePolicyArn",
        "AuthorPolicyArn",
        "AdminPolicyArn",
        "ViewerPolicyArn",
        "OperatorPolicyArn",
        "EventBusName",
        "ReconcileFunctionName",
        "SenderAddress",
        "OperationsTopicArn",
        *(f"{worker}QueueUrl" for worker in workers),
        *(f"{worker}DeadLettersUrl" for worker in workers),
    }
