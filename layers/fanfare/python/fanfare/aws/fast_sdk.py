"""A fast path through the SDK, without repeated work.

For each call, botocore converts every attribute by the service's model, for bytes, sets and times. Fanfare's requests
and responses contain only JSON types, and `codec` packs attributes itself. botocore also resolves the endpoint by
rules, although each of our clients always calls the same host. Together this took half the CPU time of a call for 50
users. The rest is JSON; orjson writes it six times and reads it one and a half times as fast as Python's module.

To sign a call, botocore copies its headers four times, parses the URL eight times and derives a key. All calls of a
client go to one URL, and a key is good for a day, so both are kept here.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import botocore.auth
import orjson
from botocore import handlers
from botocore.auth import SIGNED_HEADERS_BLACKLIST, SIGV4_TIMESTAMP
from botocore.awsrequest import AWSPreparedRequest, HeadersDict, _HeaderKey
from botocore.compat import get_current_datetime
from botocore.endpoint import convert_to_response_dict
from botocore.exceptions import NoCredentialsError
from botocore.hooks import first_non_none_response
from botocore.parsers import JSONParser, RestJSONParser
from botocore.validate import ParamValidationDecorator

from fanfare.data_classes import dataclass
from fanfare.ids import random_uuid

# For AWS's logs. Without it, botocore builds a user agent twice per call.
USER_AGENT: Final = f"fanfare Botocore/{botocore.__version__}"

ALGORITHM: Final = "AWS4-HMAC-SHA256"
NOT_SIGNED: Final = frozenset(SIGNED_HEADERS_BLACKLIST)
RETRY_FIELDS: Final = ("ttl", "attempt", "max")  # of the header amz-sdk-request, in botocore's order
TRACE: Final = "X-Amzn-Trace-Id"  # not signed
_HERE: Final = "\x00"  # stands for the date; no header has it
_DATE, _AUTHORIZATION, _INVOCATION, _REQUEST, _LENGTH = map(
    _HeaderKey, ("X-Amz-Date", "Authorization", "amz-sdk-invocation-id", "amz-sdk-request", "Content-Length")
)


class _AsRead:
    """Reads the response as JSON without conversion."""

    def _parse_shape(self, shape: Any, node: Any) -> Any:  # noqa: ARG002
        return node

    def _parse_body_as_json(self, body_contents: bytes) -> Any:
        try:
            return orjson.loads(body_contents)
        except orjson.JSONDecodeError:
            return {"message": body_contents.decode(errors="replace")} if body_contents else {}  # as botocore does


class _JsonReader(_AsRead, JSONParser):
    """Its operations have no streams of events."""

    def parse(self, response: Mapping[str, Any], shape: Any) -> Any:
        """The response with its metadata, as botocore's `ResponseParser.parse`."""
        headers, status = response["headers"], response["status_code"]
        if status >= 300 or shape is None:
            return super().parse(response, shape)
        parsed = self._parse_body_as_json(response["body"])
        metadata = {"HTTPStatusCode": status, "HTTPHeaders": {name.lower(): value for name, value in headers.items()}}
        if (request_id := headers.get("x-amzn-requestid")) is not None:
            metadata["RequestId"] = request_id
        return {**parsed, "ResponseMetadata": metadata}


class _RestReader(_AsRead, RestJSONParser): ...


def _in_hooks(operation: Any) -> str:
    """An operation in the names of hooks, e.g. `dynamodb.GetItem`."""
    return f"{operation.service_model.service_id.hyphenize()}.{operation.name}"


class Calls:
    """Makes the calls of a client: what is the same for all calls of an operation is computed once.

    Parameters are sent as they are; an operation with parameters in path, query or headers is left to botocore.
    Hooks of `before-parameter-build` are not called.
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self.plain = client._make_api_call
        self._operations: dict[str, tuple[Any, dict[str, Any] | None]] = {}

    def _make_api_call(self, operation_name: str, api_params: dict[str, Any]) -> Any:
        """The response to a call. Raises the client's exceptions, like botocore's `BaseClient._make_api_call`."""
        model, same = self._operations.get(operation_name) or self._looked_up(operation_name, api_params)
        if same is None:
            return self.plain(operation_name, api_params)
        events, at = self.client.meta.events, _in_hooks(model)
        context = {**same["context"], "retries": {"invocation-id": random_uuid()}}
        provided = events.emit(f"provide-client-params.{at}", params=api_params, model=model, context=context)
        api_params = first_non_none_response(provided, default=api_params)
        handlers.generate_idempotent_uuid(api_params, model)
        request = {**same, "body": orjson.dumps(api_params), "headers": dict(same["headers"]), "context": context}
        signer = self.client._request_signer
        _, answered = events.emit_until_response(
            f"before-call.{at}", model=model, params=request, request_signer=signer, context=context
        )
        http, parsed = answered or self.client._make_request(model, request, context)
        events.emit(f"after-call.{at}", http_response=http, parsed=parsed, model=model, context=context)
        if http.status_code < 300:
            return parsed
        code = context.get("error_code_override") or parsed.get("Error", {}).get("Code")
        raise self.client.exceptions.from_code(code)(parsed, operation_name)

    def _looked_up(self, name: str, first: Mapping[str, Any]) -> tuple[Any, dict[str, Any] | None]:
        """The model of an operation, and what its requests have in common; None if it is left to botocore."""
        model = self.client.meta.service_model.operation_model(name)
        members = model.input_shape.members.values() if model.input_shape else ()
        elsewhere = any(member.serialization.get("location") for member in members)
        found = model, None if elsewhere or model.http["method"] != "POST" else self._in_common(model, first)
        self._operations[name] = found
        return found

    def _in_common(self, model: Any, first: Mapping[str, Any]) -> dict[str, Any]:
        """What botocore makes of an operation without parameters; its rules find the endpoint by the first call's."""
        context = {
            "client_region": self.client.meta.region_name,
            "client_config": self.client.meta.config,
            "has_streaming_input": False,
            "auth_type": model.resolved_auth_type,
            "unsigned_payload": model.unsigned_payload,
        }
        url, headers, _ = self.client._resolve_endpoint_ruleset(model, first, context)
        request: dict[str, Any] = self.client._convert_to_request_dict(
            api_params={}, operation_model=model, endpoint_url=url, context=context, headers=headers
        )
        return request


class SignedRequests:
    """Creates a client's requests as botocore does, except that hooks of `request-created` are not called.

    Names are those of https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """

    def __init__(self, client: Any) -> None:
        self.plain = client._endpoint.create_request
        self.signer = client._request_signer
        self.attempts = client.meta.config.retries.get("total_max_attempts")
        # an operator can choose another algorithm by AWS_AUTH_SCHEME_PREFERENCE
        other = self.attempts is None or client.meta.config.auth_scheme_preference
        self.usual = self.signer.signature_version == "v4" and not other

    def create_request(self, params: Mapping[str, Any], operation_model: Any = None) -> Any:
        """The signed request for a serialized call. What our calls never have is left to botocore."""
        body, context = params["body"], params["context"]
        if not (self.usual and params["method"] == "POST" and body and isinstance(body, bytes)):
            return self.plain(params, operation_model)
        if context.get("signing") or context.get("auth_type") not in (None, "v4"):
            return self.plain(params, operation_model)
        if self.signer._credentials is None:
            raise NoCredentialsError
        credentials = self.signer._credentials.get_frozen_credentials()
        given = dict(params["headers"])
        trace = given.pop(TRACE, None)  # another one in each invocation
        same = _same_headers(params["url"], tuple(given.items()), credentials.token)
        if same is None:
            return self.plain(params, operation_model)
        time = get_current_datetime().strftime(SIGV4_TIMESTAMP)
        headers: Any = HeadersDict()
        headers._dict = {
            **same.encoded,
            _DATE: time.encode(),
            _AUTHORIZATION: self._authorization(credentials, same, time, body).encode(),
            _INVOCATION: context["retries"]["invocation-id"].encode(),
            _REQUEST: self._of_retries(context["retries"]).encode(),
            _LENGTH: str(len(body)),
        }
        if trace is not None:
            headers[TRACE] = trace.encode()
        return AWSPreparedRequest("POST", params["url"], headers, body, False, context)

    def _authorization(self, credentials: Any, same: _SameHeaders, time: str, body: bytes) -> str:
        canonical = f"{same.before_date}{time}{same.after_date}{sha256(body).hexdigest()}"
        scope = f"{time[:8]}/{self.signer.region_name}/{self.signer.signing_name}/aws4_request"
        to_sign = f"{ALGORITHM}\n{time}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(_signing_key(credentials.secret_key, scope), to_sign.encode(), "sha256").hex()
        key = f"{credentials.access_key}/{scope}"
        return f"{ALGORITHM} Credential={key}, SignedHeaders={same.names}, Signature={signature}"

    def _of_retries(self, retries: dict[str, Any]) -> str:
        """Which attempt of its call this is."""
        retries["max"] = self.attempts
        return "; ".join([f"{name}={retries[name]}" for name in RETRY_FIELDS if name in retries])


@dataclass(frozen=True)
class _SameHeaders:
    """What the headers of an operation's requests have in common. `encoded` is in the form of HeadersDict, `names` are
    those of the signed ones. The canonical request is `before_date`, the date, `after_date` and the body's digest."""

    encoded: Mapping[Any, bytes]
    names: str
    before_date: str
    after_date: str


@lru_cache(maxsize=64)
def _same_headers(url: str, headers: tuple[tuple[str, str], ...], token: str | None) -> _SameHeaders | None:
    """None if the URL has a query."""
    parts = urlsplit(url)
    if parts.query:
        return None
    auth: Any = botocore.auth
    path = auth.SigV4Auth(None, "", "")._normalize_url_path(parts.path)
    sent = dict(headers) | ({"X-Amz-Security-Token": token} if token else {})
    lines = {name.lower(): " ".join(value.split()) for name, value in sent.items()}
    lines |= {"host": auth._host_from_url(url), "x-amz-date": _HERE}
    names = sorted(lines.keys() - NOT_SIGNED)
    signed = ";".join(names)
    canonical_headers = "".join([f"{name}:{lines[name]}\n" for name in names])
    canonical = f"POST\n{path}\n\n{canonical_headers}\n{signed}\n"
    before_date, _, after_date = canonical.partition(_HERE)
    encoded: Any = HeadersDict({name: value.encode() for name, value in sent.items()})
    return _SameHeaders(encoded._dict, signed, before_date, after_date)


@lru_cache(maxsize=16)
def _signing_key(secret: str, scope: str) -> bytes:
    """The key of a day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


class Responses:
    """Sends a client's requests and reads the responses as botocore does, except that hooks of `before-parse` are not
    called, no checksum is asked for, and nothing is kept for the history of AWS's command line."""

    def __init__(self, client: Any, reader: Any) -> None:
        self.endpoint = client._endpoint
        self.reader = reader

    def _get_response(self, request: Any, operation_model: Any, context: Any) -> tuple[Any, Exception | None]:
        """The response with its content, or the error, as botocore's `Endpoint._get_response`."""
        emit = self.endpoint._event_emitter.emit
        at = _in_hooks(operation_model)
        http, response, parsed, error = None, None, None, None
        try:
            http = first_non_none_response(emit(f"before-send.{at}", request=request))
            http = self.endpoint._send(request) if http is None else http
        except Exception as raised:  # noqa: BLE001 - botocore repeats the request, or raises the error
            error = raised
        if http is not None:
            response = convert_to_response_dict(http, operation_model)
            parsed = self.reader.parse(response, operation_model.output_shape)
            if http.status_code >= 300:
                self.endpoint._add_modeled_error_fields(response, parsed, operation_model, self.reader)
        emit(
            f"response-received.{at}",
            response_dict=response,
            parsed_response=parsed,
            context=context,
            exception=error,
        )
        return None if http is None else (http, parsed), error


Client = TypeVar("Client")


class Retries:
    """Asks for a repeat only after a failure: in the mode `standard`, no success is repeated."""

    def __init__(self, client: Any) -> None:
        self.plain = client._endpoint._needs_retry
        self.usual = client.meta.config.retries.get("mode") == "standard"

    def _needs_retry(
        self,
        attempts: int,
        operation_model: Any,
        request_dict: Mapping[str, Any],
        response: tuple[Any, Any] | None = None,
        caught_exception: Exception | None = None,
    ) -> bool:
        """As botocore's `Endpoint._needs_retry`; for a success, hooks of `needs-retry` are not called, and the response
        does not say `MaxAttemptsReached`."""
        if self.usual and response is not None and response[0].status_code < 300:
            return False
        return bool(self.plain(attempts, operation_model, request_dict, response, caught_exception))


READERS: Final = {"json": _JsonReader, "rest-json": _RestReader}  # by protocol


def use_raw_json(client: Client) -> Client:
    """The client with the fast path. It uses internals of botocore; tests/unit fail if those change.

    Only for services whose requests contain no bytes or times and all go to one host, and for clients that do not
    validate parameters.
    """
    inside: Any = client
    if isinstance(inside._serializer, ParamValidationDecorator):
        raise ValueError("the fast path does not validate: set parameter_validation=False")
    reader = READERS[inside.meta.service_model.resolved_protocol]()
    inside._endpoint._get_response = Responses(inside, reader)._get_response
    inside._endpoint.create_request = SignedRequests(inside).create_request
    inside._endpoint._needs_retry = Retries(inside)._needs_retry
    inside._make_api_call = Calls(inside)._make_api_call
    return client
