"""DynamoDB's client in memory."""

from __future__ import annotations

from typing import Any

from testing.memory_aws import batches, queries
from testing.memory_aws.calls import Calls
from testing.memory_aws.tables import Tables


class DynamoDB:
    """As much of the client as Fanfare calls."""

    def __init__(self, calls: Calls, tables: Tables) -> None:
        self.calls = calls
        self.tables = tables

    def get_item(self, *, TableName: str, Key: Any, ConsistentRead: bool = False) -> Any:
        return self.calls.call("dynamodb:GetItem", lambda: self._get(TableName, Key, ConsistentRead))

    def _get(self, table: str, key: Any, consistent: bool) -> Any:
        item = self.tables.get(table, key)
        self.tables.meter_read(table, [item] if item else [], consistent=consistent, each=True)
        return {"Item": item} if item else {}

    def put_item(self, **request: Any) -> Any:
        return self.calls.call("dynamodb:PutItem", lambda: self._put(request))

    def _put(self, request: dict[str, Any]) -> Any:
        before = self.tables.get(request["TableName"], request["Item"])
        self.tables.require(request, before, "PutItem")
        self.tables.put(request["TableName"], request["Item"])
        return {}

    def delete_item(self, *, TableName: str, Key: Any) -> Any:
        return self.calls.call("dynamodb:DeleteItem", lambda: self._delete(TableName, Key))

    def _delete(self, table: str, key: Any) -> Any:
        self.tables.delete(table, key)
        return {}

    def update_item(self, **request: Any) -> Any:
        return self.calls.call("dynamodb:UpdateItem", lambda: self._update(request))

    def _update(self, request: dict[str, Any]) -> Any:
        before = self.tables.get(request["TableName"], request["Key"])
        self.tables.require(request, before, "UpdateItem")
        after = self.tables.update(request, before)
        wanted = before if request.get("ReturnValues") == "ALL_OLD" else after
        return {"Attributes": wanted} if wanted else {}

    def batch_get_item(self, *, RequestItems: Any) -> Any:
        return self.calls.call("dynamodb:BatchGetItem", lambda: batches.get(self.tables, RequestItems))

    def batch_write_item(self, *, RequestItems: Any) -> Any:
        return self.calls.call("dynamodb:BatchWriteItem", lambda: batches.write(self.tables, RequestItems))

    def transact_write_items(self, *, TransactItems: Any, **_token: str) -> Any:
        return self.calls.call("dynamodb:TransactWriteItems", lambda: batches.transact(self.tables, TransactItems))

    def query(self, **request: Any) -> Any:
        return self.calls.call("dynamodb:Query", lambda: queries.query(self.tables, request))
