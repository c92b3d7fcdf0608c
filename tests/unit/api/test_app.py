"""What is read from a call before any use case sees it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from fanfare.api.problems import is_busy
from fanfare.api.requests import idempotency_key, without_session
from fanfare.errors import Invalid


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("abc", "abc"),
        ('"abc"', "abc"),
        ('"a\\"b\\\\c"', 'a"b\\c'),
        ("a,b", "a,b"),
        ("!" * 255, "!" * 255),
        ('"' + "!" * 255 + '"', "!" * 255),
        (None, None),
    ],
)
def test_a_key_is_the_same_quoted_or_bare(header: str | None, key: str | None) -> None:
    assert idempotency_key(header) == key


@pytest.mark.parametrize("header", ["", '""', "a b", '"a b"', "a\tb", "ü", "!" * 256, "a\x7f"])
def test_a_key_is_visible_ascii(header: str) -> None:
    with pytest.raises(Invalid) as caught:
        idempotency_key(header)
    assert caught.value.errors[0].pointer == "Idempotency-Key:"


@pytest.mark.parametrize(
    ("arn", "principal"),
    [
        ("arn:aws:sts::1:assumed-role/orders/one", "arn:aws:sts::1:assumed-role/orders"),
        ("arn:aws:iam::1:user/team/orders", "arn:aws:iam::1:user/team/orders"),
        ("arn:aws:iam::1:root", "arn:aws:iam::1:root"),
    ],
)
def test_every_session_of_a_role_is_the_same_caller(arn: str, principal: str) -> None:
    assert without_session(arn) == principal


@pytest.mark.parametrize(
    ("reasons", "busy"),
    [
        ([], True),
        (["None", "TransactionConflict"], True),
        (["ThrottlingError"], True),
        (["None", "ValidationError"], False),
        (["ThrottlingError", "ItemCollectionSizeLimitExceeded"], False),
    ],
)
def test_a_transaction_is_tried_again_where_its_reasons_may_pass(reasons: list[str], busy: bool) -> None:
    answer: Any = {"Error": {"Code": "TransactionCanceledException"}}
    answer["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    assert is_busy(ClientError(answer, "TransactWriteItems")) == busy
