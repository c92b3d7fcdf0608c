"""One of `functions/`, with the house's defaults."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from ..bundle import ROOT
from ..grants import GRANTS
from ..nag import acknowledge
from ..settings import DeploymentSettings
from .reach import Reach

RUNTIME = lambda_.Runtime.PYTHON_3_13


@dataclass(frozen=True)
class House:
    """What all functions share: settings, layers, and the map of what can be reached, which grows as it is built."""

    settings: DeploymentSettings
    layers: list[lambda_.LayerVersion]
    reach: dict[str, Reach] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The limits and times that the use cases go by."""
        settings = self.settings
        limits = {"FANFARE_USER_LIMITS": settings.user_limits_json} if settings.user_limits else {}
        prices = {"FANFARE_PIECE_PRICES": json.dumps(settings.piece_prices)} if settings.piece_prices else {}
        return {
            **limits,
            **prices,
            "FANFARE_STAGE": settings.stage,
            "FANFARE_STALE_AFTER_SECONDS": str(settings.stale_after_seconds),
            "FANFARE_BACKOFF_SECONDS": str(settings.backoff_seconds),
            "FANFARE_MAX_ATTEMPTS": str(settings.max_attempts),
            "FANFARE_DOUBT_GRACE_SECONDS": str(settings.doubt_grace_seconds),
            "FANFARE_RETENTION_DAYS": str(settings.retention_days),
            "POWERTOOLS_SERVICE_NAME": "fanfare",
            "POWERTOOLS_METRICS_NAMESPACE": "Fanfare",
        }


class Function(lambda_.Function):
    """`functions/<code>` with the role and environment that `grants.py` gives to `name`."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        house: House,
        name: str,
        timeout: Duration,
        code: str | None = None,
        environment: Mapping[str, str] | None = None,
        memory_size: int = 512,
        retry_attempts: int | None = None,
        recursive_loop: lambda_.RecursiveLoop | None = None,
    ) -> None:
        log_group = log_group_of(scope, f"{id}Logs", settings=house.settings)
        role = iam.Role(scope, f"{id}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        reached: dict[str, str] = {}
        for target, actions in GRANTS[name].items():
            reach = house.reach[target]
            if actions and reach.arns:
                role.add_to_policy(iam.PolicyStatement(actions=[*actions], **reach.where))
            reached.update(reach.environment)
            for pattern in reach.patterns:
                acknowledge(role, f"AwsSolutions-IAM5[Resource::{pattern}]", reach.patterns_mean)
        super().__init__(
            scope,
            id,
            description=f"Fanfare: {name}",
            runtime=RUNTIME,
            architecture=architecture(house.settings),
            handler="handler.handler",
            code=lambda_.Code.from_asset(str(ROOT / "functions" / (code or name)), exclude=["__pycache__", "*.pyc"]),
            layers=house.layers,
            role=role,
            timeout=timeout,
            memory_size=memory_size,
            environment={**house.environment, **reached, **(environment or {})},
            tracing=lambda_.Tracing.ACTIVE,
            logging_format=lambda_.LoggingFormat.JSON,
            log_group=log_group,
            retry_attempts=retry_attempts,
            recursive_loop=recursive_loop,
        )
        self.known_as = name
        acknowledge(
            self,
            "AwsSolutions-L1",
            "One runtime for all, the one that the layers are built and tested for; a newer one is a line here.",
        )
        acknowledge(
            role,
            "AwsSolutions-IAM5[Resource::*]",
            "X-Ray has no resources to name: its two actions, PutTraceSegments and PutTelemetryRecords, take `*`.",
        )


def log_group_of(scope: Construct, id: str, *, settings: DeploymentSettings) -> logs.LogGroup:
    """Logs that go away by themselves."""
    group = logs.LogGroup(scope, id, removal_policy=RemovalPolicy.DESTROY)
    # The construct takes names such as ONE_MONTH; the setting, like CloudFormation, is a number of days.
    cast(logs.CfnLogGroup, group.node.default_child).retention_in_days = settings.log_retention_days
    return group


def architecture(settings: DeploymentSettings) -> lambda_.Architecture:
    """arm64, the cheaper one; an emulator runs on what this machine is."""
    if settings.local and platform.machine() == "x86_64":
        return lambda_.Architecture.X86_64
    return lambda_.Architecture.ARM_64
