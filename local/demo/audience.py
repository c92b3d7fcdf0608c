"""The demo's thousand users. Most are reachable; for the others, Fanfare must report the reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

TOTAL: Final = 1_000


class PersonKind(StrEnum):
    """Whether and why a user is not reachable."""

    REACHABLE = "reachable"
    WITHOUT_ADDRESS = "without an address"
    SPOILT_ADDRESS = "with an invalid stored address"
    WITHOUT_SUBSCRIPTION = "without a subscription"
    REFUSED = "rejected by the API because of the address"


HOW_MANY: Final = {
    PersonKind.WITHOUT_ADDRESS: 40,
    PersonKind.SPOILT_ADDRESS: 9,
    PersonKind.WITHOUT_SUBSCRIPTION: 50,
    PersonKind.REFUSED: 1,
}
NAMES: Final = ("Ada", "Grace", "Zoë", "Jürgen", "李 雷", "Siobhán O'Neill", "Tom & Jerry", "Ana <ana>", "Владимир")
# Like addresses from an old import without validation.
SPOILT: Final = ("ada@localhost", "grace.example.com", "zoe@@example.com", "jü rgen@example.com", "@example.com")
REFUSED_ADDRESS: Final = "not an address"


@dataclass(frozen=True)
class Person:
    id: str
    kind: PersonKind
    profile: dict[str, Any]

    @property
    def item(self) -> dict[str, Any]:
        """The item for `POST /v1/users`."""
        return {"id": self.id, **self.profile}


def people() -> list[Person]:
    """All users; the unreachable ones are spread evenly."""
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
