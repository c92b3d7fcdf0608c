"""Whatever is sent: no 5xx, and no answer that the document does not have.

Each case is validated against the document: its status, its media type, its headers and its body.
"""

from __future__ import annotations

from typing import Any

import pytest
from schemathesis import checks

from tests.e2e.conftest import World

from .conftest import Caller
from .drawing import schema

pytestmark = pytest.mark.usefixtures("there")

INTERNAL, PUBLIC = schema("internal"), schema("public")
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@INTERNAL.parametrize()
def test_the_internal_api_answers_as_its_document_says(case: Any, service: Caller) -> None:
    answer = service.call(case)
    assert answer.status_code not in (401, 403), f"what is signed is let in: {answer.request.url} {answer.text}"
    case.validate_response(answer, checks=CHECKS)


@PUBLIC.parametrize()
def test_the_public_api_answers_as_its_document_says(case: Any, person: Caller, world: World) -> None:
    token = world.described["users"]["ada"]["id_token"]
    needed = case.operation.definition.raw.get("security") != []
    answer = person.call(case, headers={"Authorization": f"Bearer {token}"} if needed else {})
    assert answer.status_code not in (401, 403), f"who has a token is let in: {answer.request.url} {answer.text}"
    case.validate_response(answer, checks=CHECKS)
