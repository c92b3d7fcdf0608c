"""cdk-nag's AWS Solutions pack: what is not followed is acknowledged where it is made, with the reason."""

from __future__ import annotations

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """This finding, on this construct, is meant to be so."""
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))
