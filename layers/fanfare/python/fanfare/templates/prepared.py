"""The parts of a message for all readers of one language and time zone: what a mail for each of them starts from."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from fanfare.channels import CHANNELS
from fanfare.errors import TemplateError
from fanfare.templates.body import sources_kept
from fanfare.templates.compiled import Ready, compiled
from fanfare.templates.context import Surroundings
from fanfare.templates.filters.reading import Reading
from fanfare.templates.includes import Sources
from fanfare.templates.shared_blocks import IdentityKey


@functools.lru_cache(maxsize=64)
def prepared(
    body: IdentityKey,
    channel: str,
    locale: str | None,
    base: IdentityKey,
    own: frozenset[str],
    around: Surroundings,
    reading: Reading,
    seconds: float | None,
) -> Mapping[str, Ready]:
    """By part, in the channel's order; see compiled.py for the caches. Raises TemplateError with the part's name.

    `base` and `own`: the data that all readers have in common, and the names of those that they have of their own.
    """
    found = sources_kept(body, channel, locale)
    return {
        part: prepared_part(part, found[part], html, base.data, own, around, reading, seconds)
        for part, html in CHANNELS[channel].parts.items()
        if part in found
    }


def prepared_part(
    name: str,
    whole: Sources,
    html: bool,
    base: Mapping[str, Any],
    own: frozenset[str],
    around: Surroundings,
    reading: Reading,
    seconds: float | None = None,
) -> Ready:
    """One part, not cached. Raises TemplateError with its name."""
    try:
        return compiled(whole, html, own).ready(base, reading, around, seconds=seconds)
    except TemplateError as error:
        raise error.within(name) from error
