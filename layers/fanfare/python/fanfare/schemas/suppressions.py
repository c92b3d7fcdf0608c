"""Suppressions in the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)

from fanfare.channels.reasons import Reason
from fanfare.schemas.errors import ItemErrorView
from fanfare.schemas.scalars import At, ChannelName, Moment, Request, View, validation_error

SUPPRESSIONS_LIMIT: Final = 500
_PREFIX: Final = "suppressed_"
CAUSES: Final = tuple(sorted(each.removeprefix(_PREFIX) for each in Reason if each.startswith(_PREFIX)))


def _cause(value: str) -> str:
    if value not in CAUSES:
        raise validation_error("not_allowed", f"Unknown cause. Known causes: {', '.join(CAUSES)}.")
    return value


Cause = Annotated[str, AfterValidator(_cause), WithJsonSchema({"type": "string", "enum": list(CAUSES)})]


class PutSuppressionRequest(Request):
    """A suppression of an address: nothing more is sent to it. It takes what a GET answers.

    `channel` and `address` must be those of the path.
    """

    channel: str | None = Field(None, description="The channel.")
    address: str | None = Field(None, description="The address.")
    cause: Cause | None = Field(None, description="The cause. Default: `manual`. The first cause is kept.")
    created_at: Moment | None = Field(None, description="Since when it is suppressed. Default: now. The first is kept.")


class SuppressionItem(Request):
    """An address to suppress."""

    channel: ChannelName = Field(description="The channel.")
    address: str = Field(min_length=1, max_length=2_048, description="The address.")
    cause: Cause | None = Field(None, description="The cause. Default: `manual`. The first cause is kept.")
    at: Moment | None = Field(None, description="Since when it is suppressed. Default: now. The first is kept.")


class SuppressRequest(Request):
    """Many addresses to suppress. Each is stored or rejected separately."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"items": [{"channel": "email", "address": "a@example.com", "cause": "bounce"}]}]
        }
    )

    items: Annotated[
        tuple[Any, ...],
        Field(min_length=1, max_length=SUPPRESSIONS_LIMIT),
        WithJsonSchema(
            {
                "type": "array",
                "minItems": 1,
                "maxItems": SUPPRESSIONS_LIMIT,
                "items": {"$ref": "#/components/schemas/SuppressionItem"},
            }
        ),
    ] = Field(description="The addresses.")


class SuppressionResultView(View):
    """The result of one item: 201 suppressed, 200 already suppressed, 422 invalid."""

    channel: str | None
    address: str | None
    status: int
    error: ItemErrorView | None


class SuppressionResultsView(View):
    """A result per item, in the order of the items."""

    items: Sequence[SuppressionResultView]


class SuppressionView(View):
    """A suppressed address with its cause."""

    channel: str
    address: str
    cause: str
    created_at: At


class SuppressionsView(View):
    """Suppressed addresses, by channel and address."""

    items: Sequence[SuppressionView]
    next_cursor: str | None
