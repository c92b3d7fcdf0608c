"""What is recognised again without being readable."""

from __future__ import annotations

from fanfare.signing.keyed_hash import digest, matches

OLD = {"k1": "a key"}
BOTH = {**OLD, "k2": "a newer key"}


def test_a_digest_says_nothing_and_is_recognised() -> None:
    known = digest("ada@example.com", keys=lambda: OLD, purpose="code")
    assert "ada" not in known
    assert matches(known, "ada@example.com", keys=lambda: OLD, purpose="code")
    assert not matches(known, "grace@example.com", keys=lambda: OLD, purpose="code")


def test_a_digest_outlives_the_key_that_is_newest() -> None:
    known = digest("x", keys=lambda: OLD, purpose="code")
    assert matches(known, "x", keys=lambda: BOTH, purpose="code")
    assert not matches(known, "x", keys=lambda: {"k2": "a newer key"}, purpose="code")


def test_a_digest_is_good_for_its_purpose_and_its_parts_alone() -> None:
    known = digest("ab", "c", keys=lambda: OLD, purpose="code")
    assert known != digest("a", "bc", keys=lambda: OLD, purpose="code")
    assert known != digest("ab", "c", keys=lambda: OLD, purpose="other")
