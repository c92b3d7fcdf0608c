"""What a function can be let at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reach:
    """Something that a grant can name: where it is for IAM, and how the function is told of it."""

    arn: str
    environment: Mapping[str, str] = field(default_factory=dict)
