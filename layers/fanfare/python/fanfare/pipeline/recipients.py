"""The recipients of a request, resolved: ids of users, data of their own, and people without a stored user."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final

from fanfare.channels import CHANNELS, Email, Sms
from fanfare.data_classes import dataclass
from fanfare.domain.message import Own
from fanfare.errors import Fault

if TYPE_CHECKING:
    from fanfare.schemas.posted.recipients import AddressRecipient, UserRecipient

    Recipient = str | UserRecipient | AddressRecipient

PersonId = Callable[[str, str], str]  # (kind, normalised address) → id
BY: Final = (Email, Sms)  # channels on which somebody without a stored user is reached; the first one makes the id


@dataclass(frozen=True)
class Recipients:
    """`ids` in order, each once. `own`: id → what the message says of them. `places`: id → place in the request."""

    ids: tuple[str, ...] = ()
    own: Mapping[str, Own] = field(default_factory=dict)
    places: Mapping[str, int] = field(default_factory=dict)
    faults: Sequence[Fault] = ()

    def overlaid(self, data: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Pointer and data of each recipient with data of their own."""
        for user_id, each in self.own.items():
            if each.data:
                yield f"/recipients/{self.places[user_id]}/data", {**data, **each.data}

    @property
    def all_have_data(self) -> bool:
        """Whether each recipient has data of their own."""
        return bool(self.ids) and all(user_id in self.own and self.own[user_id].data for user_id in self.ids)


def resolve(given: Sequence[Recipient], channels: Sequence[str], person_id: PersonId) -> Recipients:
    """The recipients, with a fault for each who can't be one."""
    own: dict[str, Own] = {}
    places: dict[str, int] = {}
    faults: list[Fault] = []
    taken: set[tuple[str, str]] = set()  # addresses, and ids of objects
    for place, each in enumerate(given):
        if isinstance(each, str):
            places.setdefault(each, place)
            continue
        person = None if each.form == "user" else each.person()
        traits = [("user", each.user)] if each.form == "user" else _addresses(each.person())
        if person is not None and not any(CHANNELS[channel].field in person for channel in channels if _by(channel)):
            faults.append(_no_usable_address(place, channels))
            continue
        if not taken.isdisjoint(traits):
            faults.append(Fault(f"/recipients/{place}", "duplicate_recipient", "An earlier recipient is the same."))
            continue
        taken.update(traits)
        user_id = each.user if each.form == "user" else person_id(*traits[0])
        places[user_id] = place
        if each.data or person is not None:
            own[user_id] = Own(data=each.data or {}, person=person)
    return Recipients(tuple(places), own, places, faults)


def _by(channel: str) -> bool:
    return CHANNELS[channel] in BY


def _addresses(person: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(Channel, normalised address) of a person."""
    given = [(channel, person.get(str(channel.field))) for channel in BY]
    found = [(channel.name, channel.normalised(address)) for channel, address in given if address is not None]
    return [(name, address) for name, address in found if address is not None]


def _no_usable_address(place: int, channels: Sequence[str]) -> Fault:
    usable = [str(CHANNELS[channel].field) for channel in channels if _by(channel)]
    advice = f"Set {' or '.join(usable)}." if usable else "Name a stored user, or use another channel."
    detail = " ".join((f"No address for any of the channels {', '.join(channels)}.", advice))
    return Fault(f"/recipients/{place}/address", "no_usable_address", detail)
