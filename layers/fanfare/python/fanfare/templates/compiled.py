"""One part of a template, compiled; rendered for each reader within the bounds of one rendering.

A worker renders the same template thousands of times, so it keeps what it can, in three caches of its process:

    cache           key                                      value                  entries
    sources_kept    a template's body, channel, locale       its sources by part       64
    compiled        the text of all sources of a part        the compiled part      1,024
    _shared         a compiled part, a message's data        its shared blocks         32

The first and the last are keyed by the identity of an object (`IdentityKey`), which costs no hashing of a large body
and tells 1 from True. The key holds the object, so its identity is not given to another while the entry lives. An
object that is changed in place would be served stale; bodies and data are never changed once they are read. Entries
leave when newer ones need their place; nothing else ends them, because a template version never changes.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

from jinja2 import TemplateSyntaxError
from jinja2.exceptions import SecurityError, TemplateRuntimeError, UndefinedError
from jinja2.runtime import Context

from fanfare.errors import TemplateError
from fanfare.templates.environment import Budget, Environment
from fanfare.templates.includes import Sources, SourceSpan, resolve_includes, span_of
from fanfare.templates.shared_blocks import IdentityKey, blocks, in_blocks

SOURCE_LIMIT: Final = 200_000  # characters of one part's source
OUTPUT_LIMIT: Final = 400_000  # characters of one rendered part: SES takes 1 MB a call
PIECES_A_LOOK: Final = 64


class Written(NamedTuple):
    """Blocks as text, and what they took of the bounds of one rendering."""

    texts: Mapping[str, str]
    iterations: int
    size: int


class Compiled:
    """One part, compiled."""

    def __init__(self, sources: Sources, environment: Environment) -> None:
        self.places: list[SourceSpan] = []
        if len(sources.part) > SOURCE_LIMIT:
            raise TemplateError(f"the source is longer than {SOURCE_LIMIT:,} characters")
        try:
            self.blocks = blocks(resolve_includes(environment.parse, sources, self.places).body)
            self.wanted = {
                shared: [each.name for each in self.blocks if each.shared is shared] for shared in (True, False)
            }
            self.template = environment.from_string(in_blocks(self.blocks))
        except TemplateSyntaxError as error:
            raise self._error(error.message or "does not compile", error.lineno) from error
        except (RecursionError, SyntaxError) as error:  # Python nests 20 blocks, and 100 levels of indentation
            raise TemplateError("is nested too deeply") from error

    def render(self, seen: Mapping[str, Any]) -> str:
        before = _shared(self, IdentityKey(seen["data"]))
        if isinstance(before, TemplateError):
            raise before.again()
        texts = self._write_or_say(seen, before).texts
        return "".join([texts[each.name] for each in self.blocks])

    def shared(self, data: Any) -> Written | TemplateError:
        """The blocks that read the same to everybody, or why they do not render: what takes too long does so once."""
        try:
            return self._write_or_say({"data": data}, Written({}, 0, 0), shared=True)
        except TemplateError as error:
            return error.again()

    def _write_or_say(self, seen: Mapping[str, Any], before: Written, *, shared: bool = False) -> Written:
        try:
            return self._write(seen, before, shared=shared)
        except (UndefinedError, SecurityError, TemplateRuntimeError) as error:
            raise self._error(error.message or "does not render", self._line(error)) from error
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
            # what a filter or an operator says of values that it can't take
            raise self._error(str(error) or type(error).__name__, self._line(error)) from error

    def _write(self, seen: Mapping[str, Any], before: Written, *, shared: bool = False) -> Written:
        """The blocks of one kind, and what was written before; the bounds are on all of it."""
        wanted = self.wanted[shared]
        if not wanted:
            return before
        budget, size, texts = Budget(before.iterations), before.size, dict(before.texts)
        # as `new_context` makes it, but for the globals, of which there are none, and for blocks that call each other
        context = Context(self.template.environment, {**seen, "_budget": budget}, None, {})
        for name in wanted:
            pieces = self.template.blocks[name](context)
            output: list[str] = []
            while len(output) % PIECES_A_LOOK == 0 and (some := list(islice(pieces, PIECES_A_LOOK))):  # fewer end it
                size += sum(map(len, some))
                if size > OUTPUT_LIMIT:
                    raise TemplateError(f"renders to more than {OUTPUT_LIMIT:,} characters")
                output += some
            texts[name] = "".join(output)
        return Written(texts, budget.iterations, size)

    def _line(self, error: BaseException) -> int | None:
        """The line of the template behind the line of the Python that Jinja made of it."""
        line = None
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == "<template>":
                line = self.template.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        return line

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
def compiled(sources: Sources, html: bool) -> Compiled:
    """The part, compiled once. Raises TemplateError."""
    return Compiled(sources, _ENVIRONMENTS[html])


@functools.lru_cache(maxsize=32)  # a worker has few messages in hand; a text may be long
def _shared(part: Compiled, data: IdentityKey) -> Written | TemplateError:
    return part.shared(data.data)


def _column(text: str, detail: str) -> int:
    """Where the thing that the error names stands on its line; otherwise where the first tag begins. From 1."""
    for name in re.findall(r"'([^']{1,80})'", detail):
        place = text.find(name)
        if place >= 0:
            return place + 1
    tag = re.search(r"\{[{%]", text)
    return tag.start() + 1 if tag else 1
