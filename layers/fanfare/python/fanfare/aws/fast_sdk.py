"""A fast path through the SDK, without repeated work.

For each call, botocore converts every attribute by the service's model, for bytes, sets and times. Fanfare's requests
and responses contain only JSON types, and `codec` packs attributes itself. botocore also resolves the endpoint by
rules, although each of our clients always calls the same host. Together this took half the CPU time of a call for 50
users. The rest is JSON; orjson writes it six times and reads it one and a half times as fast as Python's module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

import botocore
import orjson
from botocore.parsers import JSONParser, ResponseParser, RestJSONParser
from botocore.serialize import JSONSerializer, RestJSONSerializer

if TYPE_CHECKING:
    from botocore.regions import EndpointRulesetResolver

# For AWS's logs. Without it, botocore builds a user agent twice per call.
USER_AGENT: Final = f"fanfare Botocore/{botocore.__version__}"


class _Writer(JSONSerializer):
    """Writes the parameters as JSON without conversion."""

    def serialize_to_request(self, parameters: Any, operation_model: Any) -> Any:
        request: dict[str, Any] = super().serialize_to_request({}, operation_model)
        request["body"] = orjson.dumps(parameters)
        return request


class _RestWriter(RestJSONSerializer):
    """The same for parameters outside the request's path."""

    def _serialize_body_params(self, params: Any, shape: Any) -> bytes:  # noqa: ARG002
        return orjson.dumps(params)


class _AsRead:
    """Reads the response as JSON without conversion."""

    def _parse_shape(self, shape: Any, node: Any) -> Any:  # noqa: ARG002
        return node

    def _parse_body_as_json(self, body_contents: bytes) -> Any:
        try:
            return orjson.loads(body_contents)
        except orjson.JSONDecodeError:
            return {"message": body_contents.decode(errors="replace")} if body_contents else {}  # as botocore does


class _JsonReader(_AsRead, JSONParser): ...


class _RestReader(_AsRead, RestJSONParser): ...


class _Same:
    """Returns one parser for all calls: parsers are stateless."""

    def __init__(self, parser: ResponseParser) -> None:
        self.parser = parser

    def create_parser(self, protocol: str) -> ResponseParser:  # noqa: ARG002
        return self.parser


class _Found:
    """Caches the endpoint of a client's first call for all calls."""

    def __init__(self, resolver: EndpointRulesetResolver) -> None:
        self.resolver = resolver
        self.endpoint: Any = None

    def construct_endpoint(self, **asked: Any) -> Any:
        if self.endpoint is None:
            self.endpoint = self.resolver.construct_endpoint(**asked)
        return self.endpoint

    def __getattr__(self, name: str) -> Any:
        return getattr(self.resolver, name)


Client = TypeVar("Client")

BY_PROTOCOL: Final = {"json": (_Writer, _JsonReader), "rest-json": (_RestWriter, _RestReader)}


def use_raw_json(client: Client) -> Client:
    """The client with the fast path. It uses internals of botocore; tests/unit fail if those change.

    Only for services whose requests contain no bytes or times and all go to one host.
    """
    inside: Any = client
    serializer, parser = BY_PROTOCOL[inside.meta.service_model.resolved_protocol]
    inside._serializer = serializer()
    inside._endpoint._response_parser_factory = _Same(parser())
    inside._ruleset_resolver = _Found(inside._ruleset_resolver)
    return client
