"""What the SDK does again at every call though it is done already, left out.

botocore walks through every attribute of every item by DynamoDB's model, on the way out and in, to turn
bytes, sets and times into Python's. `items` packs and unpacks attributes itself, and in them is nothing but
what JSON has: walking took half of what a call of fifty users costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.parsers import JSONParser
from botocore.serialize import JSONSerializer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class _AsGiven(JSONSerializer):
    """The request's own JSON."""

    def _serialize(self, serialized: Any, value: Any, shape: Any, key: Any = None) -> None:  # noqa: ARG002
        serialized.update(value)


class _AsRead(JSONParser):
    """The answer's own JSON. As a factory it gives itself: a parser keeps nothing of an answer."""

    def create_parser(self, protocol: str) -> _AsRead:  # noqa: ARG002
        return self

    def _parse_shape(self, shape: Any, node: Any) -> Any:  # noqa: ARG002
        return node


def unwalked(client: DynamoDBClient) -> DynamoDBClient:
    """The client, taking and giving DynamoDB's JSON as it is. Where botocore changes inside, tests/unit say so."""
    inside: Any = client
    inside._serializer = _AsGiven()
    inside._endpoint._response_parser_factory = _AsRead()
    return client
