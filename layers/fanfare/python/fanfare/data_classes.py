"""The `dataclass` of this package: as the standard library's, and quicker to define, to create and to copy.

The standard library writes and compiles `__eq__`, `__hash__` and `__repr__` for each class, at each cold start. Here
all classes share them. It also sets each field of a new frozen object by a call, which takes ten times as long as an
assignment: 250 microseconds for a message to one person. Here `frozen` gives a class its hash, and mypy refuses
assignments; at run time nothing does. `order`, `unsafe_hash` and `slots` are not supported.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass, replace
else:

    def dataclass(cls: type | None = None, /, *, eq: bool = True, frozen: bool = False, kw_only: bool = False) -> Any:
        """See https://docs.python.org/3/library/dataclasses.html."""

        def made(plain: type) -> type:
            _share(plain, eq=eq, frozen=frozen)
            return dataclasses.dataclass(eq=False, repr=False, kw_only=kw_only)(plain)

        return made if cls is None else made(cls)

    def replace(obj: Any, /, **changes: Any) -> Any:
        """A copy of an object with other values of some fields."""
        cls = type(obj)
        fields = {**vars(obj), **changes}
        if not _is_plain(cls) or len(fields) != len(_given(cls)):  # not only fields: cached properties, unknown names
            return cls(**{name: getattr(obj, name) for name in _given(cls)} | changes)
        copy = cls.__new__(cls)
        vars(copy).update(fields)
        return copy


__all__ = ["dataclass", "replace"]


def _share(plain: type, *, eq: bool, frozen: bool) -> None:
    """Give a class the methods that it does not define."""
    own = vars(plain)
    defines_hash = own.get("__hash__") is not None  # None if a class defines `__eq__` alone
    if "__repr__" not in own:
        plain.__repr__ = _repr  # type: ignore[assignment]
    if eq and "__eq__" not in own:
        plain.__eq__ = _eq  # type: ignore[assignment]
    if eq and not defines_hash:
        plain.__hash__ = _hash if frozen else None  # type: ignore[assignment]


@functools.cache
def _given(cls: Any) -> list[str]:
    """The names of the fields that an object is created with."""
    return [each.name for each in dataclasses.fields(cls) if each.init]


@functools.cache
def _is_plain(cls: Any) -> bool:
    """Whether its objects are their fields: then a copy needs no call with each of them by name."""
    return not hasattr(cls, "__post_init__") and all(each.init for each in dataclasses.fields(cls))


@functools.cache
def _compared(cls: Any) -> Callable[[Any], tuple[Any, ...]]:
    return _getter([each.name for each in dataclasses.fields(cls) if each.compare])


def _getter(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda instance: tuple(getattr(instance, name) for name in names)


def _values(instance: Any) -> tuple[Any, ...]:
    """What is compared of an object."""
    cls: Any = type(instance)
    return _compared(cls)(instance)


def _eq(self: Any, other: Any) -> bool:
    return bool(_values(self) == _values(other)) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))


def _repr(self: Any) -> str:
    shown = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in dataclasses.fields(self) if each.repr)
    return f"{type(self).__qualname__}({shown})"
