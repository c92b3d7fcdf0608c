"""The body of a template: sources of the parts by channel and language, and missing parts."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from fanfare.channels import CHANNELS
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
        part: Sources(source, partials, frames.get(part), layout_partials)
        for part, source in parts(body, channel, locale).items()
    }


def parts(body: Mapping[str, Any], channel: str, locale: str | None) -> dict[str, str]:
    """Part → source of a channel, each from the nearest locale that has it (`de-CH`, `de`, the default).

    A part derived from a locale's parts counts as a part of that locale.
    """
    names: list[str | None] = [None]
    if locale:
        steps = locale.split("-")
        names += ["-".join(steps[:length]) for length in range(1, len(steps) + 1)]
    chain = [of_locale(found, name).get(channel, {}) for name in names for found in (body.get("derived") or {}, body)]
    return {part: source for sources in chain for part, source in sources.items() if source}


def of_locale(body: Mapping[str, Any], locale: str | None) -> Mapping[str, Mapping[str, str]]:
    if locale is None:
        return body.get("channels") or {}
    locales: Mapping[str, Mapping[str, Mapping[str, str]]] = body.get("locales") or {}
    return locales.get(locale) or next((each for name, each in locales.items() if _same_tag(name, locale)), {})


def _same_tag(one: str, other: str) -> bool:
    """Language tags are case-insensitive: https://www.rfc-editor.org/rfc/rfc5646#section-2.1.1"""
    return one.casefold() == other.casefold()


def nearest(body: Mapping[str, Any], channel: str, locale: str | None) -> str | None:
    """The template's locale for a user's locale, on a channel; None is the default."""
    steps = (locale or "").split("-")
    names = ["-".join(steps[:length]) for length in range(len(steps), 0, -1)]
    locales = body.get("locales") or {}
    return next((own for tag in names for own in locales if _same_tag(own, tag) and locales[own].get(channel)), None)


def locales(body: Mapping[str, Any], channel: str) -> list[str]:
    """The locales with parts for a channel."""
    return sorted(name for name, channels in body.get("locales", {}).items() if channels.get(channel))


def offers(body: Mapping[str, Any], channel: str) -> bool:
    """Whether a template has all parts that a channel requires."""
    return not lacks(parts(body, channel, None), channel)


def inline_body(content: Mapping[str, Any]) -> dict[str, Any]:
    """Inline content as the body of a template, with the channels for which it has all required parts."""
    channels = {
        name: {part: content[source] for part, source in channel.inline.items() if content.get(source)}
        for name, channel in CHANNELS.items()
    }
    return {
        "channels": {name: sources for name, sources in channels.items() if not lacks(sources, name)},
        "derived": content.get("derived"),
    }


def lacks(sources: Mapping[str, str], channel: str) -> list[str]:
    """Required parts of a channel that are missing in the sources, e.g. `["html or text"]`."""
    return [" or ".join(group) for group in CHANNELS[channel].needs if not any(sources.get(part) for part in group)]
