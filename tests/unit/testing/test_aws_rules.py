"""Every rule finds a request that breaks it. The integration tests hold all their requests against the rules."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from testing.aws_rules import violations

SESSION: Any = botocore.session.get_session()
KEY = {"pk": {"S": "user#ada"}, "sk": {"S": "user"}}
MAIL: dict[str, Any] = {
    "FromEmailAddress": "hello@shop.example",
    "DefaultContent": {"Template": {"TemplateContent": {"Subject": "{{subject}}"}, "TemplateData": "{}"}},
    "BulkEmailEntries": [{"Destination": {"ToAddresses": ["ada@example.com"]}}],
    "ConfigurationOverrides": {"Tracking": {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}},
}
ENTRY: dict[str, Any] = MAIL["BulkEmailEntries"][0]


def found(service: str, operation: str, **request: Any) -> list[str]:
    return violations(SESSION.get_service_model(service).operation_model(operation), request)


def entries(number: int, **more: Any) -> list[dict[str, Any]]:
    return [{"Id": str(place), "MessageBody": "{}", **more} for place in range(number)]


def update(**more: Any) -> dict[str, Any]:
    return {"TableName": "t", "Key": KEY, **more}


def large(number: int) -> dict[str, Any]:
    """An item of almost 400 KiB."""
    return {"pk": {"S": f"large-{number}"}, "sk": {"S": "s"}, "body": {"S": "x" * 400_000}}


PLANTED: list[tuple[str, str, dict[str, Any], str]] = [
    ("dynamodb", "GetItem", {"TableName": "t"}, "Missing required parameter"),
    ("dynamodb", "GetItem", update(Consistent=True), "Unknown parameter"),
    ("dynamodb", "GetItem", {"TableName": "t", "Key": {"pk": {"S": ""}, "sk": {"S": "user"}}}, "1 to 2048 bytes"),
    ("dynamodb", "PutItem", {"TableName": "t", "Item": {**KEY, "tags": {"SS": []}}}, "an empty set"),
    ("dynamodb", "PutItem", {"TableName": "t", "Item": {**KEY, "body": {"S": "x" * 409_600}}}, "an item above"),
    ("dynamodb", "PutItem", {"TableName": "t", "Item": {**KEY, "n": {"N": "1" * 39}}}, "more than 38 digits"),
    ("dynamodb", "UpdateItem", update(UpdateExpression="SET a = :a"), "[':a'] is not defined"),
    (
        "dynamodb",
        "UpdateItem",
        update(UpdateExpression="SET a = :a", ExpressionAttributeValues={":a": {"S": "1"}, ":b": {"S": "2"}}),
        "[':b'] is not used",
    ),
    ("dynamodb", "UpdateItem", update(UpdateExpression="REMOVE name"), "['name']: reserved words"),
    ("dynamodb", "UpdateItem", update(UpdateExpression="REMOVE pushed.status"), "['status']: reserved words"),
    ("dynamodb", "UpdateItem", update(UpdateExpression="REMOVE places, places.p1"), "overlapping paths"),
    (
        "dynamodb",
        "UpdateItem",
        update(UpdateExpression="SET due = due REMOVE #d", ExpressionAttributeNames={"#d": "due"}),
        "due and due: overlapping paths",
    ),
    (
        "dynamodb",
        "Query",
        {
            "TableName": "t",
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :from AND :to",
            "ExpressionAttributeValues": {":pk": {"S": "p"}, ":from": {"S": "b"}, ":to": {"S": "a"}},
        },
        "the first is above the second",
    ),
    (
        "dynamodb",
        "BatchGetItem",
        {"RequestItems": {"t": {"Keys": [{"pk": {"S": str(n)}, "sk": {"S": "s"}} for n in range(101)]}}},
        "above 100",
    ),
    ("dynamodb", "BatchWriteItem", {"RequestItems": {"t": [{"DeleteRequest": {"Key": KEY}}] * 2}}, "on one item"),
    (
        "dynamodb",
        "TransactWriteItems",
        {
            "TransactItems": [
                {"Put": {"TableName": "t", "Item": KEY}},
                {"ConditionCheck": update(ConditionExpression="attribute_exists(pk)")},
            ]
        },
        "two operations on one item",
    ),
    (
        "dynamodb",
        "TransactWriteItems",
        {"TransactItems": [{"Put": {"TableName": "t", "Item": large(n)}} for n in range(11)]},
        "more than 4194304 bytes",
    ),
    (
        "dynamodb",
        "Query",
        {"TableName": "t", "IndexName": "due", "ConsistentRead": True, "KeyConditionExpression": "pk = pk"},
        "a consistent read of an index",
    ),
    ("dynamodb", "Query", {"TableName": "t", "Select": "EVERYTHING"}, "is not one of"),
    ("sqs", "SendMessageBatch", {"QueueUrl": "q", "Entries": entries(11)}, "11 entries"),
    ("sqs", "SendMessageBatch", {"QueueUrl": "q", "Entries": entries(1) * 2}, "distinct"),
    ("sqs", "SendMessageBatch", {"QueueUrl": "q", "Entries": entries(1, DelaySeconds=901)}, "a delay above 900"),
    ("sqs", "SendMessageBatch", {"QueueUrl": "q", "Entries": entries(1, MessageGroupId="a b")}, "a group"),
    ("sqs", "SendMessage", {"QueueUrl": "q", "MessageBody": "\x00"}, "characters that SQS refuses"),
    ("sesv2", "SendBulkEmail", {**MAIL, "BulkEmailEntries": [ENTRY] * 51}, "51 mails"),
    ("sesv2", "SendBulkEmail", {**MAIL, "FromEmailAddress": "Müller <hello@shop.example>"}, "beyond ASCII"),
    ("sesv2", "SendBulkEmail", {**MAIL, "ConfigurationOverrides": {}}, "tracking is left to the account"),
    (
        "sesv2",
        "SendBulkEmail",
        {**MAIL, "BulkEmailEntries": [{**ENTRY, "ReplacementTags": [{"Name": "user", "Value": "ada@example.com"}]}]},
        "tags:",
    ),
    (
        "sesv2",
        "SendBulkEmail",
        {**MAIL, "BulkEmailEntries": [{**ENTRY, "ReplacementTags": [{"Name": "ses:topic", "Value": "news"}]}]},
        "tags:",
    ),
    (
        "sesv2",
        "SendBulkEmail",
        {**MAIL, "BulkEmailEntries": [{**ENTRY, "ReplacementHeaders": [{"Name": "X", "Value": "ü"}]}]},
        "headers:",
    ),
    (
        "sesv2",
        "SendBulkEmail",
        {**MAIL, "BulkEmailEntries": [{**ENTRY, "ReplacementHeaders": [{"Name": "X:", "Value": "x"}]}]},
        "headers:",
    ),
    (
        "sns",
        "Publish",
        {
            "PhoneNumber": "+436641234567",
            "Message": "x",
            "MessageAttributes": {"a": {"DataType": "Text", "StringValue": "x"}},
        },
        "an attribute a of no type",
    ),
    ("events", "PutEvents", {"Entries": [{"Source": "fanfare", "DetailType": "x", "Detail": "{}"}] * 11}, "above 10"),
    ("sns", "Publish", {"PhoneNumber": "+436641234567", "Message": "x" * 1_601}, "1 to 1600 characters"),
]


@pytest.mark.parametrize(("service", "operation", "request_", "expected"), PLANTED)
def test_a_planted_violation_is_found(service: str, operation: str, request_: dict[str, Any], expected: str) -> None:
    told = found(service, operation, **request_)
    assert expected in " ".join(told)


def test_right_requests_are_left_alone() -> None:
    assert found("sesv2", "SendBulkEmail", **MAIL) == []
    tags = [{"Name": "ses:feedback-id-a", "Value": "news"}, {"Name": "ses:feedback-id-b", "Value": "prod"}]
    assert found("sesv2", "SendBulkEmail", **{**MAIL, "BulkEmailEntries": [{**ENTRY, "ReplacementTags": tags}]}) == []
    assert found("sqs", "SendMessageBatch", QueueUrl="q", Entries=entries(10, MessageGroupId="m_1")) == []
    put = {"TableName": "t", "Item": {**KEY, "list": {"L": [{"N": "-0.10"}, {"M": {"a": {"BOOL": True}}}]}}}
    assert found("dynamodb", "PutItem", **put) == []
    writes = [{"PutRequest": {"Item": large(n)}} for n in range(25)]
    assert found("dynamodb", "BatchWriteItem", RequestItems={"t": writes}) == []
    check = update(ConditionExpression="#v = :v", ExpressionAttributeNames={"#v": "version"})
    check["ExpressionAttributeValues"] = {":v": {"N": "1"}}
    assert found("dynamodb", "TransactWriteItems", TransactItems=[{"ConditionCheck": check}]) == []
    changed = (
        "SET places.p1 = :a, places.p11 = if_not_exists(places.p2, :a), open_ = open_ - :a ADD size_of :a REMOVE due"
    )
    values = {":a": {"N": "1"}}
    assert found("dynamodb", "UpdateItem", **update(UpdateExpression=changed, ExpressionAttributeValues=values)) == []
