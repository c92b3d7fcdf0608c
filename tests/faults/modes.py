"""What can befall one AWS call of a function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from testing.memory_aws.calls import PARTIAL


class Died(BaseException):
    """The process is gone, right after a call took effect."""


@dataclass(frozen=True)
class Fault:
    """What happens at a step's call with this number.

    The call is refused, its answer is lost, or the process dies right after it; of its entries a part is left undone;
    or DynamoDB has no capacity for it. A mode that the call does not have changes nothing.
    """

    call: int
    mode: str


ALWAYS = ("refuse", "lose", "die")
MODES = (*ALWAYS, "part", "throttle")


def modes_of(name: str) -> tuple[str, ...]:
    """The modes of a call with this name."""
    part = ("part",) if name in PARTIAL else ()
    throttle = ("throttle",) if name.startswith("dynamodb:") else ()
    return (*ALWAYS, *part, *throttle)


def faults_of(calls: Sequence[str]) -> list[Fault]:
    """Every fault that can strike a step which makes these calls."""
    return [Fault(number, mode) for number, name in enumerate(calls) for mode in modes_of(name)]
