"""One call: signed as AWS wants it, repeated only where that is safe, and its errors as exceptions."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import fanfare_client as client
import httpx2
import pytest
from fanfare_client.calls import chunks
from fanfare_client.retries import Retries, retry_after

from local.emulator.launch import handed_on

from .server import IMPATIENT, KEY, REGION, SECRET, Given, ok, problem, script
from .sigv4 import is_signed

ACCEPTED = {"id": "m-1", "state": "pending", "created_at": "2027-01-01T08:00:00.000Z"}


def test_a_call_is_signed_as_aws_verifies_it() -> None:
    server = script()
    with server.client() as fanfare:
        fanfare.messages.submit(topic="orders", content={"text": "Grüße"})
        fanfare.topics.get("orders:a_b~c")
    assert len(server.asked) == 2
    assert all(is_signed(request, key=KEY, secret=SECRET, region=REGION) for request in server.asked)


@pytest.mark.parametrize(
    "address",
    [
        "a+b@example.com",
        "a/b@example.com",
        "100%@example.com",
        "50%40@example.com",
        "a?b@x.org",
        "+43 1",
        "ü@example.com",
    ],
)
def test_an_address_in_a_path_is_escaped_and_signed(address: str) -> None:
    server = script()
    with server.client() as fanfare:
        fanfare.suppressions.put("email", address)
    (request,) = server.asked
    assert request.url.raw_path.count(b"/") == 4
    assert handed_on(request.url.raw_path.decode()) == f"/v1/suppressions/email/{address}"
    assert is_signed(request, key=KEY, secret=SECRET, region=REGION)


def test_what_a_query_says_is_signed() -> None:
    server = script(ok({"items": [], "next_cursor": None}))
    with server.client() as fanfare:
        assert not list(fanfare.messages.list(topic="a b+c", cursor="x=/y+z"))
    (request,) = server.asked
    assert dict(request.url.params) == {"topic": "a b+c", "limit": "100", "cursor": "x=/y+z"}
    assert is_signed(request, key=KEY, secret=SECRET, region=REGION)


def test_the_token_of_a_role_is_sent_and_signed() -> None:
    server = script()
    with server.client(token="a-session-token") as fanfare:
        fanfare.topics.get("t")
    assert is_signed(server.asked[0], key=KEY, secret=SECRET, region=REGION, token="a-session-token")


def test_our_verification_refuses_what_was_changed_on_the_way() -> None:
    server = script()
    with server.client() as fanfare:
        fanfare.messages.submit(topic="t", content={"text": "Hi"})
    request = server.asked[0]
    changed = httpx2.Request(request.method, request.url, headers=request.headers, content=b"{}")
    assert not is_signed(changed, key=KEY, secret=SECRET, region=REGION)
    elsewhere = httpx2.Request(request.method, str(request.url) + "2", headers=request.headers, content=request.content)
    assert not is_signed(elsewhere, key=KEY, secret=SECRET, region=REGION)


@pytest.mark.parametrize("part", ["", ".", ".."])
def test_a_part_that_leads_elsewhere_is_not_called(part: str) -> None:
    server = script()
    with server.client() as fanfare, pytest.raises(ValueError, match="Invalid path segment"):
        fanfare.users.delete(part)
    assert not server.asked


@pytest.mark.parametrize(
    "trouble",
    [
        httpx2.ReadTimeout,
        httpx2.ConnectError,
        httpx2.RemoteProtocolError,
        httpx2.Response(503),
        problem(429, retryable=True),
    ],
)
def test_a_submit_is_repeated_with_the_same_key(trouble: Given) -> None:
    server = script(trouble, ok(ACCEPTED, 202))
    with server.client() as fanfare:
        assert fanfare.messages.submit(topic="t", content={"text": "Hi"})["id"] == "m-1"
    first, second = (request.headers["idempotency-key"] for request in server.asked)
    assert first == second


def test_two_submits_have_two_keys_and_a_given_one_is_taken() -> None:
    server = script()
    with server.client() as fanfare:
        for key in (None, None, "order-17"):
            fanfare.messages.submit(idempotency_key=key, topic="t", content={"text": "Hi"})
    first, second, third = (request.headers["idempotency-key"] for request in server.asked)
    assert first != second
    assert third == "order-17"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 415, 422])
def test_what_is_wrong_is_not_repeated(status: int) -> None:
    server = script(problem(status))
    with server.client() as fanfare, pytest.raises(client.Refused):
        fanfare.topics.get("t")
    assert len(server.asked) == 1


def test_what_the_server_calls_hopeless_is_not_repeated() -> None:
    server = script(problem(500, "internal_error", retryable=False))
    with server.client() as fanfare, pytest.raises(client.ServerError):
        fanfare.topics.get("t")
    assert len(server.asked) == 1


def test_it_gives_up_and_says_with_which_key_it_may_be_repeated() -> None:
    server = script(*[httpx2.ReadTimeout] * 9)
    with server.client() as fanfare, pytest.raises(client.Unreachable) as raised:
        fanfare.messages.submit(idempotency_key="order-17", topic="t", content={"text": "Hi"})
    assert len(server.asked) == IMPATIENT.attempts
    assert raised.value.idempotency_key == "order-17"


@pytest.mark.parametrize(
    ("trouble", "asked"), [(httpx2.ReadTimeout, 1), (httpx2.Response(503), 1), (httpx2.ConnectError, 2)]
)
def test_a_redrive_is_repeated_only_if_it_never_arrived(trouble: Given, asked: int) -> None:
    server = script(trouble, ok({}, 202))
    with server.client() as fanfare:
        if asked == 1:
            with pytest.raises(client.FanfareError):
                fanfare.messages.redrive("m-1")
        else:
            fanfare.messages.redrive("m-1")
    assert len(server.asked) == asked


def test_a_server_that_asks_for_a_pause_gets_it() -> None:
    server = script(problem(429, retryable=True, headers={"Retry-After": "1"}), ok({}))
    began = time.monotonic()
    with server.client() as fanfare:
        fanfare.topics.get("t")
    assert time.monotonic() - began >= 1


def test_a_pause_that_is_too_long_is_the_callers_affair() -> None:
    server = script(problem(429, retryable=True, headers={"Retry-After": "3600"}), ok({}))
    with server.client() as fanfare, pytest.raises(client.TooManyRequests) as raised:
        fanfare.topics.get("t")
    assert raised.value.retry_after == 3600


def test_pauses_grow_differ_and_end() -> None:
    retries = Retries(attempts=100, first=0.1, longest=5)
    trouble = httpx2.ConnectError("no")
    pauses = [[retries.pause(n, trouble, repeatable=True) or 0 for _ in range(200)] for n in (1, 3, 50)]
    assert [max(each) <= limit for each, limit in zip(pauses, (0.2, 0.8, 5), strict=True)] == [True] * 3
    assert max(pauses[0]) < max(pauses[1]) < max(pauses[2])
    assert len(set(pauses[0])) > 100


def test_retry_after_is_read_in_both_of_its_forms() -> None:
    assert retry_after("7") == 7
    soon = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True))
    assert soon == pytest.approx(30, abs=2)
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert [retry_after(said) for said in (None, "", "soon", "-1", "1e9", "²")] == [None] * 6


KINDS = {
    400: client.MalformedRequest,
    401: client.Unauthorized,
    403: client.Forbidden,
    404: client.NotFound,
    405: client.MethodNotAllowed,
    409: client.Conflict,
    413: client.PayloadTooLarge,
    415: client.NotJson,
    422: client.Invalid,
    429: client.TooManyRequests,
    500: client.ServerError,
    503: client.Unavailable,
}


@pytest.mark.parametrize("status", KINDS)
def test_a_problem_is_an_exception_of_its_own(status: int) -> None:
    fault = {"pointer": "/recipients/3", "code": "invalid_id", "detail": "must be 1 to 128 letters"}
    with (
        script(problem(status, "its_code", errors=[fault])).client() as fanfare,
        pytest.raises(KINDS[status]) as raised,
    ):
        fanfare.topics.get("t")
    error = raised.value
    assert type(error) is KINDS[status]
    assert (error.status, error.code, error.detail, error.request_id) == (status, "its_code", "what is wrong", "r-1")
    assert error.errors == (client.Fault("/recipients/3", "invalid_id", "must be 1 to 128 letters"),)
    assert "/recipients/3 must be 1 to 128 letters" in str(error)


def test_the_gateways_own_refusal_has_a_code_too() -> None:
    answer = httpx2.Response(403, json={"message": "Forbidden"}, headers={"apigw-requestid": "g-1"})
    with script(answer).client() as fanfare, pytest.raises(client.Forbidden) as raised:
        fanfare.topics.get("t")
    assert (raised.value.code, raised.value.detail, raised.value.request_id) == ("forbidden", "Forbidden", "g-1")


@pytest.mark.parametrize(
    "answer", [httpx2.Response(200, text="<html>"), httpx2.Response(302, headers={"Location": "/"})]
)
def test_an_answer_of_another_server_is_an_error(answer: httpx2.Response) -> None:
    with script(answer).client() as fanfare, pytest.raises(client.UnexpectedAnswer, match="Is this Fanfare's URL"):
        fanfare.topics.get("t")


def test_a_list_goes_on_to_its_last_page_and_no_further() -> None:
    pages = [{"items": [{"id": "a"}, {"id": "b"}], "next_cursor": "c/1"}, {"items": [{"id": "c"}], "next_cursor": None}]
    server = script(*map(ok, pages))
    with server.client() as fanfare:
        assert [topic["id"] for topic in fanfare.topics.list()] == ["a", "b", "c"]
    assert [request.url.params.get("cursor") for request in server.asked] == [None, "c/1"]


def test_a_list_goes_on_over_a_page_that_has_nothing() -> None:
    pages = [{"items": [], "next_cursor": "c/1"}, {"items": [{"id": "c"}], "next_cursor": None}]
    with script(*map(ok, pages)).client() as fanfare:
        assert [message["id"] for message in fanfare.messages.list(state="failed")] == ["c"]


def test_a_list_asks_no_more_than_is_read() -> None:
    server = script(ok({"items": [{"id": "a"}], "next_cursor": "more"}))
    with server.client() as fanfare:
        assert next(iter(fanfare.topics.list()))["id"] == "a"
    assert len(server.asked) == 1


def test_many_users_go_a_hundred_a_call_and_no_larger_than_a_body_may_be() -> None:
    assert [len(chunk) for chunk in chunks(range(250), most=100)] == [100, 100, 50]
    large = ["x" * 100_000] * 5
    assert [len(chunk) for chunk in chunks(large, most=100)] == [2, 2, 1]


def test_results_of_many_come_in_their_order() -> None:
    def results(first: int, count: int) -> httpx2.Response:
        return ok({"items": [{"id": f"u{n}", "status": 201, "error": None} for n in range(first, first + count)]})

    with script(results(0, 100), results(100, 20)).client() as fanfare:
        found = fanfare.users.put_many({"id": f"u{n}"} for n in range(120))
    assert [each["id"] for each in found] == [f"u{n}" for n in range(120)]


def test_the_same_over_an_event_loop() -> None:
    server = script(httpx2.ReadTimeout, ok(ACCEPTED, 202), ok({"items": [{"id": "t"}], "next_cursor": None}))

    async def work() -> list[str]:
        async with server.async_client() as fanfare:
            accepted = await fanfare.messages.submit(topic="t", content={"text": "Hi"})
            return [accepted["id"], *[topic["id"] async for topic in fanfare.topics.list()]]

    assert asyncio.run(work()) == ["m-1", "t"]
    assert server.asked[0].headers["idempotency-key"] == server.asked[1].headers["idempotency-key"]
    assert all(is_signed(request, key=KEY, secret=SECRET, region=REGION) for request in server.asked)


def test_a_message_is_watched_until_it_rests() -> None:
    states = ["pending", "active", "sent"]
    server = script(*(ok({"id": "m-1", "state": state}) for state in states))
    with server.client() as fanfare:
        assert [message["state"] for message in fanfare.messages.watch("m-1", every=0)] == states
