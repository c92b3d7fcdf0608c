"""Attributes go to DynamoDB and come back as they were; a transaction that it throttles is tried again."""

from __future__ import annotations

from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError
from fanfare.aws.dynamodb import DynamoTable, pack, transact, unpack
from fanfare.domain.lifecycle import State
from fanfare.errors import ConditionFailed, Unavailable
from hypothesis import given
from hypothesis import strategies as st

from testing.memory_aws.aws import refused

VALUES = st.recursive(
    st.text() | st.booleans() | st.integers(-(10**30), 10**30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(min_size=1), VALUES, max_size=6))
def test_an_item_comes_back_as_it_was(item: dict[str, Any]) -> None:
    assert unpack(pack(item)) == item


@given(st.dictionaries(st.text(min_size=1), VALUES, max_size=6))
def test_it_is_written_as_boto3_would_write_it(item: dict[str, Any]) -> None:
    assert pack(item) == {name: TypeSerializer().serialize(value) for name, value in item.items()}


def test_a_none_is_an_absent_attribute_and_an_enumeration_its_value() -> None:
    assert pack({"a": None, "state": State.SENT}) == {"state": {"S": "sent"}}
    assert type(pack({"state": State.SENT})["state"]["S"]) is str


def test_what_is_no_attribute_is_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        pack({"price": 1.5})


@pytest.mark.parametrize("number", ["7", "-7", "1.5", "1E+2"])
def test_a_number_is_read_as_boto3_reads_it(number: str) -> None:
    assert unpack({"n": {"N": number}})["n"] == TypeDeserializer().deserialize({"N": number})


class Throttling:
    """A client whose transactions are cancelled for these reasons, one after the other; then they are taken."""

    def __init__(self, *cancelled: list[str]) -> None:
        self.cancelled = [*cancelled]
        self.tokens: list[str] = []

    def transact_write_items(self, *, TransactItems: Any, ClientRequestToken: str) -> None:
        self.tokens.append(ClientRequestToken)
        if self.cancelled:
            reasons = [{"Code": code} for code in self.cancelled.pop(0)]
            assert len(reasons) == len(TransactItems)
            raise refused("TransactionCanceledException", "", "TransactWriteItems", CancellationReasons=reasons)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long somebody waited, each time."""
    waited: list[float] = []
    monkeypatch.setattr("fanfare.aws.dynamodb.time.sleep", waited.append)
    return waited


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_that_is_throttled_is_tried_again_as_the_same_one(waits: list[float], code: str) -> None:
    client: Any = Throttling(["None", code], [code, "None"])
    transact(client, [{}, {}])
    assert len(client.tokens) == 3
    assert len(set(client.tokens)) == 1
    assert len(waits) == 2


def test_a_transaction_that_is_throttled_all_the_while_is_given_up(waits: list[float]) -> None:
    client: Any = Throttling(*[["ThrottlingError"]] * 100)
    with pytest.raises(Unavailable):
        transact(client, [{}])
    assert len(client.tokens) == len(waits) == 8


@pytest.mark.parametrize("decides", ["ConditionalCheckFailed", "TransactionConflict"])
def test_a_condition_that_fails_beside_a_throttle_decides(waits: list[float], decides: str) -> None:
    client: Any = Throttling(["ThrottlingError", decides])
    with pytest.raises(ConditionFailed) as failed:
        transact(client, [{}, {}])
    assert failed.value.reasons == ("ThrottlingError", decides)
    assert len(client.tokens) == 1
    assert not waits


def test_what_a_transaction_cannot_hold_is_an_error_at_once(waits: list[float]) -> None:
    client: Any = Throttling(["ThrottlingError", "ValidationError"])
    with pytest.raises(ClientError):
        transact(client, [{}, {}])
    assert not waits


class Halving:
    """A client that does half of each batch, for so many calls; then all of it."""

    def __init__(self, calls: int) -> None:
        self.halves = calls
        self.calls = 0
        self.items: dict[tuple[str, str], Any] = {}

    def _parted(self, entries: list[Any]) -> tuple[list[Any], list[Any]]:
        self.calls += 1
        size = len(entries) // 2 if self.calls <= self.halves else len(entries)
        return entries[:size], entries[size:]

    def batch_get_item(self, *, RequestItems: Any) -> Any:
        ((table, asked),) = RequestItems.items()
        read, unread = self._parted(asked["Keys"])
        found = [self.items[key] for each in read if (key := (each["pk"]["S"], each["sk"]["S"])) in self.items]
        return {"Responses": {table: found}, "UnprocessedKeys": {table: {"Keys": unread}} if unread else {}}

    def batch_write_item(self, *, RequestItems: Any) -> Any:
        ((table, asked),) = RequestItems.items()
        written, unwritten = self._parted(asked)
        for each in written:
            item = each["PutRequest"]["Item"]
            self.items[item["pk"]["S"], item["sk"]["S"]] = item
        return {"UnprocessedItems": {table: unwritten} if unwritten else {}}


ROWS = [{"pk": "user", "sk": f"{number:02}", "name": f"n{number}"} for number in range(60)]
KEYS = [("user", f"{number:02}") for number in range(60)]


def test_keys_that_are_left_unread_are_asked_for_again_and_no_others(waits: list[float]) -> None:
    client: Any = Halving(3)
    client.items = {(row["pk"], row["sk"]): pack(row) for row in ROWS}
    assert DynamoTable(client, "t").get_many(KEYS) == dict(zip(KEYS, ROWS, strict=True))
    assert client.calls == 4
    assert len(waits) == 3


def test_items_that_are_left_unwritten_are_written_again(waits: list[float]) -> None:
    client: Any = Halving(2)
    DynamoTable(client, "t").write_many(ROWS)
    assert [*client.items] == KEYS
    assert client.calls == 5  # 25, of which 13 and 7 are left; 25; 10
    assert len(waits) == 2


@pytest.mark.parametrize("work", [lambda table: table.get_many(KEYS), lambda table: table.write_many(ROWS)])
def test_what_is_left_again_and_again_is_an_error_that_may_pass(waits: list[float], work: Any) -> None:
    client: Any = Halving(1_000)
    with pytest.raises(Unavailable):
        work(DynamoTable(client, "t"))
    assert client.calls == len(waits) == 8
