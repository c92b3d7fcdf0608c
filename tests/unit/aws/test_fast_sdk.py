"""The SDK's client with the walk left out gives what the client with it gives."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from botocore.config import Config
from botocore.endpoint import Endpoint
from botocore.exceptions import ClientError, ConnectTimeoutError
from botocore.parsers import JSONParser, RestJSONParser
from fanfare.aws.codec import pack
from fanfare.aws.fast_sdk import USER_AGENT, Calls, Responses, Retries, SignedRequests, use_raw_json

from tests.unit.aws import answers

CONFIG: Final = Config(user_agent=USER_AGENT, retries={"total_max_attempts": 1}, parameter_validation=False)
ITEM = pack({"pk": "user#ada", "sk": "user", "rev": 3, "ok": True, "profile": {"push": [{"token": "x"}], "a": None}})
REQUESTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("get_item", {"TableName": "t", "Key": {"pk": {"S": "a"}, "sk": {"S": "b"}}}, {"Item": ITEM}),
    ("query", {"TableName": "t", "KeyConditionExpression": "x", "Limit": 3}, {"Items": [ITEM], "LastEvaluatedKey": {}}),
    ("batch_get_item", {"RequestItems": {"t": {"Keys": [{}]}}}, {"Responses": {"t": [ITEM]}, "UnprocessedKeys": {}}),
    ("update_item", {"TableName": "t", "Key": {}, "ExpressionAttributeValues": ITEM}, {"Attributes": ITEM}),
    ("transact_write_items", {"TransactItems": [{"Put": {"TableName": "t", "Item": ITEM}}]}, {}),
    (
        "send_bulk_email",
        {
            "FromEmailAddress": "no-reply@example.com",
            "DefaultContent": {"Template": {"TemplateContent": {"Subject": "x"}, "TemplateData": "{}"}},
            "BulkEmailEntries": [
                {
                    "Destination": {"ToAddresses": ["ada@example.com"]},
                    "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": '{"é": "\\n"}'}},
                    "ReplacementHeaders": [{"Name": "List-Unsubscribe", "Value": "<https://example.com>"}],
                    "ReplacementTags": [{"Name": "user_id", "Value": "ada"}],
                }
            ],
            "ConfigurationSetName": "fanfare",
        },
        {"BulkEmailEntryResults": [{"Status": "SUCCESS", "MessageId": "1"}, {"Status": "FAILED", "Error": "no"}]},
    ),
    ("batch_write_item", {"RequestItems": {"t": [{"PutRequest": {"Item": ITEM}}]}}, {"UnprocessedItems": {}}),
]


def client(service: str, answer: Any, status: int, sent: list[Any]) -> Any:
    """A client of the SDK whose calls all end in one answer."""
    core = botocore.session.get_session()
    core.register_component("data_loader", answers.MODELS)
    session: Any = boto3.Session("key", "secret", region_name="eu-central-1", botocore_session=core)
    opened = session.client(service, config=CONFIG)

    def answered(request: Any, **_: Any) -> AWSResponse:
        sent.append(
            (json.loads(request.body), request.url, request.headers.get("X-Amz-Target"), answers.agent_of(request))
        )
        said = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return answers.answer(request, status, said, {"x-amzn-requestid": "1"})

    opened.meta.events.register(f"before-send.{service}", answered)
    return opened


def asked(change: Callable[[Any], Any], operation: str, request: Any, answer: Any, status: int = 200) -> Any:
    """What went out, and what came back or was raised."""
    sent: list[Any] = []
    try:
        service = "sesv2" if operation == "send_bulk_email" else "dynamodb"
        got = getattr(change(client(service, answer, status, sent)), operation)(**request)
        # with one attempt, botocore says so of a success, too
        got["ResponseMetadata"].pop("MaxAttemptsReached", None)
    except ClientError as error:
        got = error.response
    for body, *_ in sent:
        body.pop("ClientRequestToken", None)  # drawn for each call
    return sent, got


@pytest.mark.parametrize(("operation", "request_", "answer"), REQUESTS, ids=lambda each: str(each)[:20])
def test_a_call_goes_out_and_comes_back_as_by_the_sdk_itself(operation: str, request_: Any, answer: Any) -> None:
    ours = asked(use_raw_json, operation, request_, answer)
    assert ours == asked(lambda same: same, operation, request_, answer)
    assert ours[1].items() >= answer.items()


def test_a_refusal_says_the_same_as_by_the_sdk_itself() -> None:
    kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Item": ITEM}]
    answer = {"__type": kind, "Message": "cancelled", "CancellationReasons": reasons}
    ours = asked(use_raw_json, "transact_write_items", REQUESTS[4][1], answer, 400)[1]
    theirs = asked(lambda same: same, "transact_write_items", REQUESTS[4][1], answer, 400)[1]
    assert {name: ours[name] for name in theirs} == theirs
    assert ours["CancellationReasons"] == reasons


@pytest.mark.parametrize(
    ("code", "status"), [("TooManyRequestsException", 429), ("BadRequestException", 400), ("InternalFailure", 500)]
)
def test_a_provider_that_refuses_is_understood_as_by_the_sdk_itself(code: str, status: int) -> None:
    said = {"code": code, "message": "not now"}
    _, request, _ = next(each for each in REQUESTS if each[0] == "send_bulk_email")
    sent, ours = asked(use_raw_json, "send_bulk_email", request, said, status)
    as_ever, theirs = asked(lambda same: same, "send_bulk_email", request, said, status)
    assert sent == as_ever
    assert {name: ours[name] for name in theirs} == theirs
    assert ours["Error"]["Code"] == code


@pytest.mark.parametrize("page", [b"<h1>Bad Gateway: \xc3\xbcber</h1>", b"", b"["])
def test_what_is_no_json_is_told_as_by_the_sdk_itself(page: bytes) -> None:
    for operation, request, _ in (REQUESTS[0], REQUESTS[5]):
        _, ours = asked(use_raw_json, operation, request, page, 502)
        _, theirs = asked(lambda same: same, operation, request, page, 502)
        assert ours["Error"] == theirs["Error"]
        assert ours["ResponseMetadata"] == theirs["ResponseMetadata"]


def test_where_to_call_is_looked_up_once() -> None:
    """If botocore looks it up elsewhere, calls stay right and become dear: this says so."""
    sent: list[Any] = []
    opened = client("dynamodb", {}, 200, sent)
    looked_up: list[str] = []
    opened.meta.events.register("before-endpoint-resolution.dynamodb", lambda **_: looked_up.append("once"))
    changed = use_raw_json(opened)
    for table in ("one", "other"):
        changed.get_item(TableName=table, Key={})
    assert looked_up == ["once"]
    assert {url for _, url, *_ in sent} == {"https://dynamodb.eu-central-1.amazonaws.com/"}


def test_who_calls_is_said_once_for_all() -> None:
    ((*_, agent),), _ = asked(use_raw_json, "get_item", REQUESTS[0][1], {})
    assert agent.startswith("fanfare Botocore/")


def test_the_walk_is_left_out() -> None:
    """If botocore moves what is replaced, answers stay right and become dear: this says so."""
    unknown = {"Item": {"pk": {"S": "a"}}, "NotInTheModel": 1}
    assert asked(use_raw_json, "get_item", REQUESTS[0][1], unknown)[1]["NotInTheModel"] == 1
    assert asked(use_raw_json, "get_item", {**REQUESTS[0][1], "NotInTheModel": 1}, {})[0][0][0]["NotInTheModel"] == 1


# What `use_raw_json` replaces in botocore, by the operation of the test: whose method, which, and how it is called.
SHAPES: Final = ("_parse_shape", ["self", "shape", "node"])
PARSE: Final = ("parse", ["self", "response", "shape"])
BODIES: Final = ("_parse_body_as_json", ["self", "body_contents"])
FOR_EVERY_CALL: Final = (
    (Endpoint, "_get_response", ["self", "request", "operation_model", "context"]),
    (Endpoint, "create_request", ["self", "params", "operation_model"]),
    (BaseClient, "_make_api_call", ["self", "operation_name", "api_params"]),
    (
        Endpoint,
        "_needs_retry",
        ["self", "attempts", "operation_model", "request_dict", "response", "caught_exception"],
    ),
)
REPLACED: Final[dict[str, tuple[tuple[type, str, list[str]], ...]]] = {
    "get_item": ((JSONParser, *PARSE), (JSONParser, *BODIES), *FOR_EVERY_CALL),
    "send_bulk_email": ((RestJSONParser, *SHAPES), (RestJSONParser, *BODIES), *FOR_EVERY_CALL),
}
ASKED: Final = {operation: (request, answer) for operation, request, answer in REQUESTS}


def watched(monkeypatch: pytest.MonkeyPatch, methods: Iterable[tuple[type, str]]) -> set[str]:
    """The names of those that are called from now on."""
    called: set[str] = set()

    def watch(owner: type, name: str) -> None:
        original = getattr(owner, name)

        def noted(*given: Any, **named: Any) -> Any:
            called.add(name)
            return original(*given, **named)

        monkeypatch.setattr(owner, name, noted)

    for owner, name in methods:
        watch(owner, name)
    return called


@pytest.mark.parametrize("operation", REPLACED)
def test_what_is_replaced_is_there_and_takes_what_ours_takes(operation: str) -> None:
    found = [list(inspect.signature(getattr(owner, name)).parameters) for owner, name, _ in REPLACED[operation]]
    assert found == [parameters for *_, parameters in REPLACED[operation]]


@pytest.mark.parametrize("operation", REPLACED)
def test_the_sdk_calls_what_is_replaced(monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    called = watched(monkeypatch, [(owner, name) for owner, name, _ in REPLACED[operation]])
    asked(lambda same: same, operation, *ASKED[operation])
    assert called == {name for _, name, _ in REPLACED[operation]}


@pytest.mark.parametrize("operation", REPLACED)
def test_the_sdk_calls_what_replaces_it(monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    service = "dynamodb" if operation == "get_item" else "sesv2"
    reader = type(use_raw_json(client(service, {}, 200, []))._endpoint._get_response.__self__.reader)
    of_calls = {
        "_get_response": Responses,
        "create_request": SignedRequests,
        "_make_api_call": Calls,
        "_needs_retry": Retries,
    }
    ours = {name: of_calls.get(name, reader) for _, name, _ in REPLACED[operation]}
    called = watched(monkeypatch, [(owner, name) for name, owner in ours.items()])
    asked(use_raw_json, operation, *ASKED[operation])
    assert called == set(ours)


@pytest.mark.parametrize("change", [lambda same: same, use_raw_json])
def test_a_hook_sees_why_a_call_has_no_response(change: Callable[[Any], Any]) -> None:
    opened = client("dynamodb", {}, 200, [])
    seen: list[Any] = []

    def lost(request: Any, **_: Any) -> None:
        seen.append(request.headers["amz-sdk-request"])
        raise ConnectTimeoutError(endpoint_url=request.url)

    def received(**named: Any) -> None:
        seen.append((sorted(named), type(named["exception"]), named["response_dict"], named["parsed_response"]))

    opened.meta.events.register_first("before-send.dynamodb", lost)
    opened.meta.events.register("response-received.dynamodb", received)
    with pytest.raises(ConnectTimeoutError):
        change(opened).get_item(**REQUESTS[0][1])
    named = ["context", "event_name", "exception", "parsed_response", "response_dict"]
    assert seen == [b"attempt=1; max=1", (named, ConnectTimeoutError, None, None)]


@pytest.mark.parametrize("status", [200, 400])
def test_a_hook_sees_the_response_as_by_the_sdk_itself(status: int) -> None:
    def received(change: Callable[[Any], Any]) -> list[Any]:
        opened, seen = client("dynamodb", {"__type": "ResourceInUseException"} if status == 400 else {}, status, []), []
        opened.meta.events.register(
            "response-received.dynamodb",
            lambda response_dict, parsed_response, exception, **_: seen.append(
                (
                    response_dict["status_code"],
                    parsed_response["ResponseMetadata"]["RequestId"],
                    parsed_response.get("Error"),
                    exception,
                )
            ),
        )
        with suppress(ClientError):
            change(opened).get_item(**REQUESTS[0][1])
        return seen

    assert received(use_raw_json) == received(lambda same: same)
    assert len(received(use_raw_json)) == 1
