"""The package's `dataclass` makes classes like those of the standard library."""

from __future__ import annotations

import ast
import dataclasses
import functools
from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from typing import Any

import fanfare
import pytest
from fanfare import data_classes

from tests import syntax

OPTIONS: dict[str, dict[str, bool]] = {
    "plain": {},
    "frozen": {"frozen": True},
    "by name": {"frozen": True, "kw_only": True},
    "by identity": {"eq": False},
    "frozen, by identity": {"eq": False, "frozen": True},
}
BOTH = (dataclasses.dataclass, data_classes.dataclass)
COPIES = {dataclasses.dataclass: dataclasses.replace, data_classes.dataclass: data_classes.replace}


def made(decorator: Callable[..., Any], options: dict[str, bool]) -> Any:
    class Pair:
        left: int
        right: list[int] = field(default_factory=list)
        note: str = field(default="", compare=False)
        secret: str = field(default="s", repr=False)

    Pair.__annotations__ = {"left": int, "right": list[int], "note": str, "secret": str}
    return decorator(**options)(Pair)


def told(cls: Any, replace: Callable[..., Any]) -> dict[str, Any]:
    """What one sees of a class from outside."""
    one, other = cls(left=1, right=[2]), cls(left=1, right=[2], note="n")
    return {
        "repr": repr(other).replace("made.<locals>.", ""),
        "equal": (one == other, one == replace(one, left=2), one == (1, [2]), one == one),  # noqa: PLR0124
        "fields": [each.name for each in dataclasses.fields(cls)],
        "dict": dataclasses.asdict(other),
        "hash": outcome(lambda: hash(one) == hash(other)),  # a list can't be hashed
        "hash of a tuple": outcome(lambda: hash(replace(one, right=())) == hash(replace(other, right=()))),
        "copy": repr(replace(other, left=3)).replace("made.<locals>.", ""),
        "copy of an unknown field": outcome(lambda: replace(one, middle=2)),
        "by place": outcome(lambda: cls(1, [2]).left),
        "nothing": outcome(cls),
        "match": cls.__match_args__,
    }


def outcome(run: Callable[[], Any]) -> Any:
    try:
        return run()
    except TypeError as error:
        return type(error).__name__


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_class_is_like_one_of_the_standard_library(options: dict[str, bool]) -> None:
    theirs, ours = (told(made(decorator, options), COPIES[decorator]) for decorator in BOTH)
    assert ours == theirs


def test_records_are_equal_by_what_is_compared_and_hidden_fields_are_not_shown() -> None:
    Pair = made(data_classes.dataclass, {"frozen": True})
    assert Pair(1, ()) == Pair(1, (), note="other")
    assert Pair(1, ()) != Pair(2, ())
    assert len({Pair(1, ()), Pair(1, ()), Pair(2, ())}) == 2
    assert repr(Pair(1, ())).endswith("Pair(left=1, right=(), note='')")


def test_classes_with_the_same_fields_are_not_equal() -> None:
    assert made(data_classes.dataclass, {})(1) != made(data_classes.dataclass, {})(1)


@pytest.mark.parametrize("decorator", BOTH)
def test_what_a_class_defines_is_kept(decorator: Callable[..., Any]) -> None:
    class Named:
        name: str

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Named) and self.name.lower() == other.name.lower()

        def __hash__(self) -> int:
            return hash(self.name.lower())

        def __repr__(self) -> str:
            return f"<{self.name}>"

    of = decorator(frozen=True)(Named)
    assert (of("a") == of("A"), hash(of("a")) == hash(of("A")), repr(of("a"))) == (True, True, "<a>")


def test_subclasses_add_fields() -> None:
    @data_classes.dataclass(frozen=True, kw_only=True)
    class Base:
        one: int

    @data_classes.dataclass(frozen=True, kw_only=True)
    class More(Base):
        two: int

    assert More(one=1, two=2) == More(one=1, two=2) != More(one=1, two=3)
    assert Base(one=1) != More(one=1, two=2)


def test_a_copy_computes_again_what_is_not_given() -> None:
    @data_classes.dataclass(frozen=True)
    class Doubled:
        once: int
        twice: int = field(init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "twice", 2 * self.once)

    copy = data_classes.replace(Doubled(1), once=4)
    assert (copy.once, copy.twice) == (4, 8)
    with pytest.raises(TypeError, match="twice"):
        data_classes.replace(copy, twice=1)


def test_mypy_refuses_an_assignment_to_a_frozen_object() -> None:
    """At run time it is not refused. If mypy did not refuse it either, `make lint` would report an unused `ignore`."""

    @data_classes.dataclass(frozen=True)
    class Frozen:
        one: int

    frozen = Frozen(1)
    frozen.one = 2  # type: ignore[misc]
    assert frozen.one == 2


def test_the_package_uses_its_own() -> None:
    package = Path(fanfare.__file__).parent
    theirs = [
        path.relative_to(package).as_posix()
        for path in sorted(package.rglob("*.py"))
        for node in syntax.nodes(path)
        if isinstance(node, ast.ImportFrom)
        and node.module == "dataclasses"
        and any(each.name in data_classes.__all__ for each in node.names)
    ]
    assert theirs == ["data_classes.py"]


class Range:
    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("empty")


class Named:
    name: str

    @functools.cached_property
    def size(self) -> int:
        return len(self.name)


class Counter:
    start: int
    count: int = field(init=False, default=0)


@pytest.mark.parametrize("decorator", BOTH)
def test_a_copy_is_checked_and_computed_like_a_new_object(decorator: Callable[..., Any]) -> None:
    ranged, named, counter = [
        decorator()(type(each.__name__, (each,), {"__annotations__": each.__annotations__, **vars(each)}))
        for each in (Range, Named, Counter)
    ]
    with pytest.raises(ValueError, match="empty"):
        COPIES[decorator](ranged(1, 2), low=3)
    one = named("ada")
    assert one.size == 3
    assert COPIES[decorator](one, name="grace").size == 5
    other = counter(1)
    other.count = 7
    assert COPIES[decorator](other, start=2).count == 0
