"""Errors as the SDK raises them."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError


def throttled(name: str) -> ClientError:
    """What a call named `service:Operation` raises if there is no capacity for it; nothing of it happened.

    A transaction is cancelled, which the SDK does not repeat:
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#API_TransactWriteItems_Errors
    """
    operation = name.partition(":")[2]
    if operation == "TransactWriteItems":
        why = {"CancellationReasons": [{"Code": "ThrottlingError"}]}
        return refused("TransactionCanceledException", "Transaction cancelled", operation, **why)
    return refused("ThrottlingException", "Rate exceeded", operation)


def refused(code: str, message: str, operation: str, **more: Any) -> ClientError:
    """An error as the SDK raises it."""
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}, **more}
    return ClientError(answer, operation)
