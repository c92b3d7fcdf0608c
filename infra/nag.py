"""cdk-nag's AWS Solutions pack: suppressions stand next to the construct, each with a reason."""

from __future__ import annotations

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def suppress_nag(construct: IConstruct, rule: str, reason: str) -> None:
    """Suppress this finding on this construct."""
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))
