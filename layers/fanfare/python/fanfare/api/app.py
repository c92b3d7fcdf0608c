"""An HTTP API on Lambda: what is let in, and how errors are told. Both APIs are made of it.

Powertools routes and validates; this adds what the contract says of every call: a problem for every
error, a request id on every answer, JSON that means one thing, and no field or parameter unknown.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from email.message import Message as Headers
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, quote
from uuid import uuid4

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError, ResponseValidationError
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from fanfare.api.problems import parameter, problem, request_faults
from fanfare.api.strict_json import parse
from fanfare.aws.transactions import passing
from fanfare.errors import (
    ConditionFailed,
    FanfareError,
    Fault,
    Invalid,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    Unavailable,
    UnsupportedMediaType,
)
from fanfare.json_pointer import escaped
from fanfare.runtime import wiring
from fanfare.self_service import pages

BODY_LIMIT: Final = 256 * 1024
PROBLEM: Final = "application/problem+json"
FORM: Final = "application/x-www-form-urlencoded"
FORM_FIELDS_LIMIT: Final = 20_000
NOT_DECODED: Final = "%"  # API Gateway decodes every escape of a path but %25
# No answer is kept by anybody on the way, or taken for something else than it says.
EVERYWHERE: Final = {
    "Cache-Control": "no-store",
    "Strict-Transport-Security": "max-age=63072000",
    "X-Content-Type-Options": "nosniff",
}

# AWS was busy or broke: the caller may try again. Other errors of AWS are ours.
BUSY: Final = {
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionCanceledException",
    "TransactionConflictException",
}


class Api(APIGatewayHttpResolver):
    """Routes of one API. `resolve` never raises. After one of `open_ended` the rest of a path is one name."""

    def __init__(self, logger: Logger, *, open_ended: Sequence[str] = ()) -> None:
        super().__init__(
            enable_validation=True, response_validation_error_http_code=500, json_body_deserializer=_parse_object
        )
        self.logger = logger
        self.open_ended = [re.compile(f"({each})(.+)") for each in open_ended]
        self.exception_handler(Exception)(self.refuse)

    def resolve(self, event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        """The answer to an event of API Gateway (payload format 2.0)."""
        request_id = (event.get("requestContext") or {}).get("requestId") or str(uuid4())
        self.logger.set_correlation_id(request_id)
        try:
            event = self._in_names(event)
            answer = super().resolve(self._admitted(event), context)
        except Exception as error:  # noqa: BLE001 - the last resort: whatever it is, it is told and logged
            status, media_type, body, headers = self._told(error, event)
            answer = {
                "statusCode": status,
                "headers": {"Content-Type": media_type, **headers},
                "body": body,
                "isBase64Encoded": False,
            }
        answer["headers"] = {**EVERYWHERE, **answer.get("headers", {}), "x-request-id": request_id}
        answer["body"] = answer.get("body") or ""
        self.logger.info("answered", method=_method(event), route=self._rule(event), status=answer["statusCode"])
        return answer

    @property
    def routes(self) -> list[Route]:
        return [*self._static_routes, *self._dynamic_routes]

    def where(self) -> str:
        """The list that is asked for: its path and its filters. A cursor is good for this list alone."""
        asked = self.current_event.query_string_parameters
        filters = sorted((name, value) for name, value in asked.items() if name not in ("limit", "cursor"))
        return json.dumps([self.current_event.path, filters])

    def principal(self) -> str:
        """Who calls, as IAM knows it: the same for every session of a role."""
        iam = self.current_event["requestContext"]["authorizer"]["iam"]
        return without_session(iam["userArn"])

    def form(self) -> dict[str, list[str]]:
        """The fields of the form that a browser posted."""
        event = self.current_event.raw_event
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        if _media_type(headers.get("content-type")) != FORM:
            raise UnsupportedMediaType(f"send a form, as content-type {FORM}")
        try:
            return parse_qs(_text(_raw(event)), keep_blank_values=True, max_num_fields=FORM_FIELDS_LIMIT)
        except ValueError as error:
            raise MalformedRequest("the form can't be read") from error

    # What is let in

    def _in_names(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """The event with a name escaped that API Gateway has decoded: a mail's address may have a slash in it."""
        path = str(event.get("rawPath", ""))
        found = next((match for each in self.open_ended if (match := each.fullmatch(path))), None)
        return event if found is None else {**event, "rawPath": found[1] + quote(found[2], safe=NOT_DECODED)}

    def _admitted(self, event: Mapping[str, Any]) -> dict[str, Any]:
        route = self._route(event)
        if is_page(route):  # mail programmes add parameters of their own to links, and post forms
            _raw(event)
            return dict(event)
        self._check_query(event, route)
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        optional = not any(field.required for field in route.dependant.body_params)
        if not route.dependant.body_params or (optional and not event.get("body") and "content-type" not in headers):
            self._check_no_fields(event, headers)
            return {**event, "body": None, "isBase64Encoded": False}
        body = _body(event)
        if not _is_json(headers.get("content-type")):
            raise UnsupportedMediaType("send JSON, as content-type application/json in UTF-8")
        headers["content-type"] = "application/json"
        return {**event, "headers": headers, "body": body, "isBase64Encoded": False}

    def _route(self, event: Mapping[str, Any]) -> Route:
        at_path = self._at_path(event)
        for route in at_path:
            if route.method == _method(event):
                return route
        if not at_path:
            raise NotFound("there is nothing at this path")
        allowed = sorted({route.method for route in at_path})
        raise _Refused(f"this path takes {', '.join(allowed)}", allowed)

    def _at_path(self, event: Mapping[str, Any]) -> list[Route]:
        path = APIGatewayProxyEventV2(dict(event)).path
        # the rules end in `$`, which lets a line end go by: /v1/users/ada%0A is not ada
        return [route for route in self.routes if route.rule.fullmatch(path)]

    def _rule(self, event: Mapping[str, Any]) -> str | None:
        """The path as it is declared: it names no one."""
        return next((route.openapi_path for route in self._at_path(event)), None)

    @staticmethod
    def _check_query(event: Mapping[str, Any], route: Route) -> None:
        known = {field.alias for field in route.dependant.query_params}
        asked = dict.fromkeys(name for name, _ in parse_qsl(event.get("rawQueryString") or "", keep_blank_values=True))
        unknown = [name for name in asked if name not in known]
        if unknown:
            detail = "there is no such parameter" + (f"; known are {', '.join(sorted(known))}" if known else "")
            errors = [Fault(parameter("query", name), "unknown_parameter", detail) for name in unknown]
            raise Invalid("the request has parameters that are not known", errors=errors)

    @staticmethod
    def _check_no_fields(event: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        """A call that takes no body may have an empty one, or an object without fields."""
        raw = _raw(event)
        if not raw.strip() or not _is_json(headers.get("content-type")):
            return
        errors = [
            Fault(f"/{escaped(name)}", "unknown_field", "there is no such field: this call takes no body")
            for name in _parse_object(_text(raw))
        ]
        if errors:
            raise Invalid("the request has fields that are not known", errors=errors)

    # How errors are told

    def refuse(self, error: Exception) -> Response[str]:
        """The answer to an error that a route raised."""
        status, media_type, body, headers = self._told(error, self.current_event.raw_event)
        return Response(status_code=status, content_type=media_type, body=body, headers=headers)

    def _told(self, error: Exception, event: Mapping[str, Any]) -> tuple[int, str, str, dict[str, str]]:
        """Status, media type, body and headers: a page for people, where there are pages, a problem for all others."""
        told = self._translated(error)
        headers = _headers(told)
        if _accepts_pages(event) and any(is_page(route) for route in self._at_path(event)):
            page = pages.problem(told.code, brand=wiring.brand())
            return told.status, pages.MEDIA_TYPE, page, {**headers, **pages.headers()}
        return told.status, PROBLEM, json.dumps(problem(told, instance=str(event.get("rawPath", "")))), headers

    def _translated(self, error: Exception) -> FanfareError:
        if isinstance(error, FanfareError):
            return error
        if isinstance(error, RequestValidationError):
            return Invalid("the request has fields that are wrong", errors=request_faults(error.errors()))
        if isinstance(error, ResponseValidationError):  # its text has what was to be answered: not for the log
            places = [(fault["loc"], fault["type"]) for fault in error.errors()]
            self.logger.error("the answer is not what was promised", places=places)
            return FanfareError("something went wrong here; the request id finds it in the log")
        if isinstance(error, ConditionFailed):
            return Unavailable("others are writing the same; try again")
        if isinstance(error, BotoCoreError) or (isinstance(error, ClientError) and is_busy(error)):
            self.logger.exception("AWS did not answer")
            return Unavailable("not available just now; try again")
        self.logger.exception("unexpected")
        return FanfareError("something went wrong here; the request id finds it in the log")


class _Refused(MethodNotAllowed):
    def __init__(self, detail: str, allowed: list[str]) -> None:
        super().__init__(detail)
        self.allowed = allowed


def is_page(route: Route) -> bool:
    """Whether people read what it answers."""
    answered: Mapping[int, Mapping[str, Any]] = route.responses or {}
    return any("text/html" in answer.get("content", {}) for answer in answered.values())


def without_session(arn: str) -> str:
    """`arn:aws:sts::1:assumed-role/Role/session` is every session of `Role`."""
    head, kind, rest = arn.partition(":assumed-role/")
    return head + kind + rest.partition("/")[0]


_VISIBLE: Final = re.compile(r"[\x21-\x7e]{1,255}")


def idempotency_key(header: str | None) -> str | None:
    """The key in an `Idempotency-Key` header, quoted or bare. Raises Invalid."""
    if header is None:
        return None
    key = header.strip()
    if len(key) >= 2 and key.startswith('"') and key.endswith('"'):
        key = re.sub(r'\\(["\\])', r"\1", key[1:-1])
    if not _VISIBLE.fullmatch(key):
        raise Invalid.field(
            parameter("header", "idempotency-key"), "invalid_key", "must be 1 to 255 visible ASCII characters"
        )
    return key


def _parse_object(text: str) -> dict[str, Any]:
    body = parse(text)
    if not isinstance(body, dict):
        raise Invalid.field("", "wrong_type", "the body must be a JSON object")
    return body


def _body(event: Mapping[str, Any]) -> str:
    raw = _raw(event)
    if not raw.strip():
        raise MalformedRequest("a JSON body is needed")
    return _text(raw)


def _raw(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    try:
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except (binascii.Error, ValueError) as error:
        raise MalformedRequest("the body can't be read") from error
    if len(raw) > BODY_LIMIT:
        raise PayloadTooLarge(f"the body has {len(raw):,} bytes, and {BODY_LIMIT:,} are taken")
    return raw


def _text(raw: bytes) -> str:
    try:
        return str(raw, "utf-8")
    except UnicodeDecodeError as error:
        raise MalformedRequest("the body is not UTF-8") from error


def _is_json(content_type: str | None) -> bool:
    charset = _headers_of(content_type).get_content_charset("utf-8")
    return _media_type(content_type) == "application/json" and charset in ("utf-8", "utf8", "us-ascii")


def _media_type(content_type: str | None) -> str:
    return _headers_of(content_type).get_content_type()


def _headers_of(content_type: str | None) -> Headers:
    headers = Headers()
    headers["content-type"] = content_type or "none/none"
    return headers


def _accepts_pages(event: Mapping[str, Any]) -> bool:
    """A browser says so; what says `*/*` is a program."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return "text/html" in str(headers.get("accept", "")).lower()


def _method(event: Mapping[str, Any]) -> str:
    return str(event["requestContext"]["http"]["method"]).upper()


def _headers(error: FanfareError) -> dict[str, str]:
    headers: dict[str, str] = {}
    if isinstance(error, _Refused):
        headers["Allow"] = ", ".join(error.allowed)
    if error.retryable:
        headers["Retry-After"] = str(error.retry_after)
    return headers


def is_busy(error: ClientError) -> bool:
    """Whether AWS may do it the next time."""
    if not passing(error):
        return False
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error.response["Error"]["Code"] in BUSY or status >= 500
