"""How pages and mails of Fanfare's own look to one reader: the deployer's brand, and the reader's language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import idna

from fanfare.colours import contrast, readable, text_on
from fanfare.data_classes import dataclass
from fanfare.domain.catalogue import Brand
from fanfare.languages import direction, text_in
from fanfare.self_service.pages import texts
from fanfare.translations import LANGUAGES, SOURCE, translated

# As in style.css; a colour that is readable on these is readable on the other grounds, too
LIGHT_GROUND: Final = "#f4f3ef"
DARK_GROUND: Final = "#1e2327"
CARD: Final = "#ffffff"
OUTLINE_CONTRAST: Final = 3.0  # of a control and its ground: WCAG, success criterion 1.4.11
COLOUR: Final = "#0b57a4"  # of a deployment without one
HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")


@dataclass(frozen=True, kw_only=True)
class Look:
    """The brand, in a language of `LANGUAGES`."""

    brand: Brand
    language: str = SOURCE

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return direction(self.language) if self.language != SOURCE else "ltr"

    @property
    def languages(self) -> Sequence[tuple[str, str]]:
        """Each language, and its own name."""
        return tuple(LANGUAGES.items())

    def t(self, text: str, **values: str) -> str:
        """A text of `texts` in this language, with the brand's name and the values filled in."""
        return translated(text, self.language).format(brand=self.brand.name, **values)

    def by(self, channel: str) -> str:
        """`by e-mail`, and so on."""
        return translated(texts.BY_CHANNEL.get(channel, channel), self.language)

    def channel(self, name: str) -> str:
        """The name of a channel."""
        return translated(texts.CHANNELS.get(name, name), self.language)

    def moment(self, at: datetime) -> str:
        """A time. The reader's time zone is not known."""
        from babel.dates import format_date, format_time  # noqa: PLC0415 - many pages show no time

        locale, utc = self.language.replace("-", "_"), at.astimezone(UTC)
        return f"{format_date(utc, 'long', locale=locale)}, {format_time(utc, 'short', locale=locale)} UTC"

    @property
    def links(self) -> Sequence[tuple[str, str]]:
        """Titles in this language, and URLs, of the brand's links."""
        return tuple(
            (text_in(link.titles, [self.language], next(iter(link.titles.values()))), link.url)
            for link in self.brand.links
        )

    @property
    def address(self) -> Sequence[str]:
        """The lines of the postal address."""
        return tuple(line.strip() for line in (self.brand.address or "").splitlines() if line.strip())

    @property
    def button(self) -> tuple[str, str]:
        """The colour of a button, and of the text on it."""
        colour = self.brand.colour or COLOUR
        return colour, text_on(colour)

    @property
    def link_colour(self) -> str:
        """The colour of a link on white."""
        return readable(self.brand.colour or COLOUR, on=CARD)

    def colours(self) -> str:
        """The style that puts the brand's colour in the place of the usual one; empty without a colour."""
        colour = self.brand.colour
        if colour is None:
            return ""
        light, dark = readable(colour, on=LIGHT_GROUND), readable(colour, on=DARK_GROUND)
        button = f"--button:{colour};--button-ink:{text_on(colour)}"
        return (
            f":root{{--accent:{light};{button};--edge:{_edge(colour, light, CARD)}}}"
            f"@media (prefers-color-scheme:dark){{:root{{--accent:{dark};--edge:{_edge(colour, dark, DARK_GROUND)}}}}}"
        )

    @property
    def logo_origin(self) -> str | None:
        """The origin of the logo, as a Content-Security-Policy names it; None if it can't."""
        if self.brand.logo_url is None:
            return None
        parts = urlsplit(self.brand.logo_url)
        try:
            host = idna.encode(parts.hostname or "", uts46=True).decode()
            port = f":{parts.port}" if parts.port else ""
        except (ValueError, idna.IDNAError):
            return None
        return f"https://{host}{port}" if parts.scheme == "https" and HOST.fullmatch(host) else None


def _edge(colour: str, instead: str, ground: str) -> str:
    """The colour of a button's edge: a button of nearly the ground's colour would not be seen."""
    return colour if contrast(colour, ground) >= OUTLINE_CONTRAST else instead
