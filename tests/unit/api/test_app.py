"""What is read from a call before any use case sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler.middlewares import openapi_validation
from aws_lambda_powertools.event_handler.openapi.params import Query
from botocore.exceptions import ClientError
from fanfare.api.app import Api
from fanfare.api.internal.app import internal_api
from fanfare.api.openapi import About
from fanfare.api.problems import is_busy
from fanfare.api.public.app import public_api
from fanfare.api.requests import idempotency_key, without_session
from fanfare.errors import Invalid
from fanfare.schemas.scalars import Request


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


class Thing(Request):
    title: str


def put_thing(thing: Thing, dry: Annotated[bool, Query()] = False) -> dict[str, Any]:
    return {"title": thing.title, "dry": dry}


@pytest.mark.parametrize("name", ["is_scalar_field", "_is_or_contains_sequence"])
def test_the_types_of_parameters_are_looked_into_once(name: str) -> None:
    look: Any = getattr(openapi_validation, name)
    api = Api(Logger(), about=About(title="Test", description="", security={}), routers=[])
    api.put("/things")(put_thing)
    context: Any = None
    event = {
        "rawPath": "/things",
        "rawQueryString": "dry=true",
        "queryStringParameters": {"dry": "true"},
        "headers": {"content-type": "application/json"},
        "requestContext": {"stage": "$default", "requestId": "1", "http": {"method": "PUT", "path": "/things"}},
        "body": '{"title": "One"}',
    }
    assert api.resolve(event, context)["body"] == '{"title":"One","dry":true}'
    before = look.cache_info()
    assert api.resolve(event, context)["body"] == '{"title":"One","dry":true}'
    after = look.cache_info()
    assert (after.misses, after.hits > before.hits) == (before.misses, True)


@pytest.mark.parametrize("api", [internal_api, public_api])
def test_the_types_of_all_routes_can_be_keys(api: Callable[[Logger], Api]) -> None:
    fields = [
        field
        for route in api(Logger()).routes
        for kind in ("path_params", "query_params", "header_params", "body_params")
        for field in getattr(route.dependant, kind)
    ]
    assert len({field.field_info.annotation for field in fields}) > 1
