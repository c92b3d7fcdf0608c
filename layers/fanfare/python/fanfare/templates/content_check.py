"""Content that a provider would refuse for everybody is refused when a message or a template is stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from fanfare.channels import CHANNELS
from fanfare.channels.base import Unsendable
from fanfare.channels.reasons import Reason
from fanfare.errors import Fault, Invalid, TemplateError
from fanfare.templates.body import locales, sources
from fanfare.templates.context import EXAMPLE, MessageContext
from fanfare.templates.renderer import SECONDS_TO_SPARE, Renderer

FAULTS: Final = 20
NO_NAME: Final = {"id": "user-1", "name": ""}  # a reader with the shortest content
Contexts = Callable[[str], MessageContext]  # by channel
Contents = Mapping[tuple[str, str | None], dict[str, str]]  # by channel and language
NONE: Final[Contents] = {}
_READER: Final = re.compile(r"\b(?:user|links)\b")


def check_content(
    renderer: Renderer,
    body: Mapping[str, Any],
    channels: Sequence[str],
    data: Mapping[str, Any],
    *,
    at: str,
    smart: bool,
    contexts: Contexts = lambda _: EXAMPLE,
    contents: Contents = NONE,
) -> None:
    """Raises Invalid for content that is too large or empty for everybody, naming channel, language and part.

    `at`: pointer of the faults. `smart`: typographic characters are replaced. `contexts`: channel → the message's.
    `contents`: those of `Renderer.check_message`, whose limit then holds here, so that shared text is rendered once.
    """
    found = list(islice(_found(renderer, body, channels, data, contexts, contents, smart=smart), FAULTS))
    if found:
        faults = [Fault(at, refused.reason, _placed(refused, channel, locale)) for channel, locale, refused in found]
        raise Invalid("Content can't be sent.", code=found[0][2].reason, errors=faults)


def _placed(refused: Unsendable, channel: str, locale: str | None) -> str:
    return f"{refused.part} of {channel}{f' in {locale}' if locale else ''}: {refused.detail}"


def too_large(
    renderer: Renderer, body: Mapping[str, Any], channels: Sequence[str], data: Mapping[str, Any]
) -> Iterator[Fault]:
    """A fault per part that is too large with a template's example. Without data a part may be empty."""
    for channel, locale, refused in _found(renderer, body, channels, data, lambda _: EXAMPLE, smart=False):
        if refused.reason is Reason.CONTENT_TOO_LARGE:
            place = f"/locales/{locale}/{channel}" if locale else f"/channels/{channel}"
            yield Fault(f"{place}/{refused.part}", refused.reason, refused.detail)


def _found(
    renderer: Renderer,
    body: Mapping[str, Any],
    channels: Sequence[str],
    data: Mapping[str, Any],
    contexts: Contexts,
    contents: Contents = NONE,
    *,
    smart: bool,
) -> Iterator[tuple[str, str | None, Unsendable]]:
    seconds = SECONDS_TO_SPARE if contents else None
    for channel in channels:
        on = CHANNELS[channel]
        for locale in (None, *locales(body, channel)):
            content = contents.get((channel, locale))
            if content is not None and on.unsendable(on.smart(content) if smart else content) is None:
                continue  # it can be sent to that reader
            try:
                reader = NO_NAME | {"locale": locale or ""}
                content = renderer.render(
                    body, channel, locale=locale, data=data, user=reader, context=contexts(channel), seconds=seconds
                )
            except TemplateError:
                continue  # it renders for some readers only, or is refused by another check
            refused = on.unsendable(on.smart(content) if smart else content)
            if refused is not None and (
                refused.reason is Reason.CONTENT_TOO_LARGE or not _names_reader(body, channel, locale)
            ):
                yield channel, locale, refused


def _names_reader(body: Mapping[str, Any], channel: str, locale: str | None) -> bool:
    """Whether the content may depend on the reader: then it is empty for some only."""
    return any(_READER.search(repr(source)) for source in sources(body, channel, locale).values())
