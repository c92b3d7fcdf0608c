"""A Lambda function from `functions/`, with the defaults that all functions share."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from .. import bundle
from ..grants import GRANTS
from ..nag import suppress_nag
from ..settings import DeploymentSettings
from .access_target import AccessTarget

RUNTIME = lambda_.Runtime.PYTHON_3_13
RUNTIME_REASON = "All functions use the runtime that the layers are built and tested for."
KEPT = {"internal_api": "audit_retention_days"}  # function → setting: its log contains the audit trail
TRACING_REASON = "X-Ray has no resource ARNs: its actions PutTraceSegments and PutTelemetryRecords require `*`."


@dataclass(frozen=True)
class FunctionDefaults:
    """What all functions share: settings, layers and access targets. Constructs add their targets to the map."""

    settings: DeploymentSettings
    layers: list[lambda_.LayerVersion]
    access_targets: dict[str, AccessTarget] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of all functions."""
        settings = self.settings
        limits = {"FANFARE_USER_LIMITS": settings.user_limits_json} if settings.user_limits else {}
        prices = {"FANFARE_PIECE_PRICES": json.dumps(settings.piece_prices)} if settings.piece_prices else {}
        return {
            **limits,
            **prices,
            "FANFARE_LOCALE": settings.locale,
            "FANFARE_TIME_ZONE": settings.time_zone,
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
    """`functions/<code>` with the role and environment of `name` in `grants.py`."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        defaults: FunctionDefaults,
        name: str,
        timeout: Duration,
        code: str | None = None,
        environment: Mapping[str, str] | None = None,
        memory_size: int = 512,
        **props: Any,
    ) -> None:
        """`props` are passed on to Lambda's construct."""
        log_group = log_group_of(scope, f"{id}Logs", settings=defaults.settings, kept=KEPT.get(name, ""))
        role = iam.Role(scope, f"{id}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        reached = _granted(role, name, defaults)
        super().__init__(
            scope,
            id,
            description=f"Fanfare: {name}",
            runtime=RUNTIME,
            architecture=architecture(defaults.settings),
            handler="handler.handler",
            code=asset(bundle.function(code or name)),
            layers=defaults.layers,
            role=role,
            timeout=timeout,
            memory_size=memory_size,
            environment={**defaults.environment, **reached, **(environment or {})},
            tracing=lambda_.Tracing.ACTIVE,
            logging_format=lambda_.LoggingFormat.JSON,
            log_group=log_group,
            **props,
        )
        self.grants_name = name
        suppress_nag(self, "AwsSolutions-L1", RUNTIME_REASON)
        suppress_nag(role, "AwsSolutions-IAM5[Resource::*]", TRACING_REASON)


def _granted(role: iam.Role, name: str, defaults: FunctionDefaults) -> dict[str, str]:
    """Give the role its grants. The environment variables that name what it reaches."""
    granted: dict[str, str] = {}
    for target_name, actions in GRANTS[name].items():
        target = defaults.access_targets[target_name]
        if actions and target.arns:
            role.add_to_policy(iam.PolicyStatement(actions=[*actions], **target.statement_scope))
        granted.update(target.environment)
        for arn in target.wildcard_arns:
            finding = _without_tokens(Stack.of(role), arn)
            suppress_nag(role, f"AwsSolutions-IAM5[Resource::{finding}]", target.wildcard_reason)
    return granted


def _without_tokens(stack: Stack, arn: str) -> str:
    """An ARN as cdk-nag writes it."""
    names = {stack.partition: "Partition", stack.region: "Region", stack.account: "AccountId"}
    for token, name in names.items():
        arn = arn.replace(token, f"<AWS::{name}>")
    return arn


def log_group_of(
    scope: Construct, id: str, *, settings: DeploymentSettings, kept: str = "", name: str | None = None
) -> logs.LogGroup:
    """A log group, deleted with the stack. `kept`: the setting with its retention, if it has one of its own."""
    group = logs.LogGroup(scope, id, log_group_name=name, removal_policy=RemovalPolicy.DESTROY)
    # The construct expects names like ONE_MONTH; the setting is a number of days, like in CloudFormation.
    cast(logs.CfnLogGroup, group.node.default_child).retention_in_days = getattr(settings, kept or "log_retention_days")
    return group


def asset(folder: Path) -> lambda_.AssetCode:
    """A built folder as the code of a function or layer."""
    return lambda_.Code.from_asset(str(folder), asset_hash=bundle.asset_hash(folder))


def architecture(settings: DeploymentSettings) -> lambda_.Architecture:
    """arm64, which is cheaper; an emulator uses the architecture of this machine."""
    if settings.local and platform.machine() == "x86_64":
        return lambda_.Architecture.X86_64
    return lambda_.Architecture.ARM_64
