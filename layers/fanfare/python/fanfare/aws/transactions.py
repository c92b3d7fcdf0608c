"""Writes of several items, all or nothing.

    Transaction().put(table, item, condition="attribute_not_exists(pk)", name="key").put(table, other).run()

A part may have a name: `failed.part("key")` then says whether its condition held.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ClientError

from fanfare.aws.codec import expressions, pack, unpack
from fanfare.aws.retries import pause
from fanfare.data_classes import dataclass
from fanfare.errors import CONFLICT, HELD, REFUSED, ConditionFailed, PartResult, Unavailable
from fanfare.ids import random_uuid

if TYPE_CHECKING:
    from fanfare.aws.dynamodb import DynamoTable

TRANSACTION_LIMIT = 100  # items per TransactWriteItems
ROUNDS = 8  # calls of a throttled transaction

_CONTENDED = {REFUSED, CONFLICT}
# A throttled transaction is reported as cancelled, which the SDK does not retry.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#API_TransactWriteItems_Errors
_THROTTLES = {"ThrottlingError", "ProvisionedThroughputExceeded"}


@dataclass(frozen=True)
class _Part:
    table: DynamoTable
    request: dict[str, Any]
    name: str | None


class Transaction:
    """Collects parts and runs them with the client of the first table."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []

    def __len__(self) -> int:
        return len(self._parts)

    def put(
        self,
        table: DynamoTable,
        item: Mapping[str, Any],
        *,
        condition: str | None = None,
        values: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> Self:
        """Store an item. If its condition fails, ConditionFailed contains the existing item."""
        request = {"TableName": table.name, "Item": pack(item), **expressions(condition, values)}
        if condition is not None:
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        return self._add(table, "Put", request, name)

    def update(
        self,
        table: DynamoTable,
        key: tuple[str, str],
        update: str,
        *,
        condition: str | None = None,
        values: Mapping[str, Any] | None = None,
        names: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> Self:
        """Change an item."""
        request = {**_key(table, key), "UpdateExpression": update, **expressions(condition, values, names)}
        return self._add(table, "Update", request, name)

    def delete(
        self,
        table: DynamoTable,
        key: tuple[str, str],
        *,
        condition: str | None = None,
        values: Mapping[str, Any] | None = None,
        names: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> Self:
        """Remove an item."""
        return self._add(table, "Delete", {**_key(table, key), **expressions(condition, values, names)}, name)

    def check(
        self,
        table: DynamoTable,
        key: tuple[str, str],
        condition: str,
        *,
        values: Mapping[str, Any] | None = None,
        names: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> Self:
        """Require a condition on an item without changing it."""
        request = {**_key(table, key), **expressions(condition, values, names)}
        return self._add(table, "ConditionCheck", request, name)

    def add(self, other: Transaction) -> Self:
        """Add the parts of another transaction."""
        self._parts += other._parts
        return self

    @property
    def keys(self) -> set[tuple[str, str, str]]:
        """(table, partition key, sort key) of each part. A transaction must not contain an item twice."""
        found = ((part.table.name, next(iter(part.request.values()))) for part in self._parts)
        return {(name, *_key_of(request)) for name, request in found}

    def run(self) -> None:
        """Write all parts or none. Without parts it does nothing.

        Raises ConditionFailed if a condition does not hold or another transaction conflicts: read and decide again.
        Raises Unavailable if DynamoDB throttles it every time. All retries, also those of the SDK, have the same
        token, so they never apply twice.
        """
        if not self._parts:
            return
        if len(self._parts) > TRANSACTION_LIMIT:
            raise ValueError(f"Transaction has {len(self._parts)} items; the limit is {TRANSACTION_LIMIT}.")
        table = self._parts[0].table
        items: list[Any] = [part.request for part in self._parts]
        token = random_uuid()
        for attempt in range(ROUNDS):
            try:
                table.client.transact_write_items(TransactItems=items, ClientRequestToken=token)
            except ClientError as error:
                if not _throttled(error):
                    raise self._translated(error) from error
                pause(attempt, sleep=table.sleep)
            else:
                return
        raise Unavailable(f"DynamoDB throttled a transaction {ROUNDS} times in a row. Try again.")

    def _add(self, table: DynamoTable, kind: str, request: dict[str, Any], name: str | None) -> Self:
        self._parts.append(_Part(table, {kind: request}, name))
        return self

    def _translated(self, error: ClientError) -> Exception:
        """The failed conditions behind the SDK's error, or the error itself."""
        code = error.response["Error"]["Code"]
        if code in ("TransactionConflictException", "TransactionInProgressException"):
            return ConditionFailed(*(PartResult(CONFLICT, name=part.name) for part in self._parts))
        if code != "TransactionCanceledException" or not passing(error):
            return error
        parts = zip(self._parts, _reasons(error), strict=False)  # there may be no reasons
        results = [PartResult(_code(reason), _item(reason), part.name) for part, reason in parts]
        return ConditionFailed(*(results or (PartResult(CONFLICT, name=part.name) for part in self._parts)))


def passing(error: ClientError) -> bool:
    """Whether all causes of a cancellation are temporary; e.g. an item that is too large is not."""
    return set(map(_code, _reasons(error))) - {HELD} <= _CONTENDED | _THROTTLES


def _throttled(error: ClientError) -> bool:
    """Whether only throttling cancelled a transaction, so that it can be repeated."""
    return bool(found := set(map(_code, _reasons(error))) - {HELD}) and found <= _THROTTLES


def _reasons(error: ClientError) -> list[dict[str, Any]]:
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    return reasons


def _code(reason: Mapping[str, Any]) -> str:
    return reason.get("Code") or HELD


def _item(reason: Mapping[str, Any]) -> dict[str, Any] | None:
    return unpack(reason["Item"]) if reason.get("Item") else None


def _key(table: DynamoTable, key: tuple[str, str]) -> dict[str, Any]:
    return {"TableName": table.name, "Key": pack({"pk": key[0], "sk": key[1]})}


def _key_of(request: Mapping[str, Any]) -> tuple[str, str]:
    key = request.get("Key") or request["Item"]
    return key["pk"]["S"], key["sk"]["S"]
