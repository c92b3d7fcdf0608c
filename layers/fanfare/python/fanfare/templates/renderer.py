"""Templates: Jinja2 restricted so that a template can't read Python objects, run too long or grow without limit.

A template sees `data`, `user`, `locale`, `topic`, `links` and `brand` as plain values. It can look up items, branch,
loop, include its own partials and use the filters in `FILTERS`. It can't call, import or assign anything, or read
attributes of Python objects. Loops, time and output are limited, and every error has its place. Jinja's own sandbox
limits neither time nor memory, so the grammar is an allow-list.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, Final

from fanfare.channels import CHANNELS
from fanfare.channels.email import one_line
from fanfare.data_classes import dataclass
from fanfare.errors import Fault, Invalid, TemplateError
from fanfare.json_pointer import escaped
from fanfare.templates.body import lacks, locales, sources, sources_kept
from fanfare.templates.compiled import Ready, compiled
from fanfare.templates.context import EXAMPLE, NO_CONTEXT, BrandSeen, LinksSeen, MessageContext, Surroundings
from fanfare.templates.filters.budget import SECONDS_LIMIT
from fanfare.templates.filters.reading import FALLBACK, Reading
from fanfare.templates.filters.values import Attributes
from fanfare.templates.includes import Sources
from fanfare.templates.mail.finish import finished
from fanfare.templates.overlaid import base_of, own_names
from fanfare.templates.prepared import prepared, prepared_part
from fanfare.templates.shared_blocks import IdentityKey

SECONDS_TO_SPARE: Final = SECONDS_LIMIT / 2  # of a rendering at submit: later ones are on busier machines
SECONDS_TOGETHER: Final = 5.0  # of all renderings that check one request
FAULTS_LIMIT: Final = 20
TOO_SLOW: Final = f"All languages together take too long to render; the limit is {SECONDS_TOGETHER:g} s."
SUMMARY_LIMIT: Final = 120  # characters
SUMMARIZING: Final = ("subject", "title", "text", "body")  # parts that say what a message is about, the best first


NO_READER: Final[Mapping[str, Any]] = {"id": "", "name": "", "locale": ""}
READER: Final = {**NO_READER, "id": "user-1", "name": "Ada"}  # the user for which examples are rendered


@dataclass(frozen=True, kw_only=True)
class Renderer:
    """Compiles and renders template bodies; caches compiled parts in memory.

    `locale` is the language of texts that are not translated, and, like `time_zone`, of users without one.
    """

    locale: str = FALLBACK
    time_zone: str = "UTC"
    sender: str = ""  # of mails, as they show it
    brand: BrandSeen = field(default_factory=lambda: BrandSeen(""))  # of messages that have none of their own

    def check(self, body: Mapping[str, Any]) -> None:
        """Check that all parts compile and the example renders in all locales. Raises Invalid with a Fault per part."""
        faults = list(self._faults(body))
        if faults:
            raise Invalid("Template can't be used.", code="template_error", errors=faults)

    def check_content(
        self, content: Mapping[str, str], data: Mapping[str, Any], context: MessageContext = NO_CONTEXT
    ) -> None:
        """Check that every part of inline content renders with its data. Raises Invalid with a Fault per part."""
        faults = []
        for part, source in content.items():
            try:
                self._rendered(part, Sources(source), _seen(data, READER), context, html=part == "html")
            except TemplateError as error:
                faults.append(Fault(f"/content/{part}", "template_error", str(error)))
        if faults:
            raise Invalid("Content does not render with the data.", code="template_error", errors=faults)

    def check_message(
        self,
        body: Mapping[str, Any],
        channels: Sequence[str],
        data: Mapping[str, Any],
        contexts: Callable[[str], MessageContext] = lambda _: NO_CONTEXT,
    ) -> dict[tuple[str, str | None], dict[str, str]]:
        """Check that all parts for these channels render with a message's data, in every language, with time to spare.

        Returns the content of a reader, by channel and language. Raises Invalid with a Fault per part.
        """
        contents, faults = {}, list[Fault]()
        began = time.thread_time()
        for channel, locale in [(each, locale) for each in channels for locale in (None, *locales(body, each))]:
            user, context = READER | {"locale": locale or ""}, contexts(channel)
            try:
                contents[channel, locale] = self.render(
                    body, channel, locale=locale, data=data, user=user, context=context, seconds=SECONDS_TO_SPARE
                )
            except TemplateError:
                faults += self._message_faults(body, channel, locale, _seen(data, user), context)
            if time.thread_time() - began > SECONDS_TOGETHER:
                faults.append(Fault("/data", "template_error", TOO_SLOW))
                break
        if faults:
            detail = "Template does not render with this data."
            raise Invalid(detail, code="template_error", errors=faults[:FAULTS_LIMIT])
        return contents

    def summary(
        self,
        body: Mapping[str, Any],
        channels: Sequence[str],
        data: Mapping[str, Any],
        context: MessageContext = NO_CONTEXT,
        *,
        seconds: float | None = None,
    ) -> str | None:
        """The first line that says what the message is about, as it reads without a reader. None if there is none."""
        given = [(sources_kept(IdentityKey(body), channel, None), channel) for channel in channels]
        for part in SUMMARIZING:
            for parts, channel in given:
                if part not in parts:
                    continue
                html = CHANNELS[channel].parts[part]
                try:
                    seen = _seen(data, NO_READER)
                    blocks = self._rendered(part, parts[part], seen, context, html=html, seconds=seconds)
                    text = "".join(blocks.values())
                except TemplateError:  # it renders for readers, but not without one
                    continue
                if said := " ".join(text.split()):
                    return said if len(said) <= SUMMARY_LIMIT else said[: SUMMARY_LIMIT - 1].rstrip() + "…"
        return None

    def check_data(self, body: Mapping[str, Any], data: Mapping[str, Any], *, pointer: str = "/data") -> None:
        """Check `data` against the template's schema. Raises Invalid with a pointer per error."""
        schema = body.get("schema")
        if schema is None:
            return
        from fanfare.templates.data_schema.validation import data_faults  # noqa: PLC0415 - workers check nothing

        if faults := data_faults(schema, data, pointer=pointer):
            raise Invalid("Data does not match the template's schema.", code="data_invalid", errors=faults)

    def render(
        self,
        body: Mapping[str, Any],
        channel: str,
        *,
        locale: str | None,
        data: Mapping[str, Any],
        user: Mapping[str, Any],
        context: MessageContext = NO_CONTEXT,
        seconds: float | None = None,
    ) -> dict[str, str]:
        """Rendered text by part, in the user's language. Raises TemplateError with the part's name and place.

        `seconds`: limit of a part. What all readers share is rendered once for each limit.
        """
        seen, on = _seen(data, user), CHANNELS[channel]
        base, own, around = IdentityKey(base_of(data)), own_names(data), self._around(context)
        ready = prepared(IdentityKey(body), channel, locale, base, own, around, self._reading(user), seconds)
        rendered, blocks_of = {}, {}
        for part, each in ready.items():
            blocks_of[part] = blocks = each.part.blocks, _texts(part, each, seen, context.links)
            rendered[part] = "".join(blocks[1].values())
            for other in [name for name, origin in on.derived.items() if origin == part and name not in ready]:
                from fanfare.templates.text.derived_text import derived  # noqa: PLC0415 - most mails have a text

                if text := derived(*blocks):
                    rendered[other] = text
        if "subject" in rendered:  # a header: one line
            rendered["subject"] = one_line(rendered["subject"])
        if not on.finished:
            return rendered
        brand, language = context.brand or self.brand, user.get("locale") or self.locale
        return finished(rendered, blocks_of, context=context, brand=brand, locale=language)

    def _faults(self, body: Mapping[str, Any]) -> Iterator[Fault]:
        example = body.get("example") or {}
        yield from _partial_faults(body.get("partials") or {})
        began = time.thread_time()
        for at, channels, locale in _by_locale(body):
            yield from self._channel_faults(at, body, channels, locale)
            if time.thread_time() - began > SECONDS_TOGETHER:
                yield Fault(at, "template_error", TOO_SLOW)
                return
        from fanfare.templates.data_schema.validation import schema_faults  # noqa: PLC0415

        faults = [] if body.get("schema") is None else schema_faults(body["schema"])
        yield from faults
        if not faults:
            try:
                self.check_data(body, example, pointer="/example")
            except Invalid as invalid:
                yield from invalid.errors

    def _message_faults(
        self,
        body: Mapping[str, Any],
        channel: str,
        locale: str | None,
        seen: Mapping[str, Any],
        context: MessageContext,
    ) -> Iterator[Fault]:
        parts = CHANNELS[channel].parts
        for part, source in sources_kept(IdentityKey(body), channel, locale).items():
            try:
                self._rendered(part, source, seen, context, html=parts[part], seconds=SECONDS_TO_SPARE)
            except TemplateError as error:
                where = f"{channel}, {locale}" if locale else channel
                placed = TemplateError(f"{where}: {error.detail}", line=error.line, column=error.column)
                yield Fault("/data", "template_error", str(placed))

    def _channel_faults(
        self, base: str, body: Mapping[str, Any], channels: Mapping[str, Mapping[str, str]], locale: str | None
    ) -> Iterator[Fault]:
        for channel, given in channels.items():
            at = f"{base}/{escaped(channel)}"
            if channel not in CHANNELS:
                yield Fault(at, "unknown_channel", f"Unknown channel. Known channels: {', '.join(CHANNELS)}.")
                continue
            if locale is None and (lacking := lacks(given, channel)):
                yield Fault(at, "part_missing", f"Missing parts: {channel} requires {' and '.join(lacking)}.")
            found = sources(body, channel, locale)
            for part in given:
                yield from self._part_faults(f"{at}/{escaped(part)}", channel, part, found, body, locale)

    def _part_faults(
        self,
        at: str,
        channel: str,
        part: str,
        found: Mapping[str, Sources],
        body: Mapping[str, Any],
        locale: str | None,
    ) -> Iterator[Fault]:
        kinds = CHANNELS[channel].parts
        if part not in kinds:
            yield Fault(at, "unknown_part", f"Unknown part. Parts of {channel}: {', '.join(kinds)}.")
            return
        try:
            seen = _seen(body.get("example") or {}, READER | {"locale": locale or self.locale})
            self._rendered(part, found[part], seen, EXAMPLE, html=kinds[part])
        except TemplateError as error:
            yield Fault(at, "template_error", str(error))

    def _rendered(
        self,
        part: str,
        whole: Sources,
        seen: Mapping[str, Any],
        context: MessageContext,
        *,
        html: bool,
        seconds: float | None = None,
    ) -> Mapping[str, str]:
        """The text of each block of a part."""
        data, reading = seen["data"], self._reading(seen["user"])
        ready = prepared_part(
            part, whole, html, base_of(data), own_names(data), self._around(context), reading, seconds
        )
        return _texts(part, ready, seen, context.links)

    def _around(self, context: MessageContext) -> Surroundings:
        return Surroundings(context.topic, context.brand or self.brand)

    def _reading(self, user: Mapping[str, Any]) -> Reading:
        return Reading(
            locale=user.get("locale") or self.locale,
            default=self.locale,
            time_zone=user.get("time_zone") or self.time_zone,
        )


def _texts(part: str, ready: Ready, seen: Mapping[str, Any], links: LinksSeen) -> Mapping[str, str]:
    """The text of each block. Raises TemplateError with the part's name."""
    try:
        return ready.render(seen, links)
    except TemplateError as error:
        raise error.within(part) from error


def _by_locale(body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Mapping[str, str]], str | None]]:
    """Pointer, parts by channel, locale."""
    given = body.get("channels", {})
    yield "/channels", given, None
    for locale, channels in body.get("locales", {}).items():
        yield f"/locales/{escaped(locale)}", channels, locale
    for locale in (body.get("layout") or {}).get("locales") or {}:  # the same parts within another layout
        yield "/channels", given, locale


def _partial_faults(partials: Mapping[str, str]) -> Iterator[Fault]:
    """Errors of a partial that do not depend on where it is included."""
    for name, source in partials.items():
        try:
            compiled(Sources(source, tuple(partials.items())), html=False)
        except TemplateError as error:
            yield Fault(f"/partials/{escaped(name)}", "template_error", str(error))


def _seen(data: Mapping[str, Any], user: Mapping[str, Any]) -> dict[str, Any]:
    """What a template sees, without `locale`, which depends on the part."""
    return {
        "data": data,
        "user": {
            "id": user["id"],
            "name": user.get("name") or "",
            "locale": user.get("locale") or "",
            "time_zone": user.get("time_zone") or "",
            "attributes": Attributes(user.get("attributes") or {}),
        },
    }
