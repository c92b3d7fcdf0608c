"""One template from several sources: partials are inserted where they are included, and a layout is put around.

Each source is parsed alone, and the syntax trees are joined before compilation, as if the inserted text had been
written there. So escaping, the grammar and every limit hold for the whole, and rendering looks nothing up. Lines are
numbered as if the sources followed each other, so a line number identifies its source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from jinja2 import TemplateSyntaxError, nodes

from fanfare.data_classes import dataclass

CONTENT: Final = "content"  # the name by which a layout prints the part
CHARACTERS: Final = 200_000  # of all sources of a part, each counted as often as it is included
INCLUDES: Final = 100  # includes in one part
DEPTH: Final = 5  # levels of partials within partials

NOT_CONTENT: Final = "'content' is for layouts only: print it with {{ content }}, alone and outside of loops"

Partials = tuple[tuple[str, str], ...]
Parse = Callable[[str], nodes.Template]
Statements = list[nodes.Node]


class Sources(NamedTuple):  # a key of caches, like Reading
    """All sources of one part."""

    part: str
    partials: Partials = ()
    layout: str | None = None
    layout_partials: Partials = ()
    language: str = ""  # of the part, if it is a translation


@dataclass(frozen=True)
class SourceSpan:
    """A source, its name (empty for the part itself), and the number of lines before it."""

    before: int
    name: str
    source: str


def resolve_includes(parse: Parse, sources: Sources, places: list[SourceSpan]) -> nodes.Template:
    """The joined tree; appends the sources to `places` in the order of their lines. Raises TemplateSyntaxError."""
    weaver = _Resolver(parse, places)
    if sources.layout is None:
        # a layout checked alone: {{ content }} is empty
        return weaver.tree("", sources.part, dict(sources.partials), content=[])
    part = weaver.tree("", sources.part, dict(sources.partials))
    layout = weaver.tree("layout", sources.layout, dict(sources.layout_partials), content=part.body)
    # a layout may have no place for this part, e.g. a subject
    return layout if weaver.placed else part


def span_of(places: Sequence[SourceSpan], line: int) -> SourceSpan:
    """The source that contains a line of the joined template."""
    return next((place for place in reversed(places) if place.before < line), places[0])


class _Resolver:
    def __init__(self, parse: Parse, places: list[SourceSpan]) -> None:
        self.parse = parse
        self.places = places
        self.lines = self.characters = self.includes = 0
        self.placed = False

    def tree(
        self,
        name: str,
        source: str,
        partials: Mapping[str, str],
        *,
        content: Statements | None = None,
        within: tuple[str, ...] = (),
    ) -> nodes.Template:
        """The tree of one source with its partials inserted, and `content` in place of `{{ content }}`."""
        before = self.lines
        self.places.append(SourceSpan(before, name, source))
        self.lines += len(source.splitlines()) + 1
        self.characters += len(source)
        if self.characters > CHARACTERS:
            raise TemplateSyntaxError(
                f"source with partials is too long; the limit is {CHARACTERS:,} characters", before + 1
            )
        try:
            tree = self.parse(source)
        except TemplateSyntaxError as error:
            error.lineno += before
            raise
        _moved(tree, before)
        tree.body = self._statements(tree.body, partials, content, within)
        for node in tree.find_all(nodes.Name):
            if _is_content(node):
                raise TemplateSyntaxError(NOT_CONTENT, node.lineno)
        return tree

    def _statements(
        self,
        body: Sequence[nodes.Node],
        partials: Mapping[str, str],
        content: Statements | None,
        within: tuple[str, ...],
    ) -> Statements:
        found: Statements = []
        for node in body:
            if isinstance(node, nodes.Include):
                found += self._included(node, partials, within)
            elif isinstance(node, nodes.Output):
                found += self._output(node, content)
            else:
                inner = None if isinstance(node, nodes.For) else content
                for field in ("body", "elif_", "else_"):
                    if getattr(node, field, None):
                        setattr(node, field, self._statements(getattr(node, field), partials, inner, within))
                found.append(node)
        return found

    def _included(self, node: nodes.Include, partials: Mapping[str, str], within: tuple[str, ...]) -> Statements:
        name = str(node.template.value) if isinstance(node.template, nodes.Const) else ""
        if name not in partials:
            known = f"; known partials: {', '.join(map(repr, partials))}" if partials else ""
            raise TemplateSyntaxError(f"unknown partial {name!r}{known}", node.lineno)
        if name in within:
            raise TemplateSyntaxError(f"the partial {name!r} includes itself", node.lineno)
        self.includes += 1
        if self.includes > INCLUDES or len(within) >= DEPTH:
            raise TemplateSyntaxError(
                f"too many partials; the limit is {INCLUDES} includes, nested {DEPTH} levels deep", node.lineno
            )
        return self.tree(f"partial {name!r}", partials[name], partials, within=(*within, name)).body

    def _output(self, node: nodes.Output, content: Statements | None) -> Statements:
        """The statement, split where it prints the content."""
        if content is None or not any(map(_is_content, node.nodes)):
            return [node]
        found: Statements = []
        for each in node.nodes:
            if not _is_content(each):
                found.append(nodes.Output([each], lineno=each.lineno))
                continue
            if self.placed:
                raise TemplateSyntaxError("{{ content }} is allowed once in a layout", each.lineno)
            self.placed = True
            found += content
        return found


def _is_content(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == CONTENT


def _moved(node: nodes.Node, lines: int) -> None:
    if node.lineno is not None:
        node.lineno += lines
    for child in node.iter_child_nodes():
        _moved(child, lines)
