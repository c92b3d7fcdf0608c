"""What is read from a call before any use case sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler.openapi.compat import field_annotation_is_scalar
from botocore.exceptions import ClientError
from fanfare.api.app import Api
from fanfare.api.internal.app import internal_api
from fanfare.api.problems import is_busy
from fanfare.api.public.app import public_api
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


@pytest.mark.parametrize("api", [internal_api, public_api])
def test_routes_take_and_return_what_a_call_knows(api: Callable[[Logger], Api]) -> None:
    """One body, parameters with one value, a declared type: `fanfare.api.calls` knows no more."""
    routes = api(Logger()).routes
    assert len(routes) > 10
    for route in routes:
        taken = route.dependant
        parameters = [*taken.path_params, *taken.query_params, *taken.header_params]
        assert [each.name for each in parameters if not field_annotation_is_scalar(each.type_)] == []
        assert [each.field_info.embed for each in taken.body_params] in ([], [False])  # type: ignore[attr-defined]
        assert (taken.cookie_params, route.middlewares, route.has_dependencies) == ([], [], False)
        assert (route.cors, route.compress, route.cache_control, route.status_code) == (False, False, None, 200)
        assert taken.return_param is not None
