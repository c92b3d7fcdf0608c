"""A request of the fast path is the request that botocore creates: URL, headers, signature and body."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from unittest.mock import Mock

import botocore.auth
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError
from fanfare.aws import fast_sdk
from fanfare.aws.fast_sdk import USER_AGENT, Retries, SignedRequests

from tests.unit.aws import answers

NOW: Final = datetime(2026, 11, 28, 23, 59, 59)  # noqa: DTZ001 - botocore's clock has no zone
CALLS: Final[list[tuple[str, str, dict[str, Any]]]] = [
    ("dynamodb", "get_item", {"TableName": "t", "Key": {"pk": {"S": "ü"}}}),
    ("dynamodb", "transact_write_items", {"TransactItems": [], "ClientRequestToken": "token"}),
    ("sqs", "send_message_batch", {"QueueUrl": "https://sqs.eu-central-1.amazonaws.com/1/a", "Entries": []}),
    ("sesv2", "send_bulk_email", {"DefaultContent": {}, "BulkEmailEntries": []}),
    ("events", "put_events", {"Entries": [{"Detail": '{"a": 1}'}]}),
]
ENDPOINTS: Final = (
    None,
    "http://127.0.0.1:4566",
    "https://[::1]:8443",
    "http://localhost:80/a b//c/",
    "https://x.vpce:443",
)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: NOW)
    monkeypatch.setattr(fast_sdk, "get_current_datetime", lambda: NOW)
    monkeypatch.setattr("botocore.endpoint.uuid.uuid4", lambda: "one-id")
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)


def opened(service: str, *, token: str | None = None, endpoint: str | None = None, **config: Any) -> Any:
    session = botocore.session.get_session()
    session.register_component("data_loader", answers.MODELS)
    session.set_credentials("access", "secret", token)
    retries = {"mode": "standard", "total_max_attempts": 3}
    settings = Config(**{"user_agent": USER_AGENT, "parameter_validation": False, "retries": retries, **config})
    return session.create_client(service, region_name="eu-central-1", endpoint_url=endpoint, config=settings)


def requests_of(client: Any, operation: str, parameters: Mapping[str, Any], statuses: list[int]) -> list[Any]:
    """What goes out, call by call, where AWS answers with these statuses."""
    sent = []
    left = iter(statuses)

    def answered(request: Any, **_: Any) -> AWSResponse:
        named = dict(request.headers.items())
        named["User-Agent"] = answers.agent_of(request)
        sent.append((request.method, request.url, named, json.loads(request.body or "{}")))
        return answers.answer(request, next(left), b"{}", {"Date": "Sat, 28 Nov 2026 23:59:59 GMT"})

    client.meta.events.register("before-send", answered)
    getattr(client, operation)(**parameters)
    return sent


def both(service: str, operation: str, parameters: Mapping[str, Any], **given: Any) -> tuple[list[Any], list[Any]]:
    """The requests of the fast path and those of botocore."""
    statuses = given.pop("statuses", [200])
    found = [
        requests_of(change(opened(service, **given)), operation, parameters, statuses)
        for change in (signing, lambda client: client)
    ]
    return found[0], found[1]


def signing(client: Any) -> Any:
    """The client with our requests and repeats, and with botocore's own JSON."""
    client._endpoint.create_request = SignedRequests(client).create_request
    client._endpoint._needs_retry = Retries(client)._needs_retry
    return client


@pytest.mark.parametrize("token", [None, "a  session token/+="])
@pytest.mark.parametrize(("service", "operation", "parameters"), CALLS, ids=[each[1] for each in CALLS])
def test_a_request_is_botocores_request(service: str, operation: str, parameters: Any, token: str | None) -> None:
    ours, theirs = both(service, operation, parameters, token=token)
    assert ours == theirs
    ((_, _, headers, _),) = ours
    assert headers["Authorization"].startswith(b"AWS4-HMAC-SHA256 Credential=access/20261128/eu-central-1/")
    assert ("X-Amz-Security-Token" in headers) == (token is not None)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_endpoint_of_ones_own_is_signed_as_by_botocore(endpoint: str | None) -> None:
    for service, operation, parameters in (CALLS[0], CALLS[3]):
        ours, theirs = both(service, operation, parameters, endpoint=endpoint)
        assert ours == theirs


def test_a_repeated_attempt_is_botocores_request() -> None:
    ours, theirs = both(*CALLS[0], statuses=[500, 500, 200])
    assert ours == theirs
    assert [headers["amz-sdk-request"] for _, _, headers, _ in ours] == [
        b"attempt=1; max=3",
        b"ttl=20261129T000059Z; attempt=2; max=3",
        b"ttl=20261129T000059Z; attempt=3; max=3",
    ]


def test_the_trace_of_an_invocation_goes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "deliver")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793")
    ours, theirs = both(*CALLS[0])
    assert ours == theirs
    assert ours[0][2]["X-Amzn-Trace-Id"] == b"Root=1-5759e988-bd862e3fe1be46a994272793"


def test_a_key_is_that_of_its_day_and_of_its_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    authorizations = []
    for day, secret in ((0, "secret"), (1, "secret"), (1, "other")):
        at = NOW + timedelta(days=day)
        for module in (fast_sdk, botocore.auth):
            monkeypatch.setattr(module, "get_current_datetime", lambda at=at: at)
        clients = signing(opened("dynamodb")), opened("dynamodb")
        for client in clients:
            client._request_signer._credentials = Credentials("access", secret)
        ours, theirs = (requests_of(each, *CALLS[0][1:], statuses=[200]) for each in clients)
        assert ours == theirs
        authorizations.append(ours[0][2]["Authorization"])
    assert len(set(authorizations)) == 3


def test_without_credentials_the_error_is_botocores() -> None:
    client = signing(opened("dynamodb"))
    client._request_signer._credentials = None
    with pytest.raises(NoCredentialsError):
        client.get_item(TableName="t", Key={})


Change = Callable[[Any], None]


def _hook(client: Any) -> None:
    client.meta.events.register("before-call", lambda params, **_: params.update(url=params["url"] + "?a=1"))


def _region(client: Any) -> None:
    client.meta.events.register("before-call", lambda context, **_: context.update(signing={"region": "us-east-1"}))


@pytest.mark.parametrize("change", [_hook, _region])
def test_what_our_calls_never_have_is_left_to_botocore(change: Change) -> None:
    clients = signing(opened("dynamodb")), opened("dynamodb")
    for client in clients:
        change(client)
    ours, theirs = (requests_of(each, *CALLS[0][1:], statuses=[200]) for each in clients)
    assert ours == theirs


def test_an_operation_without_a_body_is_left_to_botocore() -> None:
    ours, theirs = both("sesv2", "get_account", {})
    assert ours == theirs


@pytest.mark.parametrize("left", ["AWS_AUTH_SCHEME_PREFERENCE", "no number of attempts"])
def test_a_client_of_other_settings_is_left_to_botocore(monkeypatch: pytest.MonkeyPatch, left: str) -> None:
    if left.isupper():
        monkeypatch.setenv(left, "sigv4")
    config: dict[str, Any] = {} if left.isupper() else {"retries": {"mode": "standard"}}
    client = opened("dynamodb", **config)
    client._endpoint.create_request = Mock(wraps=client._endpoint.create_request)
    created = client._endpoint.create_request
    requests_of(signing(client), *CALLS[0][1:], statuses=[200])
    assert created.call_count == 1


def test_what_operations_have_in_common_is_kept_over_invocations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each invocation has a trace of its own."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "deliver")
    fast_sdk._same_headers.cache_clear()
    service, operation, parameters = CALLS[0]
    for number in range(3):
        monkeypatch.setenv("_X_AMZN_TRACE_ID", trace := f"Root=1-6ac4f3c3-{number:024d}")
        ((_, _, headers, _),) = requests_of(signing(opened(service)), operation, parameters, [200])
        assert headers["X-Amzn-Trace-Id"] == trace.encode()
    assert fast_sdk._same_headers.cache_info().currsize == 1
