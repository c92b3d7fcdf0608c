"""What of a template reads the same to everybody: rendered once for a message, not for each reader.

No statement changes what the next one sees, for the grammar has no assignment. So those that don't name `user`
come out alike wherever the data is the same. Statements of a kind that follow each other are a stretch, and each
stretch becomes a block of the compiled template, which can be run by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from jinja2 import nodes

READER: Final = "user"
STRETCHES: Final = 100  # of a part: above that they would cost more to compile than they save


@dataclass(frozen=True)
class Stretch:
    """Statements that follow each other; `alike` where none of them names the reader."""

    name: str
    alike: bool
    body: list[nodes.Node]


class IdentityKey:
    """Data as a key: the same object, not an equal one, for 1 and true are equal and read differently."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def __hash__(self) -> int:
        return id(self.data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdentityKey) and other.data is self.data


def stretches(body: Sequence[nodes.Node]) -> list[Stretch]:
    """A template's statements as stretches, in their order."""
    found = [(alike, list(group)) for alike, group in groupby(_pieces(body), key=_is_alike)]
    if len(found) > STRETCHES:
        found = [(False, list(body))]
    return [Stretch(f"stretch{place}", alike, group) for place, (alike, group) in enumerate(found)]


def in_blocks(found: Sequence[Stretch]) -> nodes.Template:
    """The template with a block for each stretch."""
    return nodes.Template([nodes.Block(each.name, each.body, False, False, lineno=1) for each in found], lineno=1)


def _pieces(body: Sequence[nodes.Node]) -> Iterator[nodes.Node]:
    """The statements, those that print many things cut into one for each."""
    for node in body:
        if isinstance(node, nodes.Output):
            yield from (nodes.Output([each], lineno=each.lineno) for each in node.nodes)
        else:
            yield node


def _is_alike(node: nodes.Node) -> bool:
    return all(name.name != READER for name in node.find_all(nodes.Name))
