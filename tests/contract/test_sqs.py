"""What Fanfare takes for granted of SQS, each fact for itself."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.contract.backend import Backend


def bodies(messages: list[dict[str, str]]) -> list[str]:
    return sorted(message["Body"] for message in messages)


def test_a_batch_is_answered_entry_by_entry(aws: Backend) -> None:
    answer = aws.send("one", "two")
    assert sorted(entry["Id"] for entry in answer["Successful"]) == ["0", "1"]
    assert not answer.get("Failed")
    assert bodies(aws.receive()) == ["one", "two"]


def test_a_batch_has_ten_entries_at_most(aws: Backend) -> None:
    with pytest.raises(ClientError) as refused:
        aws.send(*(f"{number}" for number in range(11)))
    assert str(refused.value.response["Error"]["Code"]).endswith("TooManyEntriesInBatchRequest")
    assert aws.receive() == []


def test_a_receive_takes_as_many_as_are_asked_for(aws: Backend) -> None:
    aws.send("one", "two", "three")
    assert len(aws.receive(limit=2)) == 2
    assert len(aws.receive(limit=2)) == 1


def test_what_is_received_is_hidden_and_comes_again_with_another_handle(aws: Backend) -> None:
    aws.send("one")
    (first,) = aws.receive(visibility=1)
    assert aws.receive() == []
    aws.sleep(1.2)
    (again,) = aws.receive()
    assert again["MessageId"] == first["MessageId"]
    assert again["ReceiptHandle"] != first["ReceiptHandle"]


def test_what_is_deleted_does_not_come_again(aws: Backend) -> None:
    aws.send("one")
    (message,) = aws.receive(visibility=1)
    aws.sqs.delete_message(QueueUrl=aws.queue, ReceiptHandle=message["ReceiptHandle"])
    aws.sleep(1.2)
    assert aws.receive() == []


def test_what_is_delayed_shows_later(aws: Backend) -> None:
    aws.send("one", DelaySeconds=1)
    assert aws.receive() == []
    aws.sleep(1.2)
    assert bodies(aws.receive()) == ["one"]


def test_a_handle_says_when_its_message_comes_again(aws: Backend) -> None:
    aws.send("one", "two")
    first, second = sorted(aws.receive(), key=lambda message: str(message["Body"]))
    for message, seconds in ((first, 0), (second, 60)):
        aws.sqs.change_message_visibility(
            QueueUrl=aws.queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=seconds
        )
    assert bodies(aws.receive()) == ["one"]
