"""Cursors can't be made, changed, or carried elsewhere."""

from __future__ import annotations

import pytest
from fanfare.errors import Invalid
from fanfare.signing.cursors import decode, encode

OLD = {"k1": "first key"}
NEW = OLD | {"k2": "second key"}


def test_a_cursor_goes_on_where_the_page_ended() -> None:
    cursor = encode([0, "batch#0000-000001-00", 7], keys=lambda: OLD, where="/v1/topics")
    assert decode(cursor, keys=lambda: OLD, where="/v1/topics") == [0, "batch#0000-000001-00", 7]


def test_the_end_of_a_list_has_no_cursor_and_needs_no_key() -> None:
    assert encode(None, keys=dict, where="/v1/topics") is None


def test_a_cursor_outlives_the_rotation_of_the_key() -> None:
    cursor = encode("a", keys=lambda: OLD, where="/v1/topics")
    assert decode(cursor, keys=lambda: NEW, where="/v1/topics") == "a"


@pytest.mark.parametrize("forged", ["", "a", "ImEi.AAAA", "ImEi", "é", "a" * 10_000])
def test_a_forged_cursor_is_refused(forged: str) -> None:
    with pytest.raises(Invalid) as caught:
        decode(forged, keys=lambda: OLD, where="/v1/topics")
    assert caught.value.errors[0].pointer == "?cursor"


def test_a_cursor_is_good_for_its_own_list_alone() -> None:
    cursor = encode("a", keys=lambda: OLD, where='["/v1/messages", [["state", "sent"]]]')
    with pytest.raises(Invalid):
        decode(cursor, keys=lambda: OLD, where='["/v1/messages", []]')
