from __future__ import annotations

import pytest
from fanfare.channels.base import Kind
from fanfare.channels.inbox import Inbox

from tests.unit.channels.fakes import envelope


class Notes:
    """An inbox table: a user's note of a message is one, however often it is put."""

    def __init__(self, *, broken: bool = False) -> None:
        self.kept: dict[tuple[str, str], tuple[str, str]] = {}
        self.broken = broken

    def put(self, notes: list[tuple[str, str, str, str]]) -> None:
        if self.broken:
            raise RuntimeError("throttled")
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


def test_a_table_in_trouble_is_trouble_of_ours_and_no_answer_of_a_provider() -> None:
    with pytest.raises(RuntimeError):
        Inbox(Notes(broken=True)).send([envelope(content={"title": "", "body": ""})])  # type: ignore[arg-type]
