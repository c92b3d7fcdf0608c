"""Limits of AWS that a template can exceed without an error before the deployment."""

from __future__ import annotations

import json
import re

import pytest
from fanfare.aws.tables import TABLES

from tests.infra.names import resolved
from tests.infra.synth import Deployment

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ENVIRONMENT_BYTES = 4_096
ANOTHER_CHANNEL = 230  # what one more queue and its dead letters add, with their names
LIMITS_OF_CHANNELS = 350  # `user_limits` for four more channels

# By table, the indexes of the last release. Change it with a release.
RELEASED: dict[str, set[str]] = {
    "catalogue": set(),
    "audience": {"listed"},
    "messages": {"due", "recent"},
    "batches": {"due"},
    "deliveries": set(),
    "inbox": set(),
}


@pytest.mark.parametrize("kind", ["prod", "full"])
def test_the_environment_fits_with_the_longest_names_and_has_room_for_a_channel(
    kind: str, request: pytest.FixtureRequest
) -> None:
    made: Deployment = request.getfixturevalue(kind)
    for function in made.service.functions.values():
        variables = {name: resolved(value, made) for name, value in function["Environment"]["Variables"].items()}
        size = len(json.dumps(variables, separators=(",", ":")).encode())
        assert size + ANOTHER_CHANNEL + LIMITS_OF_CHANNELS <= ENVIRONMENT_BYTES, function["Description"]


def test_a_queue_is_named_by_what_all_urls_share_and_its_own_variable(dev: Deployment) -> None:
    variables = dev.service.function("reconcile")["Environment"]["Variables"]
    shared = resolved(variables["FANFARE_QUEUES"], dev)
    assert shared == "https://sqs.ap-southeast-2.amazonaws.com/123456789012/"
    assert variables["FANFARE_EMAIL_QUEUE_URL"] == {"Fn::GetAtt": ["EmailQueueA81ECD67", "QueueName"]}


def test_a_release_creates_or_deletes_at_most_one_index_of_a_table() -> None:
    # https://github.com/aws/aws-cdk/issues/12246: "Cannot perform more than one GSI creation or deletion in a single
    # update". Rolling back is the same operation.
    now = {table.name: {index.name for index in table.indexes} for table in TABLES}
    assert now.keys() == RELEASED.keys()
    assert {name: now[name] ^ RELEASED[name] for name in now if len(now[name] ^ RELEASED[name]) > 1} == {}


def test_the_console_of_api_gateway_tells_apis_and_stages_apart(dev: Deployment, prod: Deployment) -> None:
    names = [api["Name"] for made in (dev, prod) for api in made.service.of_type("AWS::ApiGatewayV2::Api").values()]
    assert sorted(names) == [
        "fanfare-dev-internal",
        "fanfare-dev-public",
        "fanfare-prod-internal",
        "fanfare-prod-public",
    ]


def test_access_logs_are_where_the_policy_of_the_account_does_not_grow(each: Deployment) -> None:
    # https://github.com/awslabs/visual-asset-management-system/issues/157
    groups = {id: made.get("LogGroupName", "") for id, made in each.service.of_type("AWS::Logs::LogGroup").items()}
    for stage in each.service.of_type("AWS::ApiGatewayV2::Stage").values():
        (id,) = re.findall(r"(\w+AccessLogs\w+)", json.dumps(stage["AccessLogSettings"]["DestinationArn"]))
        assert groups[id].startswith("/aws/vendedlogs/")


def test_names_are_resolved_as_long_as_they_can_be(prod: Deployment) -> None:
    name = prod.service.function("reconcile")["Environment"]["Variables"]["FANFARE_EMAIL_QUEUE_URL"]
    assert resolved(name, prod) == "Fanfare-sixteenletters16-Service-EmailQueueA81ECD67-ABCDEFGHIJKL"
