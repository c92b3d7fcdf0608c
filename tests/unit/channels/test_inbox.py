from __future__ import annotations

import pytest
from botocore.exceptions import ReadTimeoutError
from fanfare.channels.base import NOT_ASKED, Envelope, Kind, SendResult
from fanfare.channels.inbox import Inbox
from fanfare.channels.reasons import Reason
from fanfare.errors import Unavailable

from tests.unit.channels.fakes import envelope, refusal


class Notes:
    """An inbox table: a user's note of a message is one, however often it is put."""

    def __init__(self, *troubles: Exception | None) -> None:
        self.kept: dict[tuple[str, str], tuple[str, str]] = {}
        self.troubles = [*troubles]

    def put(self, notes: list[tuple[str, str, str, str]]) -> None:
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble is not None:
            raise trouble
        self.kept |= {(user, message): (title, body) for user, message, title, body in notes}


def test_a_note_is_kept_for_each_user() -> None:
    notes = Notes()
    results = Inbox(notes).send([envelope(each, content={"title": each, "body": "Hi"}) for each in ("ada", "bob")])  # type: ignore[arg-type]
    assert [result.kind for result in results] == [Kind.SENT, Kind.SENT]
    assert notes.kept == {("ada", "message-1"): ("ada", "Hi"), ("bob", "message-1"): ("bob", "Hi")}


def test_a_batch_that_is_sent_again_leaves_one_note() -> None:
    notes = Notes()
    for _ in range(2):
        Inbox(notes).send([envelope(content={"title": "Order A-17", "body": "It has left"})])  # type: ignore[arg-type]
    assert len(notes.kept) == 1


def test_a_part_that_the_template_leaves_out_is_empty() -> None:
    notes = Notes()
    Inbox(notes).send([envelope(content={"body": "It has left"})])  # type: ignore[arg-type]
    assert notes.kept["ada", "message-1"] == ("", "It has left")


def test_everybody_has_an_inbox_and_nobody_s_can_be_suppressed() -> None:
    assert Inbox.address({})
    assert Inbox.identity({"email": "ada@example.com"}) is None


@pytest.mark.parametrize(
    "trouble",
    [
        refusal("ProvisionedThroughputExceededException"),
        ReadTimeoutError(endpoint_url="https://dynamodb.test"),
        Unavailable("DynamoDB left items unwritten"),
    ],
)
def test_a_table_in_trouble_is_tried_again(trouble: Exception) -> None:
    notes = Notes(trouble)
    note = envelope(content={"title": "Order A-17", "body": "It has left"})
    results = [Inbox(notes).send([note])[0] for _ in range(2)]  # type: ignore[arg-type]
    assert results == [SendResult(Kind.TEMPORARY, Reason("inbox_unavailable")), SendResult(Kind.SENT)]
    assert len(notes.kept) == 1


def test_those_whose_call_went_well_are_not_put_again() -> None:
    results = Inbox(Notes(None, refusal("ThrottlingException"))).send(crowd(50))  # type: ignore[arg-type]
    assert [result.kind for result in results] == [Kind.SENT] * 25 + [Kind.TEMPORARY] * 25


def test_a_note_that_is_too_large_fails_alone() -> None:
    notes = Notes()
    large = envelope("eve", content={"title": "Hi", "body": "ä" * 200_000})
    results = Inbox(notes).send([large, *crowd(2)])  # type: ignore[arg-type]
    assert results == [
        SendResult(Kind.PERMANENT, Reason("content_too_large")),
        SendResult(Kind.SENT),
        SendResult(Kind.SENT),
    ]
    assert [user for user, _ in notes.kept] == ["user-0", "user-1"]


def test_whom_the_time_does_not_reach_for_is_not_asked_about() -> None:
    asked = iter([True, False])
    results = Inbox(Notes()).send(crowd(26), in_time=lambda: next(asked))  # type: ignore[arg-type]
    assert results == [SendResult(Kind.SENT)] * 25 + [NOT_ASKED]


def test_a_fault_of_ours_is_no_answer_of_a_provider() -> None:
    with pytest.raises(RuntimeError):
        Inbox(Notes(RuntimeError())).send(crowd(1))  # type: ignore[arg-type]


def crowd(size: int) -> list[Envelope]:
    return [envelope(f"user-{number}", content={"title": "Hi", "body": "there"}) for number in range(size)]
