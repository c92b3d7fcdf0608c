from __future__ import annotations

from typing import Any

import pytest
from fanfare.channels import CHANNELS

from infra.constructs.naming import pascal
from tests.infra.synth import Deployment, Properties, name_of

WORKERS = [*(pytest.param(pascal(name), f"deliver-{name}", id=name) for name in CHANNELS)]
WORKERS.append(pytest.param("FanOut", "fan_out", id="fan_out"))
WORKERS.append(pytest.param("RecordReceipt", "record_receipt", id="record_receipt"))
every_worker = pytest.mark.parametrize(("worker", "name"), WORKERS)


def queue(deployment: Deployment, name: str) -> Properties:
    queues = deployment.service.of_type("AWS::SQS::Queue")
    (found,) = (made for id, made in queues.items() if name_of({"Ref": id}, deployment) == name)
    return found


def event_source(deployment: Deployment, worker: str) -> Properties:
    sources = deployment.service.of_type("AWS::Lambda::EventSourceMapping").values()
    (found,) = (made for made in sources if name_of(made["EventSourceArn"], deployment) == f"{worker}Queue")
    return found


@every_worker
def test_every_worker_has_dead_letters_that_are_kept_longest(dev: Deployment, worker: str, name: str) -> None:
    redrive = queue(dev, f"{worker}Queue")["RedrivePolicy"]
    assert name_of(redrive["deadLetterTargetArn"], dev) == f"{worker}DeadLetters"
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html: "at least 5", since a throttled
    # invocation counts as a receive, and a new account has ten invocations at once
    assert redrive["maxReceiveCount"] == 5
    assert queue(dev, f"{worker}DeadLetters")["MessageRetentionPeriod"] == 14 * 24 * 3600


@every_worker
def test_a_few_dead_letters_are_found_at_the_first_call(prod: Deployment, worker: str, name: str) -> None:
    # long polling asks all servers of SQS; Lambda polls the queues themselves so
    assert queue(prod, f"{worker}DeadLetters")["ReceiveMessageWaitTimeSeconds"] == 1


@every_worker
def test_a_message_stays_hidden_for_six_times_the_timeout_and_the_window(
    dev: Deployment, worker: str, name: str
) -> None:
    window = event_source(dev, worker).get("MaximumBatchingWindowInSeconds", 0)
    timeout = dev.service.function(name)["Timeout"]
    assert queue(dev, f"{worker}Queue")["VisibilityTimeout"] == 6 * timeout + window


@every_worker
def test_one_bad_record_does_not_fail_its_batch(each: Deployment, worker: str, name: str) -> None:
    assert event_source(each, worker)["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@every_worker
def test_workers_have_a_maximum_concurrency(dev: Deployment, worker: str, name: str) -> None:
    assert event_source(dev, worker)["ScalingConfig"]["MaximumConcurrency"] == 5
    assert event_source(dev, worker)["BatchSize"] == {"record_receipt": 100, "fan_out": 1}.get(name, 10)


def test_receipts_are_gathered_for_as_long_as_a_batch_of_that_size_needs(dev: Deployment) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html: above 10, a window is a must
    assert event_source(dev, "RecordReceipt")["MaximumBatchingWindowInSeconds"] >= 1


@every_worker
def test_the_queue_of_a_worker_feeds_its_function(dev: Deployment, worker: str, name: str) -> None:
    fed = name_of(event_source(dev, worker)["FunctionName"], dev)
    functions = {name_of({"Ref": id}, dev): made for id, made in dev.service.functions.items()}
    assert functions[fed]["Description"] == f"Fanfare: {name}"


def test_every_queue_is_encrypted(each: Deployment) -> None:
    assert all(made["SqsManagedSseEnabled"] for made in each.service.of_type("AWS::SQS::Queue").values())


def test_every_queue_refuses_what_comes_without_tls(prod: Deployment) -> None:
    policies = prod.service.of_type("AWS::SQS::QueuePolicy").values()
    denied = {name_of(q, prod) for policy in policies if denies_http(policy) for q in policy["Queues"]}
    assert denied == {name_of({"Ref": id}, prod) for id in prod.service.of_type("AWS::SQS::Queue")}


def test_the_emulator_is_spoken_to_over_http(local: Deployment) -> None:
    policies = local.service.of_type("AWS::SQS::QueuePolicy").values()
    assert not [policy for policy in policies if denies_http(policy)]


def test_a_lease_outlives_the_function_that_holds_it(dev: Deployment) -> None:
    for name in CHANNELS:
        deliver = dev.service.function(f"deliver-{name}")
        assert int(deliver["Environment"]["Variables"]["FANFARE_LEASE_SECONDS"]) > deliver["Timeout"]


def test_a_fan_out_may_hand_on_to_itself_as_often_as_it_must(dev: Deployment) -> None:
    assert dev.service.function("fan_out")["RecursiveLoop"] == "Allow"


def denies_http(policy: Any) -> bool:
    return any(
        statement["Effect"] == "Deny"
        and statement["Principal"] == {"AWS": "*"}
        and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in policy["PolicyDocument"]["Statement"]
    )
