"""Who is not let in: without a signature, with that of a stranger, without a token."""

from __future__ import annotations

from typing import Any

import pytest
from schemathesis import checks

from tests.e2e.conftest import World

from .conftest import Caller, Signed
from .drawing import schema

INTERNAL, PUBLIC = schema("internal", 2, derived=False), schema("public", 2, derived=False)
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture(scope="session")
def nobody(world: World) -> Caller:
    return Caller(world.described["internal_url"])


@pytest.fixture(scope="session")
def stranger(world: World) -> Caller:
    return Caller(world.described["internal_url"], Signed(world.described["stranger"]))


@INTERNAL.parametrize()
def test_the_internal_api_answers_nobody_without_a_signature(case: Any, nobody: Caller) -> None:
    answer = nobody.call(case)
    assert answer.status_code == 403
    case.validate_response(answer, checks=CHECKS)


@INTERNAL.parametrize()
def test_the_internal_api_answers_no_stranger(case: Any, stranger: Caller) -> None:
    assert stranger.call(case).status_code == 403  # the emulator words it as IAM does, API Gateway as above


@PUBLIC.parametrize()
def test_the_public_api_asks_for_a_token_where_its_document_says_so(case: Any, person: Caller) -> None:
    answer = person.call(case)
    needed = case.operation.definition.raw.get("security") != []
    assert (answer.status_code == 401) == needed
    case.validate_response(answer, checks=CHECKS)
