"""Text of a template that is the same for all users is rendered once per message, not once per user.

The grammar has no assignment, so no statement affects the next one. Statements without `user` and `links` always render
to the same text for the same data: they are shared. Consecutive statements of one kind become a block of the compiled
template, and a block can be rendered alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from jinja2 import nodes

from fanfare.data_classes import dataclass

READER: Final = frozenset({"user", "links"})  # names whose value is the reader's own
LOCALE: Final = "locale"
DATA: Final = "data"
BLOCKS: Final = 100  # per part: with more, compiling costs more than sharing saves


@dataclass(frozen=True)
class Block:
    """Consecutive statements; `shared` if none of them uses what is the reader's own."""

    name: str
    shared: bool
    body: list[nodes.Node]


class IdentityKey:
    """Data as a key by identity, not equality: 1 and true are equal but render differently."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def __hash__(self) -> int:
        return id(self.data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdentityKey) and other.data is self.data


def blocks(body: Sequence[nodes.Node], own: frozenset[str] = frozenset()) -> list[Block]:
    """A template's statements as blocks, in order. `own`: names of data that differ by reader."""
    found = [(shared, list(group)) for shared, group in groupby(_pieces(body), key=lambda node: _is_shared(node, own))]
    if len(found) > BLOCKS:
        found = [(False, list(body))]
    return [Block(f"block{index}", shared, group) for index, (shared, group) in enumerate(found)]


def in_blocks(found: Sequence[Block]) -> nodes.Template:
    """A template of these blocks."""
    return nodes.Template([nodes.Block(each.name, each.body, False, False, lineno=1) for each in found], lineno=1)


def _pieces(body: Sequence[nodes.Node]) -> Iterator[nodes.Node]:
    """The statements; one that prints several values is split into one per value."""
    for node in body:
        if isinstance(node, nodes.Output):
            yield from (nodes.Output([each], lineno=each.lineno) for each in node.nodes)
        else:
            yield node


def _is_shared(node: nodes.Node, own: frozenset[str]) -> bool:
    names = [each.name for each in node.find_all(nodes.Name)]
    if not READER.isdisjoint(names):
        return False
    # `data` alone, or with a computed name, may be anything
    return not own or names.count(DATA) == sum(name not in own for name in _read_of_data(node))


def _read_of_data(node: nodes.Node) -> Iterator[str]:
    """The names that are read of `data`, e.g. `total` of `data.total`."""
    for attribute in node.find_all(nodes.Getattr):
        if _is_data(attribute.node):
            yield attribute.attr
    for item in node.find_all(nodes.Getitem):
        if _is_data(item.node) and isinstance(item.arg, nodes.Const):
            yield str(item.arg.value)


def _is_data(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == DATA
