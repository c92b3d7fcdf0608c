"""How the deployer looks to readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict


class BrandLink(TypedDict):
    """A link at the foot of pages and mails. `titles`: language → text."""

    titles: Mapping[str, str]
    url: str


class BrandBody(TypedDict):
    """The brand. URLs are `https:`; the colour is `#rrggbb`."""

    name: str
    url: NotRequired[str | None]
    logo_url: NotRequired[str | None]
    colour: NotRequired[str | None]
    address: NotRequired[str | None]
    links: NotRequired[Sequence[BrandLink] | None]


class Brand(TypedDict):
    """The brand. Until one is stored, the name is the sender's."""

    name: str
    url: str | None
    logo_url: str | None
    colour: str | None
    address: str | None
    links: Sequence[BrandLink]
