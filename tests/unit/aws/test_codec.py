"""Attributes go to DynamoDB and come back as they were."""

from __future__ import annotations

from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from fanfare.aws.codec import pack, unpack
from fanfare.domain.lifecycle import State
from hypothesis import given
from hypothesis import strategies as st

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
    with pytest.raises(TypeError, match="complex"):
        pack({"price": 1.5j})


@pytest.mark.parametrize("number", [1.5, -0.25, 1e20, 1e-7])
def test_a_number_with_a_fraction_comes_back_as_it_was(number: float) -> None:
    assert unpack(pack({"rate": number})) == {"rate": number}


@pytest.mark.parametrize("number", ["7", "-7", "1.5", "1E+2"])
def test_a_number_is_read_as_boto3_reads_it(number: str) -> None:
    assert unpack({"n": {"N": number}})["n"] == TypeDeserializer().deserialize({"N": number})
