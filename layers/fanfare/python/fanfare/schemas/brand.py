"""The brand in the API."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Annotated, Final
from urllib.parse import urlsplit

import idna
from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from fanfare.schemas.scalars import Locale, NoControls, Request, View, pattern, validation_error

URL_LIMIT: Final = 2_048
COLOUR: Final = r"#[0-9A-Fa-f]{6}"


def _https(value: str) -> str:
    """A URL that pages and mails may name: what stands in it can't be read as anything else there."""
    try:
        parts = urlsplit(value)
        fit = parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
        idna.encode(parts.hostname or "", uts46=True)
    except (ValueError, idna.IDNAError):
        fit = False
    odd = any(each.isspace() or each in "\"'<>\\`" or unicodedata.category(each)[0] == "C" for each in value)
    if not fit or odd:
        raise validation_error(
            "url_refused",
            "Must be an https URL with the name of a host, without user name, password, spaces and quotes.",
        )
    return value


def _postal(value: str) -> str:
    if any(unicodedata.category(each) == "Cc" and each != "\n" for each in value):
        raise validation_error("control_character", "Must not contain control characters other than line feeds.")
    return value


HttpsUrl = Annotated[
    str,
    Field(max_length=URL_LIMIT),
    AfterValidator(_https),
    WithJsonSchema({"type": "string", "format": "uri", "pattern": "^https://", "maxLength": URL_LIMIT}),
]
Colour = Annotated[
    str,
    pattern(COLOUR, "invalid_colour", "Must be a colour like #0b57a4."),
    WithJsonSchema({"type": "string", "pattern": f"^{COLOUR}$"}),
]
Text = Annotated[str, Field(min_length=1, max_length=100), NoControls]
Texts = Annotated[dict[Locale, Text], Field(min_length=1, max_length=100)]


class BrandLinkRequest(Request):
    """A link at the foot of pages and mails, e.g. to the imprint."""

    titles: Texts = Field(description="Language → text of the link.")
    url: HttpsUrl = Field(description="An https URL.")


class PutBrandRequest(Request):
    """How you look to readers. It takes what a GET answers; a field that is left out is removed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Example Shop",
                    "url": "https://shop.example.com",
                    "logo_url": "https://shop.example.com/logo.png",
                    "colour": "#0b57a4",
                    "address": "Example Ltd\n1 High Street\nLondon",
                    "links": [
                        {"titles": {"en": "Privacy", "de": "Datenschutz"}, "url": "https://shop.example.com/privacy"}
                    ],
                }
            ]
        }
    )

    name: Annotated[str, Field(min_length=1, max_length=100), NoControls] = Field(description="The name readers know.")
    url: HttpsUrl | None = Field(None, description="Your site: an https URL.")
    logo_url: HttpsUrl | None = Field(
        None, description="An image: an https URL. Readers' browsers load it; Fanfare never does."
    )
    colour: Colour | None = Field(
        None, description="`#rrggbb`, of buttons and links. Text keeps a contrast of 4.5 : 1 whatever the colour."
    )
    address: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_postal)] | None = Field(
        None, description="Your postal address, in lines."
    )
    links: Annotated[tuple[BrandLinkRequest, ...], Field(max_length=10)] | None = Field(
        None, description="Links at the foot of pages and mails, e.g. to imprint and privacy."
    )


class BrandLinkView(View):
    """A link at the foot of pages and mails."""

    titles: Mapping[str, str]
    url: str


class BrandView(View):
    """How the deployer looks to readers. Until a brand is stored, its name is the sender's."""

    name: str
    url: str | None
    logo_url: str | None
    colour: str | None
    address: str | None
    links: Sequence[BrandLinkView]
