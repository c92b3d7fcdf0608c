"""Topics, templates with their versions, and the brand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final

from fanfare.data_classes import dataclass
from fanfare.languages import text_in


@dataclass(frozen=True, kw_only=True)
class Topic:
    """The subject of messages, with their defaults."""

    id: str
    title: str
    description: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)  # by language
    descriptions: Mapping[str, str] = field(default_factory=dict)
    channels: tuple[str, ...] = ("email",)
    required: bool = False
    category: str = "general"
    limit: Mapping[str, Any] | None = None  # {"count", "per_seconds", "overflow"}
    public: bool = False
    sms_smart: bool = False  # texts get GSM characters for typographic ones
    footer: bool = True  # mails that print no link to unsubscribe get one
    sender: Mapping[str, Any] | None = None  # of mails: name, address, reply_to; None: the deployment's
    digest: Mapping[str, Any] | None = None  # {"template", "every", "key", "items", "day"}
    frequencies: tuple[str, ...] = ()  # that readers can choose
    frequency: str | None = None  # of readers who have not chosen
    shards: int = 1
    created_at: str
    updated_at: str

    def title_in(self, *wanted: str | None) -> str:
        """The title in the language that is nearest to the first that any is near to, else `title`."""
        return text_in(self.titles, wanted, self.title)

    def description_in(self, *wanted: str | None) -> str:
        """The description, chosen like the title."""
        return text_in(self.descriptions, wanted, self.description)


@dataclass(frozen=True, kw_only=True)
class AllowedSenders:
    """The addresses that mails can come from: `own` is the deployment's; SES has verified it, or its whole `domain`.
    `listed`: those that a single message can name."""

    own: str
    domain: str | None = None
    listed: frozenset[str] = frozenset()

    def covers(self, address: str) -> bool:
        """Whether SES sends mails from this address."""
        domain = address.rpartition("@")[2]
        return address == self.own or (self.domain is not None and f".{domain}".endswith(f".{self.domain}"))

    def allows(self, address: str, topic: Topic | None) -> bool:
        """Whether a message of the topic can come from this address."""
        of_topic = (topic.sender or {}).get("address") if topic else None
        return self.covers(address) and (address == (of_topic or self.own) or address in self.listed)


NO_SENDERS: Final = AllowedSenders(own="")


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """What a message keeps of its topic, sender and brand, as they were when it was accepted."""

    title: str | None = None  # of the topic
    titles: Mapping[str, str] = field(default_factory=dict)  # by language
    footer: bool = True
    sender: Mapping[str, Any] | None = None  # name, address, reply_to; None: the deployment's
    brand: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version of a template, without its body."""

    id: str
    version: int
    created_at: str


@dataclass(frozen=True, kw_only=True)
class Template:
    """One immutable version of a template. `body` has `channels`, `locales`, `schema` and `example`."""

    id: str
    version: int
    body: Mapping[str, Any]
    created_at: str
    hidden: bool = False


@dataclass(frozen=True, kw_only=True)
class BrandLink:
    """A link at the foot of pages, e.g. to the imprint. `titles`: language → text."""

    titles: Mapping[str, str]
    url: str


@dataclass(frozen=True, kw_only=True)
class Brand:
    """How the deployer looks to readers. `colour` is written as `#rrggbb`; `address`: postal."""

    name: str
    url: str | None = None
    logo_url: str | None = None
    colour: str | None = None
    address: str | None = None
    links: tuple[BrandLink, ...] = ()
