"""One part of a template, compiled; it is rendered per user within the limits of one rendering.

A worker renders the same template thousands of times, so its process has four caches:

    cache           key                                      value                  entries
    sources_kept    a template's body, channel, locale       its sources by part       64
    compiled        the text of all sources of a part        the compiled part      1,024
    _shared         a compiled part, a message's data,       its shared blocks         32
                    topic and brand, its reading, a
                    limit of time
    prepared        a template's body, channel, locale,      all of the above, by      64
                    a message's data, topic and brand,       part
                    a reading

All but `compiled` use the identity of an object as key (`IdentityKey`), which does not hash a large body and keeps
1 and True apart. The key holds the object, so its identity is not reused while the entry exists. Bodies and data are
never changed in place after they are read. Entries are removed only to make room for newer ones (least recently used
first), because a template version never changes.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

from jinja2 import TemplateSyntaxError, nodes
from jinja2.exceptions import TemplateRuntimeError

from fanfare.errors import TemplateError
from fanfare.languages import direction, tag
from fanfare.templates.context import LinksSeen, Surroundings
from fanfare.templates.environment import Environment
from fanfare.templates.filters.budget import EXPRESSION, Budget, Rendering
from fanfare.templates.filters.reading import Reading
from fanfare.templates.grammar import LOCALISED, ZONED
from fanfare.templates.includes import Sources, SourceSpan, resolve_includes, span_of
from fanfare.templates.shared_blocks import LOCALE, IdentityKey, blocks, in_blocks

SOURCE_LIMIT: Final = 200_000  # characters of the source of one part
OUTPUT_LIMIT: Final = 400_000  # characters of one rendered part; the limit of SES is 1 MB per call
EXPRESSION_LIMIT: Final = 10_000  # statements, names, operators and so on: compiling takes about 0.1 ms for each
PIECES_A_LOOK: Final = 64


class Written(NamedTuple):
    """Rendered blocks, and the steps and characters they used of the limits of one rendering."""

    texts: Mapping[str, str]
    iterations: int = 0
    returned: int = 0
    size: int = 0


class Ready(NamedTuple):
    """A part for one message and readers of one language: `names` is what is the same for all of them."""

    part: Compiled
    before: Written
    reading: Reading
    names: Mapping[str, Any]
    seconds: float | None

    def render(self, seen: Mapping[str, Any], links: LinksSeen) -> Mapping[str, str]:
        """The text of each block, in order."""
        part = self.part
        if not part.wanted[False]:
            return self.before.texts
        names = {**self.names, **seen}
        if "links" in part.names:
            names["links"] = links.all()
        texts = part.written(names, self.reading, self.before, self.seconds).texts
        return {each.name: texts[each.name] for each in part.blocks}


class Compiled:
    """One part, compiled."""

    def __init__(self, sources: Sources, environment: Environment, own: frozenset[str] = frozenset()) -> None:
        self.places: list[SourceSpan] = []
        self.language = sources.language
        if len(sources.part) > SOURCE_LIMIT:
            raise TemplateError(f"source is too long; the limit is {SOURCE_LIMIT:,} characters")
        try:
            tree = resolve_includes(environment.parse, sources, self.places)
            if sum(1 for _ in islice(tree.find_all((nodes.Expr, nodes.Stmt)), EXPRESSION_LIMIT + 1)) > EXPRESSION_LIMIT:
                raise TemplateError(f"source has too many expressions; the limit is {EXPRESSION_LIMIT:,}")
            self.blocks = blocks(tree.body, own)
            called = {each.name for each in tree.find_all(nodes.Filter)}
            self.localised, self.zoned = bool(called & LOCALISED), bool(called & ZONED)
            self.names = frozenset(each.name for each in tree.find_all(nodes.Name))
            self.wanted = {
                shared: [each.name for each in self.blocks if each.shared is shared] for shared in (True, False)
            }
            self.template = environment.from_string(in_blocks(self.blocks))
        except TemplateSyntaxError as error:
            raise self._syntax_error(error) from error
        except TemplateError:
            raise
        except (RecursionError, SyntaxError, MemoryError) as error:  # Python nests 20 blocks, 100 levels of indentation
            raise TemplateError("nested too deeply") from error
        except Exception as error:
            raise TemplateError(f"does not compile: {error}") from error

    def ready(self, base: Any, reading: Reading, context: Surroundings, *, seconds: float | None = None) -> Ready:
        """The part for one message and readers of one language. Raises TemplateError if a shared block does."""
        reading = reading.for_part(self.language)
        around = self._named(context)
        before = _shared(self, IdentityKey(base), around, self._needed(reading), seconds)
        if isinstance(before, TemplateError):
            raise before.again()
        return Ready(self, before, reading, {**around.seen(), **self._locale(reading), "links": None}, seconds)

    def shared(
        self, data: Any, around: Surroundings, reading: Reading, seconds: float | None
    ) -> Written | TemplateError:
        """The blocks that are the same for all users, or the error. The error is cached too: a slow block runs once."""
        try:
            names = {"data": data, **around.seen(), **self._locale(reading)}
            return self.written(names, reading, Written({}), seconds, shared=True)
        except TemplateError as error:
            return error.again()

    def _named(self, context: Surroundings) -> Surroundings:
        """What of the context makes a difference to the part."""
        return Surroundings(
            topic=context.topic if "topic" in self.names else None,
            brand=context.brand if "brand" in self.names else None,
        )

    def _needed(self, reading: Reading) -> Reading:
        """What of the reading makes a difference to blocks without `user`."""
        if not self.localised:
            return Reading(part=reading.part, default=reading.default)
        return reading if self.zoned else reading._replace(time_zone="")

    def _locale(self, reading: Reading) -> dict[str, Any]:
        return {LOCALE: _locale_of(reading)} if LOCALE in self.names else {}

    def written(
        self, names: dict[str, Any], reading: Reading, before: Written, seconds: float | None, *, shared: bool = False
    ) -> Written:
        """The blocks of one kind, added to `before`. `names`: what they see. Raises TemplateError at its line."""
        try:
            return self._write(names, reading, before, seconds, shared=shared)
        except TemplateRuntimeError as error:
            from fanfare.templates.advice.hints import undefined_hint  # noqa: PLC0415 - for authors, not for workers

            raise self._error(undefined_hint(error.message or "does not render"), self._line(error)) from error
        except TemplateError:
            raise
        except Exception as error:
            raise self._error(str(error) or type(error).__name__, self._line(error)) from error

    def _write(
        self, names: dict[str, Any], reading: Reading, before: Written, seconds: float | None, *, shared: bool
    ) -> Written:
        """The limits apply to all blocks together."""
        wanted = self.wanted[shared]
        size, texts = before.size, dict(before.texts)
        context = Rendering(self.template.environment, names, None, {})
        context.reading = reading
        budget = context.budget = Budget(iterations=before.iterations, returned=before.returned, seconds=seconds)
        for name in wanted:
            pieces = self.template.blocks[name](context)
            output: list[str] = []
            while len(output) % PIECES_A_LOOK == 0 and (some := list(islice(pieces, PIECES_A_LOOK))):  # fewer: the last
                budget.spend(EXPRESSION * len(some))
                size += sum(map(len, some))
                if size > OUTPUT_LIMIT:
                    raise TemplateError(f"rendered text is too long; the limit is {OUTPUT_LIMIT:,} characters")
                output += some
            texts[name] = "".join(output)
        return Written(texts, budget.iterations, budget.returned, size)

    def _line(self, error: BaseException) -> int | None:
        """The line in the template of an error in the Python code that Jinja generated."""
        line = None
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == "<template>":
                line = self.template.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        return line

    def _syntax_error(self, error: TemplateSyntaxError) -> TemplateError:
        from fanfare.templates.advice.hints import syntax_hint  # noqa: PLC0415 - for authors, not for workers

        message = error.message or "does not compile"
        place = span_of(self.places, error.lineno)
        hint = syntax_hint(message, place.source)
        if hint is None:
            return self._error(message, error.lineno)
        detail, line, column = hint
        return TemplateError(f"in the {place.name}: {detail}" if place.name else detail, line=line, column=column)

    def _error(self, detail: str, line: int | None) -> TemplateError:
        if line is None:
            return TemplateError(detail)
        place = span_of(self.places, line)
        line -= place.before
        lines = place.source.splitlines()
        column = _column(lines[line - 1], detail) if 0 < line <= len(lines) else None
        return TemplateError(f"in the {place.name}: {detail}" if place.name else detail, line=line, column=column)


_ENVIRONMENTS: Final = {html: Environment(html=html) for html in (False, True)}


@functools.lru_cache(maxsize=1024)
def compiled(sources: Sources, html: bool, own: frozenset[str] = frozenset()) -> Compiled:
    """The part, compiled once. `own`: names of data that differ by reader. Raises TemplateError."""
    return Compiled(sources, _ENVIRONMENTS[html], own)


@functools.lru_cache(maxsize=32)  # a worker handles few messages at once; texts may be long
def _shared(
    part: Compiled, data: IdentityKey, around: Surroundings, reading: Reading, seconds: float | None
) -> Written | TemplateError:
    return part.shared(data.data, around, reading, seconds)


def _locale_of(reading: Reading) -> dict[str, str]:
    """What templates see as `locale`: the language of the part."""
    language = tag(reading.part or reading.default)
    return {"tag": language, "dir": direction(language)}


def _column(text: str, detail: str) -> int:
    """The column (from 1) of the name in the error message; else of the first tag of the line, else 1."""
    for name in re.findall(r"'([^']{1,80})'", detail):
        place = text.find(name)
        if place >= 0:
            return place + 1
    tag = re.search(r"\{[{%]", text)
    return tag.start() + 1 if tag else 1
