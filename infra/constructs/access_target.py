"""Resources that functions can get access to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class AccessTarget:
    """A resource that a function can be granted: its ARNs for IAM and the environment variables that name it.

    Empty if the deployment does not have the resource. With `all_except`, the grant is for everything except the ARNs
    (for resources without ARN). `wildcard_reason` says why an ARN contains `*`. `conditions` restrict the grant.
    """

    arns: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    all_except: bool = False
    wildcard_reason: str = ""
    conditions: Mapping[str, Any] | None = None

    @property
    def statement_scope(self) -> dict[str, Any]:
        """Arguments of a policy statement."""
        return {"not_resources" if self.all_except else "resources": [*self.arns], "conditions": self.conditions}

    @property
    def wildcard_arns(self) -> list[str]:
        """The ARNs that contain a wildcard."""
        return [arn for arn in self.arns if "*" in arn and not self.all_except]
