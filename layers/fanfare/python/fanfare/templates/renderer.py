"""Templates: Jinja2 with everything taken away that could read, run on, or grow without end.

A template sees `data` and `user` (`id`, `name`, `locale`), as plain values: it can look up items,
branch, loop, include the partials that it brings, and use the filters of `FILTERS`. It can call nothing,
import nothing, set nothing, and reads no attribute of any Python object. Loops, time and output are
bounded, and every refusal says where. Jinja's own sandbox bounds neither time nor memory, which is why
the grammar is an allow-list.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, nodes
from jinja2.exceptions import SecurityError, TemplateRuntimeError, UndefinedError
from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.runtime import Context, LoopContext, markup_join, str_join
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import pass_context

from fanfare.channels import CHANNELS
from fanfare.channels.email import one_line
from fanfare.errors import Fault, Invalid, TemplateError
from fanfare.templates.data_schema import data_faults, schema_faults
from fanfare.templates.includes import Sources, SourceSpan, resolve_includes, span_of
from fanfare.templates.plain_text import text_of
from fanfare.templates.shared_blocks import IdentityKey, in_blocks, stretches

SOURCE_LIMIT: Final = 200_000  # characters of one part's source
OUTPUT_LIMIT: Final = 400_000  # characters of one rendered part: SES takes 1 MB a call
VALUE_LIMIT: Final = 400_000  # characters of a value made by a filter or an operator
ITERATION_LIMIT: Final = 20_000  # steps of all loops of one rendering
SECONDS_LIMIT: Final = 1.0  # of the thread's own CPU time
STEPS_A_LOOK: Final = 50
PIECES_A_LOOK: Final = 64
NESTING_LIMIT: Final = 100  # levels of the syntax tree

# What a template may be made of. No Call: nothing can be run. No Assign: nothing can grow by doubling.
GRAMMAR: Final = frozenset(
    {
        "Template", "Output", "TemplateData", "Name", "Const", "List", "Tuple", "Dict", "Pair", "Keyword",
        "Getattr", "Getitem", "Slice", "Filter", "Test", "If", "For", "CondExpr", "Compare", "Operand",
        "And", "Or", "Not", "Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Neg", "Pos", "Concat", "Include",
    }
)  # fmt: skip

FILTERS: Final = frozenset(
    {
        "abs", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first", "float", "int",
        "items", "join", "last", "length", "lower", "max", "min", "replace", "reverse", "round", "sort",
        "striptags", "sum", "title", "tojson", "trim", "truncate", "unique", "upper", "urlencode",
        "wordcount",
    }
)  # fmt: skip

TESTS: Final = frozenset(
    {
        "boolean", "defined", "divisibleby", "eq", "equalto", "even", "false", "ge", "gt", "in", "integer",
        "iterable", "le", "lower", "lt", "mapping", "ne", "none", "number", "odd", "sequence", "string",
        "true", "undefined", "upper",
    }
)  # fmt: skip

JINJA_NAMES: Final = frozenset({"self", "caller", "varargs", "kwargs"})  # Python objects of Jinja's own

HALF: Final = re.compile("[\ud800-\udfff]")  # Jinja reads \\ud83d in a text as Python does; nobody can encode it

LOOP: Final = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "previtem", "nextitem"}
)


READER: Final = {"id": "user-1", "name": "Ada", "locale": ""}  # whom a template is tried out on


class Renderer:
    """Compiles and renders the bodies of templates, and keeps what it compiled in memory."""

    def check(self, body: Mapping[str, Any]) -> None:
        """That every part compiles and the example renders in every locale. Raises Invalid, a Fault a part."""
        faults = list(self._faults(body))
        if faults:
            raise Invalid("the template is not usable", code="template_error", errors=faults)

    def check_content(self, content: Mapping[str, str], data: Mapping[str, Any]) -> None:
        """That every part of inline content renders with the data it comes with. Raises Invalid, a Fault a part."""
        faults = []
        for part, source in content.items():
            try:
                _rendered(part, Sources(source), {"data": data, "user": READER}, html=part == "html")
            except TemplateError as error:
                faults.append(Fault(f"/content/{part}", "template_error", str(error)))
        if faults:
            raise Invalid("the content does not render with the data", code="template_error", errors=faults)

    def check_data(self, body: Mapping[str, Any], data: Mapping[str, Any], *, pointer: str = "/data") -> None:
        """That `data` satisfies the template's schema. Raises Invalid with a pointer for each error."""
        schema = body.get("schema")
        if schema is None:
            return
        if faults := data_faults(schema, data, pointer=pointer):
            raise Invalid("data does not satisfy the template's schema", code="data_invalid", errors=faults)

    def render(
        self,
        body: Mapping[str, Any],
        channel: str,
        *,
        locale: str | None,
        data: Mapping[str, Any],
        user: Mapping[str, Any],
    ) -> dict[str, str]:
        """The parts of `channel` in the user's language. Raises TemplateError with the part's name and place."""
        sources = _sources_kept(IdentityKey(body), channel, locale)
        seen = {
            "data": data,
            "user": {"id": user["id"], "name": user.get("name") or "", "locale": user.get("locale") or ""},
        }
        kinds = CHANNELS[channel].parts
        rendered = {
            part: _rendered(part, sources[part], seen, html=html) for part, html in kinds.items() if part in sources
        }
        if "subject" in rendered:  # a header: one line
            rendered["subject"] = one_line(rendered["subject"])
        return rendered

    def _faults(self, body: Mapping[str, Any]) -> Iterator[Fault]:
        example = body.get("example") or {}
        yield from _partial_faults(body.get("partials") or {})
        yield from _channel_faults("/channels", body, body.get("channels", {}), None)
        for locale, channels in body.get("locales", {}).items():
            yield from _channel_faults(f"/locales/{_escaped(locale)}", body, channels, locale)
        for locale in (body.get("layout") or {}).get("locales") or {}:  # the same parts, in another frame
            yield from _channel_faults("/channels", body, body.get("channels", {}), locale)
        faults = [] if body.get("schema") is None else schema_faults(body["schema"])
        yield from faults
        if not faults:
            try:
                self.check_data(body, example, pointer="/example")
            except Invalid as invalid:
                yield from invalid.errors


def _partial_faults(partials: Mapping[str, str]) -> Iterator[Fault]:
    """What is wrong with a partial wherever it is put in."""
    for name, source in partials.items():
        try:
            _compiled(Sources(source, tuple(partials.items())), html=False)
        except TemplateError as error:
            yield Fault(f"/partials/{_escaped(name)}", "template_error", str(error))


def _channel_faults(
    base: str, body: Mapping[str, Any], channels: Mapping[str, Mapping[str, str]], locale: str | None
) -> Iterator[Fault]:
    for channel, given in channels.items():
        at = f"{base}/{_escaped(channel)}"
        if channel not in CHANNELS:
            yield Fault(at, "unknown_channel", f"known channels: {', '.join(CHANNELS)}")
            continue
        if locale is None and (lacking := _lacks(given, channel)):
            yield Fault(at, "part_missing", f"{channel} needs {' and '.join(lacking)}")
        sources = _sources(body, channel, locale)
        for part in given:
            yield from _part_faults(f"{at}/{_escaped(part)}", channel, part, sources, locale, body)


def _part_faults(
    at: str, channel: str, part: str, sources: Mapping[str, Sources], locale: str | None, body: Mapping[str, Any]
) -> Iterator[Fault]:
    kinds = CHANNELS[channel].parts
    if part not in kinds:
        yield Fault(at, "unknown_part", f"{channel} has the parts {', '.join(kinds)}")
        return
    try:
        seen = {"data": body.get("example") or {}, "user": READER | {"locale": locale or ""}}
        _rendered(part, sources[part], seen, html=kinds[part])
    except TemplateError as error:
        yield Fault(at, "template_error", str(error))


@functools.lru_cache(maxsize=64)
def _sources_kept(body: IdentityKey, channel: str, locale: str | None) -> dict[str, Sources]:
    return _sources(body.data, channel, locale)


def _sources(body: Mapping[str, Any], channel: str, locale: str | None) -> dict[str, Sources]:
    """By part, all that it is made of in a language."""
    layout = body.get("layout") or {}
    frames = parts(layout, channel, locale)
    partials = tuple((body.get("partials") or {}).items())
    layout_partials = tuple((layout.get("partials") or {}).items())
    return {
        part: Sources(source, partials, frames.get(part), layout_partials)
        for part, source in parts(body, channel, locale).items()
    }


def parts(body: Mapping[str, Any], channel: str, locale: str | None) -> dict[str, str]:
    """The sources of a channel's parts: each from the nearest locale that has it (`de-CH`, `de`, the default).

    What was derived from a locale's parts is as near as they are.
    """
    names: list[str | None] = [None]
    if locale:
        steps = locale.split("-")
        names += ["-".join(steps[:length]) for length in range(1, len(steps) + 1)]
    chain = [_of_locale(found, name).get(channel, {}) for name in names for found in (body.get("derived") or {}, body)]
    return {part: source for sources in chain for part, source in sources.items() if source}


def _of_locale(body: Mapping[str, Any], locale: str | None) -> Mapping[str, Mapping[str, str]]:
    if locale is None:
        return body.get("channels") or {}
    locales: Mapping[str, Mapping[str, Mapping[str, str]]] = body.get("locales") or {}
    return locales.get(locale) or next((each for name, each in locales.items() if _same_tag(name, locale)), {})


def _same_tag(one: str, other: str) -> bool:
    """https://www.rfc-editor.org/rfc/rfc5646#section-2.1.1: the case of a language tag means nothing."""
    return one.casefold() == other.casefold()


def derived(body: Mapping[str, Any]) -> dict[str, Any]:
    """What can be made of the parts that are given, in the shape of a body; nothing that the example does not fill."""
    made: dict[str, Any] = {"channels": {}, "locales": {}}
    for locale in (None, *(body.get("locales") or {})):
        for channel, given in _of_locale(body, locale).items():
            for part, source in CHANNELS[channel].derived.items():
                if part in given or source not in given:
                    continue
                text = text_of(given[source], body.get("partials") or {})
                sources = _sources({**body, "channels": {channel: {part: text}}, "locales": {}}, channel, locale)
                if not list(_part_faults("", channel, part, sources, locale, body)):
                    place = made["channels"] if locale is None else made["locales"].setdefault(locale, {})
                    place.setdefault(channel, {})[part] = text
    return {name: found for name, found in made.items() if found}


def nearest(body: Mapping[str, Any], channel: str, locale: str | None) -> str | None:
    """The locale of the template that a reader's locale leads to, on a channel; None is the default."""
    steps = (locale or "").split("-")
    names = ["-".join(steps[:length]) for length in range(len(steps), 0, -1)]
    locales = body.get("locales") or {}
    return next((own for tag in names for own in locales if _same_tag(own, tag) and locales[own].get(channel)), None)


def locales(body: Mapping[str, Any], channel: str) -> list[str]:
    """The locales that say something of their own on a channel."""
    return sorted(name for name, channels in body.get("locales", {}).items() if channels.get(channel))


def offers(body: Mapping[str, Any], channel: str) -> bool:
    """Whether a template has all that a channel needs."""
    return not _lacks(parts(body, channel, None), channel)


def inline_body(content: Mapping[str, Any]) -> dict[str, Any]:
    """Inline content as the body of a template: each channel takes the parts that it has, if they are enough."""
    channels = {
        name: {part: content[source] for part, source in channel.inline.items() if content.get(source)}
        for name, channel in CHANNELS.items()
    }
    return {
        "channels": {name: sources for name, sources in channels.items() if not _lacks(sources, name)},
        "derived": content.get("derived"),
    }


def _lacks(sources: Mapping[str, str], channel: str) -> list[str]:
    """What a channel needs and the sources don't have."""
    return [" or ".join(group) for group in CHANNELS[channel].needs if not any(sources.get(part) for part in group)]


def _rendered(part: str, sources: Sources, seen: Mapping[str, Any], *, html: bool) -> str:
    try:
        return _compiled(sources, html).render(seen)
    except TemplateError as error:
        raise TemplateError(f"{part}: {error.detail}", line=error.line, column=error.column) from error


class _Budget:
    """How much one rendering may still do."""

    def __init__(self, iterations: int) -> None:
        self.iterations = iterations
        self.until: float | None = None

    def step(self) -> None:
        self.iterations += 1
        if self.iterations % STEPS_A_LOOK:  # the thread's clock is a system call: not at every step
            return
        if self.iterations >= ITERATION_LIMIT:
            raise _Exceeded(f"loops take more than {ITERATION_LIMIT:,} steps")
        now = time.thread_time()
        self.until = self.until or now + SECONDS_LIMIT
        if now > self.until:
            raise _Exceeded(f"takes more than {SECONDS_LIMIT:g} s to render")


class _Exceeded(TemplateRuntimeError):
    """A bound of one rendering was reached."""


def _bounded(size: int) -> None:
    if size > VALUE_LIMIT:
        raise _Exceeded(f"makes a value of more than {VALUE_LIMIT:,} characters")


@pass_context
def _step(context: Context, _value: Any) -> str:
    context["_budget"].step()
    return ""


def _concat(values: Sequence[Any]) -> str:
    _bounded(sum(len(str(value)) for value in values))
    return markup_join(values) if any(hasattr(value, "__html__") for value in values) else str_join(values)


def _replace(value: Any, old: str, new: str, count: int = -1) -> str:
    text, old, new = str(value), str(old), str(new)
    times = text.count(old) if count < 0 else min(count, text.count(old))
    _bounded(len(text) + times * len(new))
    return text.replace(old, new, count)


@pass_context
def _join(context: Context, value: Iterable[Any], between: str = "") -> str:
    values = list(value)
    _bounded(sum(len(str(each)) for each in values) + len(str(between)) * len(values))
    joined: str = JINJA_FILTERS["join"](context.eval_ctx, values, between)
    return joined


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja2 that looks up items of plain values, and nothing else."""

    intercepted_binops = frozenset({"+", "*", "%"})

    def __init__(self, *, html: bool) -> None:
        super().__init__(autoescape=html, undefined=StrictUndefined, loader=None, keep_trailing_newline=True)
        self.globals.clear()
        self.filters = {name: JINJA_FILTERS[name] for name in FILTERS}
        self.filters |= {"replace": _replace, "join": _join, "_step": _step, "_concat": _concat}
        self.tests = {name: test for name, test in self.tests.items() if name in TESTS or not name.isalpha()}

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, LoopContext):
            return getattr(obj, attribute) if attribute in LOOP else self.undefined(obj=obj, name=attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Undefined):
            return obj[argument]  # raises, naming what is undefined
        if isinstance(obj, dict | list | tuple | str):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                pass
        return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if operator == "+" and not numbers:
            if not (isinstance(left, str) and isinstance(right, str)):
                raise SecurityError("+ adds two numbers or joins two texts")
            _bounded(len(left) + len(right))
        elif not numbers:
            raise SecurityError(f"{operator} works on numbers alone")
        elif isinstance(left, int) and isinstance(right, int) and left.bit_length() + right.bit_length() > 256:
            raise SecurityError("the number is too large")
        return super().call_binop(context, operator, left, right)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        _admit(tree, depth=0, line=1)
        return tree


def _admit(node: nodes.Node, *, depth: int, line: int) -> None:
    """Refuse what is not in the grammar; count the steps of loops and bound what `~` makes."""
    kind = type(node).__name__
    line = node.lineno or line  # the nodes behind some tags carry none
    if kind not in GRAMMAR or depth > NESTING_LIMIT:
        what = f"{kind.lower()!r} is not allowed" if kind not in GRAMMAR else "is nested too deeply"
        raise TemplateSyntaxError(f"{what} in a template", line)
    if isinstance(node, nodes.Name) and (node.name.startswith("_") or node.name in JINJA_NAMES):
        raise TemplateSyntaxError(f"the name {node.name!r} is not allowed in a template", line)
    if isinstance(node, nodes.Const) and isinstance(node.value, str) and HALF.search(node.value):
        raise TemplateSyntaxError("half of a pair of \\u escapes is no character: write the character itself", line)
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        raise TemplateSyntaxError(f"there is no filter {node.name!r}; there are {', '.join(sorted(FILTERS))}", line)
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        raise TemplateSyntaxError(f"there is no test {node.name!r}; there are {', '.join(sorted(TESTS))}", line)
    if isinstance(node, nodes.Include) and not (
        isinstance(node.template, nodes.Const) and node.with_context and not node.ignore_missing
    ):
        raise TemplateSyntaxError('a partial is included by its name, as {% include "name" %}', line)
    if isinstance(node, nodes.For) and node.recursive:
        raise TemplateSyntaxError("a recursive loop is not allowed in a template", line)
    for child in node.iter_child_nodes():
        _admit(child, depth=depth + 1, line=line)
    for field, value in node.iter_fields():
        if isinstance(value, nodes.Concat):
            setattr(node, field, _concatenation(value))
        elif isinstance(value, list):
            value[:] = [_concatenation(each) if isinstance(each, nodes.Concat) else each for each in value]
    if isinstance(node, nodes.For):
        step = nodes.Filter(nodes.Const("", lineno=line), "_step", [], [], None, None, lineno=line)
        node.body.insert(0, nodes.Output([step], lineno=line))


def _concatenation(node: nodes.Concat) -> nodes.Filter:
    values = nodes.List(node.nodes, lineno=node.lineno)
    return nodes.Filter(values, "_concat", [], [], None, None, lineno=node.lineno)


class _Written(NamedTuple):
    """Stretches as text, and what they took of the bounds of one rendering."""

    texts: Mapping[str, str]
    iterations: int
    size: int


class _Compiled:
    """One part, compiled."""

    def __init__(self, sources: Sources, environment: _Environment) -> None:
        self.places: list[SourceSpan] = []
        if len(sources.part) > SOURCE_LIMIT:
            raise TemplateError(f"the source is longer than {SOURCE_LIMIT:,} characters")
        try:
            self.stretches = stretches(resolve_includes(environment.parse, sources, self.places).body)
            self.wanted = {
                alike: [each.name for each in self.stretches if each.alike is alike] for alike in (True, False)
            }
            self.template = environment.from_string(in_blocks(self.stretches))
        except TemplateSyntaxError as error:
            raise self._error(error.message or "does not compile", error.lineno) from error
        except (RecursionError, SyntaxError) as error:  # Python nests 20 blocks, and 100 levels of indentation
            raise TemplateError("is nested too deeply") from error

    def render(self, seen: Mapping[str, Any]) -> str:
        before = _written_alike(self, IdentityKey(seen["data"]))
        if isinstance(before, TemplateError):
            raise before.again()
        texts = self._write_or_tell(seen, before).texts
        return "".join([texts[each.name] for each in self.stretches])

    def alike(self, data: Any) -> _Written | TemplateError:
        """What reads the same to everybody, or why it does not render: what takes too long does so once."""
        try:
            return self._write_or_tell({"data": data}, _Written({}, 0, 0), alike=True)
        except TemplateError as error:
            return error.again()

    def _write_or_tell(self, seen: Mapping[str, Any], before: _Written, *, alike: bool = False) -> _Written:
        try:
            return self._write(seen, before, alike=alike)
        except (UndefinedError, SecurityError, TemplateRuntimeError) as error:
            raise self._error(error.message or "does not render", self._line(error)) from error
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
            # what a filter or an operator says of values that it can't take
            raise self._error(str(error) or type(error).__name__, self._line(error)) from error

    def _write(self, seen: Mapping[str, Any], before: _Written, *, alike: bool = False) -> _Written:
        """The stretches of one kind, and what was written before; the bounds are on all of it."""
        wanted = self.wanted[alike]
        if not wanted:
            return before
        budget, size, texts = _Budget(before.iterations), before.size, dict(before.texts)
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
        return _Written(texts, budget.iterations, size)

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


_ENVIRONMENTS: Final = {html: _Environment(html=html) for html in (False, True)}


@functools.lru_cache(maxsize=1024)
def _compiled(sources: Sources, html: bool) -> _Compiled:
    return _Compiled(sources, _ENVIRONMENTS[html])


@functools.lru_cache(maxsize=32)  # a worker has few messages in hand; a text may be long
def _written_alike(compiled: _Compiled, data: IdentityKey) -> _Written | TemplateError:
    return compiled.alike(data.data)


def _column(text: str, detail: str) -> int:
    """Where the thing that the error names stands on its line; otherwise where the first tag begins. From 1."""
    for name in re.findall(r"'([^']{1,80})'", detail):
        place = text.find(name)
        if place >= 0:
            return place + 1
    tag = re.search(r"\{[{%]", text)
    return tag.start() + 1 if tag else 1


def _escaped(step: object) -> str:
    """A step of a JSON pointer (RFC 6901)."""
    return str(step).replace("~", "~0").replace("/", "~1")
