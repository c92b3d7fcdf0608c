"""DynamoDB says why it throttled a call; the log repeats it, because the SDK hides it while it retries."""

from __future__ import annotations

import json
import logging
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from fanfare.runtime import clients

REASON = {
    "reason": "TableWriteKeyRangeThroughputExceeded",
    "resource": "arn:aws:dynamodb:eu-central-1:123456789012:table/messages",
}


def throttled(kind: str, member: str) -> Any:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html"""
    body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{kind}", "message": "slow down", member: [REASON]})
    answer = AWSResponse("https://dynamodb.test/", 400, HTTPHeaders(), SimpleNamespace(stream=lambda: [body.encode()]))
    return lambda **_: answer


@pytest.mark.parametrize(
    ("kind", "member"),
    [
        ("ThrottlingException", "throttlingReasons"),
        ("ProvisionedThroughputExceededException", "ThrottlingReasons"),
        ("RequestLimitExceeded", "ThrottlingReasons"),
    ],
)
@pytest.mark.parametrize("plain", ["0", "1"])
def test_the_reason_of_a_throttle_is_in_the_log_once_per_attempt(
    kind: str, member: str, plain: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FANFARE_PLAIN_SDK", plain)
    monkeypatch.setattr("time.sleep", lambda _: None)
    session: Any = botocore.session.get_session()
    session.set_credentials("key", "secret")
    client = clients.quick(session.create_client("dynamodb", region_name="eu-central-1", config=clients.STORE))
    client.meta.events.register("needs-retry.dynamodb", clients.log_throttles)
    client.meta.events.register("before-send.dynamodb", throttled(kind, member))
    with caplog.at_level(logging.WARNING), pytest.raises(ClientError):
        client.get_item(TableName="messages", Key={"pk": {"S": "a"}})
    told = [record for record in caplog.records if record.message == "throttled by DynamoDB"]
    assert [(record.operation, record.reasons) for record in told] == [("GetItem", [REASON])] * 5  # type: ignore[attr-defined]
