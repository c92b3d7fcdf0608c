"""Parts take effect together or not at all; a failure names its parts; a throttled transaction is tried again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.transactions import Transaction
from fanfare.errors import ConditionFailed, Unavailable

from testing.memory_aws.aws import Memory
from testing.memory_aws.errors import refused


class Throttling:
    """A client whose transactions are cancelled for these reasons, one after the other; then they are taken."""

    def __init__(self, *cancelled: list[str]) -> None:
        self.cancelled = [*cancelled]
        self.tokens: list[str] = []
        self.waits: list[float] = []

    def transact_write_items(self, *, TransactItems: Any, ClientRequestToken: str) -> None:
        self.tokens.append(ClientRequestToken)
        if self.cancelled:
            reasons = [{"Code": code} for code in self.cancelled.pop(0)]
            assert len(reasons) == len(TransactItems)
            raise refused("TransactionCanceledException", "", "TransactWriteItems", CancellationReasons=reasons)

    def transaction(self, *names: str) -> Transaction:
        """One part for each name."""
        client: Any = self
        table = DynamoTable(client, "audience", sleep=self.waits.append)
        transaction = Transaction()
        for name in names:
            transaction.put(table, {"pk": name, "sk": name}, name=name)
        return transaction


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_that_is_throttled_is_tried_again_as_the_same_one(code: str) -> None:
    client = Throttling(["None", code], [code, "None"])
    client.transaction("one", "two").run()
    assert len(client.tokens) == 3
    assert len(set(client.tokens)) == 1
    assert len(client.waits) == 2


def test_a_transaction_that_is_throttled_all_the_while_is_given_up() -> None:
    client = Throttling(*[["ThrottlingError"]] * 100)
    with pytest.raises(Unavailable, match="DynamoDB throttled a transaction 8 times in a row"):
        client.transaction("one").run()
    assert len(client.tokens) == len(client.waits) == 8


@pytest.mark.parametrize("decides", ["ConditionalCheckFailed", "TransactionConflict"])
def test_a_condition_that_fails_beside_a_throttle_decides(decides: str) -> None:
    client = Throttling(["ThrottlingError", decides])
    with pytest.raises(ConditionFailed) as failed:
        client.transaction("one", "two").run()
    assert failed.value.codes == ("ThrottlingError", decides)
    assert len(client.tokens) == 1
    assert not client.waits


def test_what_a_transaction_cannot_hold_is_an_error_at_once() -> None:
    client = Throttling(["ThrottlingError", "ValidationError"])
    with pytest.raises(ClientError):
        client.transaction("one", "two").run()
    assert not client.waits


def test_a_failure_says_by_name_which_part_was_refused_and_what_stood_there() -> None:
    client: Any = Memory(lambda: datetime(2027, 1, 1, tzinfo=UTC)).dynamodb
    table = DynamoTable(client, "messages")
    table.put({"pk": "key", "sk": "key", "message": "first"})
    transaction = Transaction().check(table, ("message", "message"), "attribute_not_exists(pk)", name="message")
    transaction.put(table, {"pk": "key", "sk": "key"}, condition="attribute_not_exists(pk)", name="idempotency key")
    with pytest.raises(ConditionFailed) as failed:
        transaction.run()
    assert failed.value.part("message").held
    assert not failed.value.part("message").refused
    assert failed.value.part("idempotency key").refused
    assert failed.value.part("idempotency key").found == {"pk": "key", "sk": "key", "message": "first"}


@pytest.mark.parametrize("code", ["TransactionConflictException", "TransactionInProgressException"])
def test_a_transaction_in_the_way_refuses_no_part(code: str) -> None:
    class InTheWay(Throttling):
        def transact_write_items(self, **_: Any) -> None:
            raise refused(code, "", "TransactWriteItems")

    with pytest.raises(ConditionFailed) as failed:
        InTheWay().transaction("one", "two").run()
    assert not failed.value.refused
    assert not failed.value.part("two").held
    assert failed.value.part("two").found is None


def test_more_parts_than_dynamodb_takes_are_refused_before_the_call() -> None:
    client = Throttling()
    with pytest.raises(ValueError, match="Transaction has 101 items; the limit is 100\\."):
        client.transaction(*(str(number) for number in range(101))).run()
    assert not client.tokens


def test_a_transaction_without_parts_makes_no_call() -> None:
    client = Throttling()
    client.transaction().run()
    assert not client.tokens
