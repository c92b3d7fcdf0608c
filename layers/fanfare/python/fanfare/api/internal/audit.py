"""The audit trail: a log line for every change, and for every read of a person, through the internal API.

It says who called what, and about which person. It has ids as they are, and addresses as keyed digests: one address has
the same digest everywhere, so all lines about it can be found without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from aws_lambda_powertools import Logger

from fanfare.api.requests import method_of, principal, raw_body, session_of
from fanfare.channels import CHANNELS, Email, Sms
from fanfare.data_classes import dataclass
from fanfare.runtime.signing import audit_keys
from fanfare.signing.keyed_hash import digest

# Reads that concern no person. Every other call is logged, also those that are added later.
WITHOUT_A_PERSON: Final = frozenset(
    f"GET {path}"
    for path in (
        *("/openapi.json", "/v1/queues", "/v1/brand", "/v1/messages", "/v1/messages/{message_id}"),
        *("/v1/topics", "/v1/topics/{topic_id}", "/v1/topics/{topic_id}/counts"),
        *("/v1/templates", "/v1/templates/{template_id}", "/v1/templates/{template_id}/versions"),
    )
)
# Answers to calls that were refused before anything was looked up: their addresses are not digested
UNREAD: Final = frozenset({400, 405, 413, 415, 422})
PER_LINE: Final = 100  # people; a line of the log has a limit
LISTS_OF_USERS: Final = ("/v1/users", "/v1/masked/users")  # whose items have the user's id as `id`
ASKED_BY: Final[Mapping[str, str]] = {"email": Email.name, "phone": Sms.name}  # query parameter → channel


@dataclass
class Concerned:
    """Whom and what a call was about, each once and in order."""

    ids: dict[str, str] = field(default_factory=dict)  # of the path, without people
    users: dict[str, None] = field(default_factory=dict)
    addresses: dict[str, None] = field(default_factory=dict)

    def add_user(self, user_id: Any) -> None:
        if isinstance(user_id, str):
            self.users[shown(user_id)] = None

    def add_address(self, channel: Any, address: Any) -> None:
        if isinstance(channel, str) and isinstance(address, str):
            self.addresses[address_digest(channel, address)] = None

    def lines(self) -> Iterator[dict[str, list[str]]]:
        """`users` and `addresses` in as many lines as they need; at least one."""
        users, addresses = list(self.users), list(self.addresses)
        for start in range(0, max(len(users), len(addresses), 1), PER_LINE):
            end = start + PER_LINE
            yield {"users": users[start:end], "addresses": addresses[start:end]}


@dataclass(frozen=True)
class Trail:
    """Writes the lines to `logger`, whose log group has a retention of its own (`audit_retention_days`)."""

    logger: Logger

    def __call__(self, event: Mapping[str, Any], route: str | None, answer: Mapping[str, Any]) -> bool:
        """Whether the call is logged here."""
        method = method_of(event)
        if route is None or f"{method} {route}" in WITHOUT_A_PERSON:
            return False
        about = concerned(event, route, answer)
        for people in about.lines():
            line: dict[str, Any] = {
                "principal": principal(event),
                "session": shown(session_of(event)),
                "method": method,
                "route": route,
                "status": answer["statusCode"],
            }
            self.logger.info("audit", **(line | about.ids | people))
        return True


def concerned(event: Mapping[str, Any], route: str, answer: Mapping[str, Any]) -> Concerned:
    """The persons that the call concerns: in path and query, and in the items of request and response."""
    about = Concerned()
    path = _path_parameters(event, route)
    address = path.pop("address", None)
    about.add_user(path.pop("user_id", None))
    about.ids.update({name: shown(value) for name, value in path.items()})
    if answer["statusCode"] in UNREAD:
        return about
    about.add_address(path.get("channel"), address)
    for name, value in parse_qsl(event.get("rawQueryString") or ""):
        about.add_address(ASKED_BY.get(name), value)
        if name == "user_id":
            about.add_user(value)
    if answer["statusCode"] < 400:
        for item in (*_items(raw_body(event)), *_items(answer.get("body"))):
            about.add_user(item.get("user_id", item.get("id") if route in LISTS_OF_USERS else None))
            about.add_address(item.get("channel"), item.get("address"))
    return about


def shown(name: str) -> str:
    """An id as it stands in the trail: itself, unless it is an address."""
    return address_digest(Email.name, name) if "@" in name else name


def address_digest(channel: str, address: str) -> str:
    """The digest of an address, the same for all its spellings."""
    known = CHANNELS[channel].normalised(address) if channel in CHANNELS else None
    return f"digest:{digest(channel, known or address, keys=audit_keys, purpose='audit')[:32]}"


def _path_parameters(event: Mapping[str, Any], route: str) -> dict[str, str]:
    """The values in the path by the route's names. The last one is all the rest: an address may have slashes."""
    names = route.split("/")
    values = str(event.get("rawPath", "")).split("/", len(names) - 1)
    return {name[1:-1]: value for name, value in zip(names, values, strict=False) if name.startswith("{")}


def _items(body: bytes | str | None) -> list[Mapping[str, Any]]:
    """The objects of a list or of a bulk call."""
    found = orjson.loads(body) if body and body[:1] in ("{", b"{") else {}
    items = found.get("items") if isinstance(found, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
