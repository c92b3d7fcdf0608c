"""What is signed can't be changed, made, or carried elsewhere: every bit of every kind of token."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from fanfare.domain.audience import User
from fanfare.errors import FanfareError, Invalid, NotFound
from fanfare.signing import cursors as tokens
from fanfare.signing.keyed_hash import digest, matches
from fanfare.signing.links import Links, ReaderLink

KEYS = {"k1": "the first key of a test", "k2": "the second key of a test"}
NOW = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)
LINKS = Links("https://people.example.com", keys=lambda: KEYS)
LIST = '["/v1/topics", []]'
ADA = User(id="ada", profile={}, generation="QmFzZTY0", readdressed={"email": 2})


def token_of(link: str) -> str:
    return link.rpartition("/")[2]


# Kind → a good token, and what opens it
KINDS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "unsubscribe": (token_of(LINKS.unsubscribe_link(ADA, "orders.shipped", "email")), LINKS.open_unsubscribe),
    "preferences": (token_of(LINKS.preferences_link(ADA, "email")), LINKS.open_preferences),
    "refusal": (
        token_of(LINKS.refusal_link(digest("ada@example.com", keys=lambda: KEYS, purpose="refusal"))),
        LINKS.open_unsubscribe,
    ),
    "sign-up": (
        token_of(LINKS.confirmation_link({"sign_up": "0b6e3f0e"}, now=NOW)),
        lambda token: LINKS.open_confirmation(token, now=NOW),
    ),
    "address": (
        token_of(LINKS.confirmation_link({"user": "ada", "channel": "email", "secret": "0b6e"}, now=NOW)),
        lambda token: LINKS.open_confirmation(token, now=NOW),
    ),
    "cursor": (
        str(tokens.encode(["orders.shipped", 7], keys=lambda: KEYS, where=LIST)),
        lambda token: tokens.decode(token, keys=lambda: KEYS, where=LIST),
    ),
}


def flips(token: str) -> Iterator[str]:
    """The token with each of its bits changed, one at a time, as far as that is text."""
    raw = token.encode()
    for place in range(len(raw)):
        for bit in range(8):
            changed = bytearray(raw)
            changed[place] ^= 1 << bit
            yield changed.decode("latin-1")


def spellings(token: str) -> Iterator[str]:
    """Other texts that a careless decoder would take for the same token."""
    payload, _, signature = token.rpartition(".")
    yield from (token + "=", token + " ", f" {token}", token + "\n", token + ".", "." + token, f"{token}.{token}")
    yield from (payload, signature, f".{signature}", f"{payload}.", f"{payload}.{'A' * len(signature)}")
    yield from (token.upper(), token.lower(), token.replace("-", "+").replace("_", "/") + "=", token[:-1], token[1:])
    yield from (f"{payload}%2E{signature}", f"{payload}\x00.{signature}", token.replace(".", "\u2024"), "", ".", "..")
    # letters that base64 passes over
    yield from (f"{token}ä", f"{payload}.ä{signature}", f"{token}!")
    # what itsdangerous takes for compressed
    yield f".{base64.urlsafe_b64encode(b'x' * 20).decode()}.{signature}"


@pytest.mark.parametrize("kind", KINDS)
def test_no_change_of_a_single_bit_is_accepted(kind: str) -> None:
    token, opened = KINDS[kind]
    assert opened(token)
    for changed in flips(token):
        with pytest.raises((NotFound, Invalid)):
            opened(changed)


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_has_one_spelling(kind: str) -> None:
    token, opened = KINDS[kind]
    for other in set(spellings(token)) - {token}:
        with pytest.raises((NotFound, Invalid)):
            opened(other)


# These have the same door: what is behind it is told by what the token says
SHARED = ({"sign-up", "address"}, {"unsubscribe", "refusal"})
DOORS = [(kind, other) for kind in KINDS for other in KINDS if kind != other and {kind, other} not in SHARED]


@pytest.mark.parametrize(("kind", "other"), DOORS)
def test_a_token_of_one_kind_opens_no_other(kind: str, other: str) -> None:
    with pytest.raises((NotFound, Invalid)):
        KINDS[other][1](KINDS[kind][0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "keys", [{"k1": "a key of somebody else"}, {"k1": ""}, {"k1": KEYS["k1"][:-1]}, {"k1": KEYS["k2"].upper()}]
)
def test_a_token_under_another_key_is_refused(kind: str, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    token, opened = KINDS[kind]
    for name in list(KEYS):
        monkeypatch.delitem(KEYS, name)
    for name, key in keys.items():
        monkeypatch.setitem(KEYS, name, key)
    with pytest.raises((NotFound, Invalid)):
        opened(token)


@pytest.mark.parametrize("length", [2_049, 4_097, 200_000])
@pytest.mark.parametrize("kind", KINDS)
def test_a_token_that_is_too_long_is_not_even_looked_at(kind: str, length: int) -> None:
    with pytest.raises(FanfareError):
        KINDS[kind][1]("A" * length)


def test_a_cursor_of_another_list_or_filter_is_refused() -> None:
    cursor = KINDS["cursor"][0]
    for where in ('["/v1/topics", [["topic", "x"]]]', '["/v1/users", []]', '["/v1/topics", []] ', f"{LIST}\nada", ""):
        with pytest.raises(Invalid):
            tokens.decode(cursor, keys=lambda: KEYS, where=where)


def test_a_cursor_says_nothing_to_who_has_no_key() -> None:
    """What is under the seal can't be told, but for its length, and that two are the same."""
    positions = [["email", f"reader{n}@example.com"] for n in range(50)]
    cursors = [str(tokens.encode(each, keys=lambda: KEYS, where=LIST)) for each in positions]
    raw = [base64.urlsafe_b64decode(each + "=" * (-len(each) % 4)) for each in cursors]
    assert len({each[:16] for each in raw}) == len({each[16:20] for each in raw}) == 50
    assert [tokens.decode(each, keys=lambda: KEYS, where=LIST) for each in cursors] == positions
    assert cursors[0] == tokens.encode(positions[0], keys=lambda: KEYS, where=LIST)
    long = ["x" * 2_000]
    assert tokens.decode(tokens.encode(long, keys=lambda: KEYS, where=LIST), keys=lambda: KEYS, where=LIST) == long


def test_a_cursor_that_was_sealed_with_a_key_of_before_is_still_good() -> None:
    cursor = tokens.encode([1], keys=lambda: {"k1": KEYS["k1"]}, where=LIST)
    assert tokens.decode(cursor, keys=lambda: KEYS, where=LIST) == [1]


def test_a_token_carries_no_address() -> None:
    for kind, (token, _) in KINDS.items():
        if kind == "cursor":
            continue  # sealed: nothing is to be read
        payload = token.rpartition(".")[0]
        said = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        assert b"@" not in said
        json.loads(said)


# As links were handed out before they were bound to a generation and an address
FIRST = {
    "unsubscribe": "WyJhZGEiLCJvcmRlcnMiLCJlbWFpbCJd.TTQLgWUxNBwGg0BI2YDfMiBJo4gGgcs0GYMLKXjfeLI",
    "preferences": "WyJhZGEiXQ.DIrHywCr8WS07hPGyXd0kIZchUpP7KymH_J58D-rKSc",
}


def test_a_token_of_the_first_version_is_of_a_user_without_a_generation() -> None:
    links = Links("https://people.example.com", keys=lambda: {"k1": "a key for tests alone"})
    before, next_one = User(id="ada", profile={}), User(id="ada", profile={}, generation="QmFzZTY0")
    moved = User(id="ada", profile={}, readdressed={"email": 1})
    stop, choose = links.open_unsubscribe(FIRST["unsubscribe"]), links.open_preferences(FIRST["preferences"])
    assert isinstance(stop, ReaderLink)
    assert (stop.topic, stop.channel) == ("orders", "email")
    for link in (stop, choose):
        assert [link.is_of(each) for each in (before, moved, next_one, None)] == [True, True, False, False]
    assert [stop.is_current(each) for each in (before, moved, next_one)] == [True, False, False]
    assert not any(choose.is_current(each) for each in (before, moved, next_one))


def test_a_token_is_of_one_life_of_a_user_at_one_address() -> None:
    link = LINKS.open_preferences(KINDS["preferences"][0])
    assert link.is_current(ADA)
    moved, next_one = replace(ADA, readdressed={"email": 3}), replace(ADA, generation="b3RoZXIx")
    assert [link.is_of(each) for each in (ADA, moved, next_one)] == [True, True, False]
    assert [link.is_current(each) for each in (ADA, moved, next_one)] == [True, False, False]


# Codes: not signed but kept as a keyed digest

CODE = digest("ada", "+436641234567", "123456", keys=lambda: KEYS, purpose="code")


@pytest.mark.parametrize(
    "parts",
    [
        *(("ada", "+436641234567", changed) for changed in flips("123456")),
        *((changed, "+436641234567", "123456") for changed in flips("ada")),
        *(("ada", changed, "123456") for changed in flips("+436641234567")),
        ("ada+", "436641234567", "123456"),
        ("ada", "+43664123456", "7123456"),
    ],
    ids=ascii,
)
def test_a_code_is_good_for_its_user_and_number_alone(parts: tuple[str, str, str]) -> None:
    assert not matches(CODE, *parts, keys=lambda: KEYS, purpose="code")


def test_a_code_is_good_for_one_purpose() -> None:
    told = ("ada", "+436641234567", "123456")
    assert matches(CODE, *told, keys=lambda: KEYS, purpose="code")
    assert not matches(CODE, *told, keys=lambda: KEYS, purpose="sign_up_address")
