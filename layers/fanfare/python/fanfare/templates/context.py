"""What templates see of a message and its sender, besides its data and the reader."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from typing import Any, Final, NamedTuple, Protocol

from fanfare.data_classes import dataclass


class LinksSeen(Protocol):
    """The reader's links: absolute URLs or None."""

    @property
    def unsubscribe(self) -> str | None: ...
    @property
    def made(self) -> Sequence[str]:
        """Those that were asked for."""
        ...

    def all(self) -> Mapping[str, str | None]:
        """By name. Called only for parts that name `links`."""
        ...


@dataclass(frozen=True, kw_only=True)
class KnownLinks:
    """Links that are known before."""

    unsubscribe: str | None = None
    preferences: str | None = None
    view: str | None = None
    made: Sequence[str] = ()

    def all(self) -> Mapping[str, str | None]:
        """By name."""
        return {"unsubscribe": self.unsubscribe, "preferences": self.preferences, "view": self.view}


class TopicSeen(NamedTuple):
    """The topic of the message; its title is in the reader's language."""

    id: str
    title: str


class BrandSeen(NamedTuple):
    """How the sender looks."""

    name: str
    url: str | None = None
    logo_url: str | None = None
    colour: str | None = None
    address: str | None = None


class Surroundings(NamedTuple):
    """What is the same for all readers of one language; a key of caches."""

    topic: TopicSeen | None = None
    brand: BrandSeen | None = None

    def seen(self) -> dict[str, Any]:
        """As names of a template."""
        topic, brand = self
        return {"topic": topic._asdict() if topic else None, "brand": brand._asdict() if brand else None}


@dataclass(frozen=True, kw_only=True)
class MessageContext:
    """`footer`: a part of a mail that prints no link to unsubscribe gets one. `footed`: the parts that have one, if
    that is known already."""

    topic: TopicSeen | None = None
    brand: BrandSeen | None = None  # None: the deployment's sender
    links: LinksSeen = field(default_factory=KnownLinks)
    footer: bool = False
    footed: Collection[str] | None = None


NO_CONTEXT: Final = MessageContext()
# For templates that are checked or shown without a message
EXAMPLE: Final = MessageContext(
    topic=TopicSeen("topic", "Topic"),
    links=KnownLinks(
        unsubscribe="https://example.com/v1/unsubscribe/example",
        preferences="https://example.com/v1/preferences/example",
        view="https://example.com/v1/views/example",
    ),
)
