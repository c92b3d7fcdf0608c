"""The body of a template: sources of the parts by channel and language, and missing parts."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from fanfare import languages
from fanfare.channels import CHANNELS
from fanfare.languages import in_order
from fanfare.templates.includes import Sources
from fanfare.templates.shared_blocks import IdentityKey


@functools.lru_cache(maxsize=64)
def sources_kept(body: IdentityKey, channel: str, locale: str | None) -> dict[str, Sources]:
    """`sources`, cached: see compiled.py for the caches."""
    return sources(body.data, channel, locale)


def sources(body: Mapping[str, Any], channel: str, locale: str | None) -> dict[str, Sources]:
    """Part → its sources in a language."""
    layout = body.get("layout") or {}
    frames = parts(layout, channel, locale)
    partials = tuple((body.get("partials") or {}).items())
    layout_partials = tuple((layout.get("partials") or {}).items())
    return {
        part: Sources(source, partials, frames.get(part), layout_partials, language)
        for part, (source, language) in _chosen(body, channel, locale).items()
    }


def parts(body: Mapping[str, Any], channel: str, locale: str | None) -> dict[str, str]:
    """Part → source of a channel, in the nearest language that has it."""
    return {part: source for part, (source, _) in _chosen(body, channel, locale).items()}


def _chosen(body: Mapping[str, Any], channel: str, locale: str | None) -> dict[str, tuple[str, str]]:
    """Part → its source, and its language; no language is the default.

    A part that can be derived from one in a nearer language is left out, or a mail would have two languages.
    """
    order = (None, *reversed(in_order(tuple(body.get("locales") or {}), locale)))
    chosen: dict[str, tuple[str, str]] = {}
    place: dict[str, int] = {}
    for index, language in enumerate(order):
        for part, source in of_locale(body, language).get(channel, {}).items():
            if source:
                chosen[part], place[part] = (source, language or ""), index
    for part, origin in CHANNELS[channel].derived.items() if channel in CHANNELS else ():
        if place.get(origin, 0) > place.get(part, len(order)):
            del chosen[part]
    return chosen


def of_locale(body: Mapping[str, Any], locale: str | None) -> Mapping[str, Mapping[str, str]]:
    found = body.get("channels") if locale is None else (body.get("locales") or {}).get(locale)
    return found or {}


def nearest(body: Mapping[str, Any], channel: str, locale: str | None) -> str | None:
    """The template's locale for a user's locale, on a channel; None is the default."""
    return languages.nearest(locales(body, channel), locale)


def locales(body: Mapping[str, Any], channel: str) -> list[str]:
    """The locales with parts for a channel."""
    return sorted(name for name, channels in body.get("locales", {}).items() if channels.get(channel))


def offers(body: Mapping[str, Any], channel: str) -> bool:
    """Whether a template has all parts that a channel requires."""
    return not lacks(sources_kept(IdentityKey(body), channel, None), channel)


def inline_body(content: Mapping[str, Any]) -> dict[str, Any]:
    """Inline content as the body of a template, with the channels for which it has all required parts."""
    channels = {
        name: {part: content[source] for part, source in channel.inline.items() if content.get(source)}
        for name, channel in CHANNELS.items()
    }
    return {"channels": {name: sources for name, sources in channels.items() if not lacks(sources, name)}}


def lacks(sources: Mapping[str, str | Sources], channel: str) -> list[str]:
    """Required parts of a channel that are missing in the sources, e.g. `["html or text"]`."""
    return [" or ".join(group) for group in CHANNELS[channel].needs if not any(sources.get(part) for part in group)]
