"""The demo's thousand users: most can be reached, some can't, each for a reason that the product must tell."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

TOTAL: Final = 1_000


class PersonKind(StrEnum):
    """What is the matter with a user."""

    REACHABLE = "reachable"
    WITHOUT_ADDRESS = "without an address"
    SPOILT_ADDRESS = "with a stored address that is none"
    WITHOUT_SUBSCRIPTION = "without a subscription"
    REFUSED = "refused by the API for the address"


HOW_MANY: Final = {
    PersonKind.WITHOUT_ADDRESS: 40,
    PersonKind.SPOILT_ADDRESS: 9,
    PersonKind.WITHOUT_SUBSCRIPTION: 50,
    PersonKind.REFUSED: 1,
}
NAMES: Final = ("Ada", "Grace", "Zoë", "Jürgen", "李 雷", "Siobhán O'Neill", "Tom & Jerry", "Ana <ana>", "Владимир")
# As they come from an old import that nobody checked.
SPOILT: Final = ("ada@localhost", "grace.example.com", "zoe@@example.com", "jü rgen@example.com", "@example.com")
REFUSED_ADDRESS: Final = "not an address"


@dataclass(frozen=True)
class Person:
    id: str
    kind: PersonKind
    profile: dict[str, Any]

    @property
    def item(self) -> dict[str, Any]:
        """As `POST /v1/users` takes it."""
        return {"id": self.id, **self.profile}


def people() -> list[Person]:
    """All of them; the odd ones stand among the others, not at the end."""
    odd = [kind for kind, count in HOW_MANY.items() for _ in range(count)]
    every = TOTAL // len(odd)
    kinds = [
        odd[n // every] if n % every == 0 and n // every < len(odd) else PersonKind.REACHABLE for n in range(TOTAL)
    ]
    return [_person(number, kind) for number, kind in enumerate(kinds, start=1)]


def _person(number: int, kind: PersonKind) -> Person:
    user_id = f"user-{number:04}"
    profile: dict[str, Any] = {"name": NAMES[number % len(NAMES)], "locale": "en"}
    if kind is PersonKind.REFUSED:
        profile["email"] = REFUSED_ADDRESS
    elif kind is not PersonKind.WITHOUT_ADDRESS:
        profile["email"] = f"{user_id}@example.com"
    return Person(user_id, kind, profile)


def spoilt_address(number: int) -> str:
    return SPOILT[number % len(SPOILT)]
