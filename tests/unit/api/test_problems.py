"""Errors as a caller reads them."""

from __future__ import annotations

from fanfare.api.problems import problem, request_faults
from fanfare.errors import Fault, Invalid, Unavailable
from fanfare.schemas.errors import faults


def test_a_problem_has_what_the_contract_names() -> None:
    told = problem(Invalid.field("/topic", "unknown_topic", "No such topic."), instance="/v1/messages")
    assert set(told) == {"type", "title", "status", "detail", "instance", "code", "errors", "retryable"}
    assert told["errors"] == [{"pointer": "/topic", "code": "unknown_topic", "detail": "No such topic."}]
    assert (told["status"], told["code"], told["instance"]) == (422, "invalid_request", "/v1/messages")


def test_what_may_be_tried_again_says_so() -> None:
    assert problem(Unavailable("busy"), instance="/")["retryable"] is True


def test_a_thousand_faults_are_told_in_part() -> None:
    many = [Fault(f"/items/{place}", "wrong_type", "no") for place in range(1_000)]
    assert len(problem(Invalid("no", errors=many), instance="/")["errors"]) == 100


def test_a_pointer_escapes_its_steps() -> None:
    (fault,) = faults([{"type": "string_type", "loc": ("a/b", "c~d", 0), "msg": "Input should be text"}], at="/items/1")
    assert (fault.pointer, fault.code, fault.detail) == ("/items/1/a~1b/c~0d/0", "wrong_type", "Must be text.")


def test_each_part_of_a_request_has_its_own_form_of_pointer() -> None:
    places = [("body", "topic"), ("query", "limit"), ("path", "user_id"), ("header", "idempotency-key"), ("body",)]
    found = request_faults([{"type": "missing", "loc": place, "msg": "Field required"} for place in places])
    assert [fault.pointer for fault in found] == ["/topic", "?limit", "{user_id}", "Idempotency-Key:", ""]
