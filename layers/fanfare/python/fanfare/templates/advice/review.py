"""The warnings of a template, as it renders."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from fanfare.channels import CHANNELS
from fanfare.data_classes import replace
from fanfare.errors import Fault
from fanfare.json_pointer import escaped
from fanfare.templates.advice import warnings
from fanfare.templates.body import locales, sources_kept
from fanfare.templates.compiled import compiled
from fanfare.templates.context import EXAMPLE, MessageContext
from fanfare.templates.renderer import READER, SECONDS_TOGETHER, Renderer
from fanfare.templates.shared_blocks import IdentityKey


def warnings_of(
    renderer: Renderer,
    body: Mapping[str, Any],
    channel: str,
    *,
    data: Mapping[str, Any],
    user: Mapping[str, Any],
    context: MessageContext = EXAMPLE,
) -> Iterator[Fault]:
    """What is likely to be wrong with a mail that renders: pointers into the template."""
    parts, locale = CHANNELS[channel].parts, user.get("locale")
    found = sources_kept(IdentityKey(body), channel, locale)
    rendered = renderer.render(body, channel, locale=locale, data=data, user=user, context=context)
    for part, html in parts.items():
        if part not in found:
            continue
        at = f"/locales/{escaped(found[part].language)}" if found[part].language else "/channels"
        faults = [*warnings.of_part(part, found[part])]
        if html:
            derived_from = any(
                origin == part and name not in found for name, origin in CHANNELS[channel].derived.items()
            )
            own = not all(block.shared for block in compiled(found[part], html).blocks)
            faults += warnings.of_html(rendered[part], rendered.get("text"), derived=derived_from, own=own)
            faults += warnings.of_sender(rendered.get("text", ""), part, renderer.sender)
        for fault in faults:
            yield replace(fault, pointer=f"{at}/{channel}{fault.pointer}")


def all_warnings(renderer: Renderer, body: Mapping[str, Any]) -> list[Fault]:
    """The warnings of a template, in every language, with its example."""
    of_partials = warnings.of_partials(body.get("partials") or {})
    found: dict[tuple[str, str], Fault] = {(each.pointer, each.code): each for each in of_partials}
    began = time.thread_time()
    for channel in body.get("channels", {}):
        for locale in (None, *locales(body, channel)):
            if time.thread_time() - began > SECONDS_TOGETHER:
                break
            user = READER | {"locale": locale or ""}
            for fault in warnings_of(renderer, body, channel, data=body.get("example") or {}, user=user):
                found.setdefault((fault.pointer, fault.code), fault)
    return list(found.values())
