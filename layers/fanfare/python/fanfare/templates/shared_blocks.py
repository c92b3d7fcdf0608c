"""Parts of a template that read the same to everybody are rendered once for a message, not for each reader.

The grammar has no assignment, so no statement changes what the next one sees. Statements that do not name `user`
render to the same text whenever the data is the same: they are shared. Statements of one kind that follow each other
become a block of the compiled template, which can be rendered alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from jinja2 import nodes

READER: Final = "user"
BLOCKS: Final = 100  # of a part: above that they would cost more to compile than they save


@dataclass(frozen=True)
class Block:
    """Statements that follow each other; `shared` if none of them names the reader."""

    name: str
    shared: bool
    body: list[nodes.Node]


class IdentityKey:
    """Data as a key: the same object, not an equal one, for 1 and true are equal and read differently."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def __hash__(self) -> int:
        return id(self.data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdentityKey) and other.data is self.data


def blocks(body: Sequence[nodes.Node]) -> list[Block]:
    """A template's statements as blocks, in their order."""
    found = [(shared, list(group)) for shared, group in groupby(_pieces(body), key=_is_shared)]
    if len(found) > BLOCKS:
        found = [(False, list(body))]
    return [Block(f"block{index}", shared, group) for index, (shared, group) in enumerate(found)]


def in_blocks(found: Sequence[Block]) -> nodes.Template:
    """The template with these blocks."""
    return nodes.Template([nodes.Block(each.name, each.body, False, False, lineno=1) for each in found], lineno=1)


def _pieces(body: Sequence[nodes.Node]) -> Iterator[nodes.Node]:
    """The statements, those that print many things cut into one for each."""
    for node in body:
        if isinstance(node, nodes.Output):
            yield from (nodes.Output([each], lineno=each.lineno) for each in node.nodes)
        else:
            yield node


def _is_shared(node: nodes.Node) -> bool:
    return all(name.name != READER for name in node.find_all(nodes.Name))
