from __future__ import annotations

from fanfare.channels import CHANNELS

from tests.integration.conftest import Aws
from tests.integration.internal_api import call, deliver, event


def test_each_queue_tells_what_waits_and_what_was_given_up(aws: Aws) -> None:
    aws.sqs.send_message(QueueUrl=aws.queues["email"], MessageBody="{}")
    aws.sqs.send_message(QueueUrl=aws.queues["email"], MessageBody="{}", DelaySeconds=60)
    aws.sqs.send_message(QueueUrl=aws.dead_letters["fan_out"], MessageBody="{}")
    answer = deliver(event("list_queues"))
    depths = {depth.pop("queue"): depth for depth in answer.body["items"]}
    assert list(depths) == ["fan_out", *CHANNELS, "record_receipt"]
    assert depths["email"] == {"waiting": 1, "in_flight": 0, "delayed": 1, "dead_letters": 0}
    assert depths["fan_out"]["dead_letters"] == 1


def test_a_dead_letter_that_somebody_looks_at_is_still_counted(aws: Aws) -> None:
    aws.sqs.send_message(QueueUrl=aws.dead_letters["sms"], MessageBody="{}")
    aws.sqs.receive_message(QueueUrl=aws.dead_letters["sms"])
    (sms,) = [depth for depth in call("GET", "/v1/queues").body["items"] if depth["queue"] == "sms"]
    assert sms["dead_letters"] == 1
