"""What a function can be let at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reach:
    """Something that a grant can name: where it is for IAM, and how the function is told of it.

    It is nowhere where this deployment has none of it. `all_but` turns the ARNs round: what has none of them,
    because it has no ARN at all. `patterns_mean` says why an ARN has to have a `*` in it, and `conditions` narrow
    what is granted.
    """

    arns: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    all_but: bool = False
    patterns_mean: str = ""
    conditions: Mapping[str, Any] | None = None

    @property
    def where(self) -> dict[str, Any]:
        """As a policy statement takes it."""
        return {"not_resources" if self.all_but else "resources": [*self.arns], "conditions": self.conditions}

    @property
    def patterns(self) -> list[str]:
        """Those of the ARNs that stand for many."""
        return [arn for arn in self.arns if "*" in arn and not self.all_but]
