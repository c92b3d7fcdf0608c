"""What is opened once, and what a test puts in its place."""

from __future__ import annotations

import pytest
from fanfare.runtime.registry import Registry


def test_a_thing_is_opened_once_and_when_it_is_asked_for() -> None:
    made: list[object] = []

    def build() -> object:
        made.append(object())
        return made[-1]

    thing = Registry().once(build)
    assert made == []
    assert thing() is thing()
    assert len(made) == 1


def test_another_thing_is_put_in_its_place_until_all_is_reset() -> None:
    registry = Registry()
    name = registry.once(lambda: "the one")
    registry.put(name, "another")
    assert name() == "another"
    registry.reset()
    assert name() == "the one"


def test_on_lambda_a_function_opens_its_things_while_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    registry = Registry()
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    registry.at_start(lambda: opened.append("elsewhere"))
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "deliver")
    registry.at_start(lambda: opened.append("on Lambda"))
    assert opened == ["on Lambda"]
