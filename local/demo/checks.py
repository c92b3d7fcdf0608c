"""Checks of the message of the demo and of the smoke test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from .audience import Person, PersonKind

EXPECTED_REASONS: Final = {PersonKind.WITHOUT_ADDRESS: "no_address", PersonKind.SPOILT_ADDRESS: "invalid_address"}


def subscribed(everyone: Sequence[Person]) -> list[Person]:
    return [person for person in everyone if person.kind not in {PersonKind.REFUSED, PersonKind.WITHOUT_SUBSCRIPTION}]


def wrong_refusals(refused: Sequence[Mapping[str, Any]], everyone: Sequence[Person]) -> Iterator[str]:
    expected = [(person.id, 422) for person in everyone if person.kind is PersonKind.REFUSED]
    got = [(result["id"], result["status"]) for result in refused]
    if got != expected:
        yield f"rejected users: expected {expected}, got {got}"


def wrong_outcome(message: Mapping[str, Any], skipped: Counter[str], everyone: Sequence[Person]) -> Iterator[str]:
    kinds = Counter(person.kind for person in subscribed(everyone))
    sent = kinds[PersonKind.REACHABLE]
    reasons = Counter({EXPECTED_REASONS[kind]: count for kind, count in kinds.items() if kind in EXPECTED_REASONS})
    counts = {"recipients": kinds.total(), "sent": sent, "failed": 0, "skipped": reasons.total(), "deleted": 0}
    counts |= {"digested": 0, "outstanding": 0}
    if message["state"] != "sent":
        yield f"state of the message: expected sent, got {message['state']}"
    if message["counts"] != counts:
        yield f"counts: expected {counts}, got {message['counts']}"
    if skipped != reasons:
        yield f"skip reasons: expected {dict(reasons)}, got {dict(skipped)}"


def wrong_outbox(mails: Sequence[Mapping[str, Any]], everyone: Sequence[Person]) -> Iterator[str]:
    expected = Counter(
        (person.id, person.profile["email"]) for person in everyone if person.kind is PersonKind.REACHABLE
    )
    got = Counter((mail["user_id"], mail["to"]) for mail in mails)
    if got != expected:
        missing, too_many = expected - got, got - expected
        yield f"outbox: {missing.total()} mails are missing, {too_many.total()} are unexpected"
    if any("{{" in f"{mail['subject']}{mail['html']}{mail['text']}" for mail in mails):
        yield "a mail contains an unrendered placeholder"
