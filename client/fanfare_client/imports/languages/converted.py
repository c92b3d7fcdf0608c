"""A text in Jinja2, what of it is not converted, and data that it can be rendered with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

# What begins something in Jinja2, e.g. `{#` in minified CSS
_JINJA: Final = re.compile(r"\{[{#%]")
_LOOP_VARIABLE: Final = re.compile(r"item(\d+)")


@dataclass
class Converted:
    """`left`: (what is not converted, why). `example`: data that have all variables. `scopes`: of loops, inside."""

    text: str = ""
    left: list[tuple[str, str]] = field(default_factory=list)
    example: dict[str, Any] = field(default_factory=dict)
    scopes: list[tuple[str, list[Any]]] = field(default_factory=list)

    def leave(self, what: str, why: str) -> str:
        """Note what is not converted. Returns it."""
        self.left.append((what, why))
        return what

    def use(self, path: str) -> None:
        """Have the example contain a variable."""
        scope, name = self._inner(path)
        if name:
            scope.setdefault(name, name)

    def loop(self, path: str) -> None:
        """Have the example contain a list, whose element is the scope from now on."""
        scope, name = self._inner(path)
        listed = scope.get(name)
        if not isinstance(listed, list) or not isinstance(listed[0], dict):
            listed = scope[name] = [{}]
        self.scopes.append((name, listed))

    def end_loop(self) -> None:
        """An element without variables was printed alone: a text."""
        name, listed = self.scopes.pop()
        listed[0] = listed[0] or name

    def _inner(self, path: str) -> tuple[dict[str, Any], str]:
        """The object that has the variable, and the variable's name; an empty one if it is not of the data."""
        head, _, rest = path.partition(".")
        loop = _LOOP_VARIABLE.fullmatch(head)
        if head != "data" and not loop:
            return {}, ""
        scope = self.scopes[int(loop[1]) - 1][1][0] if loop else self.example
        *outer, last = rest.split(".")
        for name in outer:
            inner = scope.setdefault(name, {})
            if not isinstance(inner, dict):  # it was printed alone, too
                inner = scope[name] = {}
            scope = inner
        return scope, last


def literal(text: str) -> str:
    """Text that Jinja2 prints as it is."""
    return _JINJA.sub(lambda found: f'{{{{ "{found[0]}" }}}}', text)
