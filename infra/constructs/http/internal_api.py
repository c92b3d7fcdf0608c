"""The internal API: for services and operators."""

from __future__ import annotations

from typing import Final, cast

from aws_cdk import ArnFormat, CfnElement, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_apigatewayv2_authorizers import HttpIamAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from ...nag import suppress_nag
from ...policies import POLICIES, Policy
from ...settings import DeploymentSettings
from .access_logs import access_logs

WILDCARD_REASON: Final = "Paths contain ids of messages, users and templates: all ids are allowed, in this API only."


class InternalApi(Construct):
    """Routes all paths to one function, for callers that IAM authorizes.

    `policies` are those of `infra.policies`, by name.
    """

    def __init__(self, scope: Construct, id: str, *, function: lambda_.IFunction, settings: DeploymentSettings) -> None:
        super().__init__(scope, id)
        api = apigateway.HttpApi(
            self,
            "Api",
            api_name=f"fanfare-{settings.stage}-internal",
            description=f"Fanfare {settings.stage}: internal API",
            create_default_stage=False,
            default_authorizer=HttpIamAuthorizer(),
        )
        api.add_routes(
            path="/{proxy+}",
            methods=[apigateway.HttpMethod.ANY],
            integration=HttpLambdaIntegration("Function", function),
        )
        stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(
                rate_limit=settings.requests_per_second, burst_limit=settings.requests_burst
            ),
            # The path of a suppression contains an address: the function logs the route with the same request id.
            access_log_settings=access_logs(self, "internal", settings=settings, caller="$context.identity.userArn"),
        )
        self.url = stage.url
        self.policies = {name: self._policy(api, name, policy) for name, policy in POLICIES.items()}

    def _policy(self, api: apigateway.HttpApi, name: str, policy: Policy) -> iam.ManagedPolicy:
        made = iam.ManagedPolicy(
            self,
            f"{name}Policy",
            description=f"Lets {policy.lets}",
            statements=[
                iam.PolicyStatement(
                    effect=effect,
                    actions=["execute-api:Invoke"],
                    resources=[
                        Stack.of(self).format_arn(
                            service="execute-api",
                            resource=api.api_id,
                            resource_name=_path(call),
                            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
                        )
                        for call in calls
                    ],
                )
                for effect, calls in ((iam.Effect.ALLOW, policy.allows), (iam.Effect.DENY, policy.withholds))
                if calls
            ],
        )
        id = Stack.of(self).get_logical_id(cast(CfnElement, api.node.default_child))
        for path in map(_path, policy.allows):
            if "*" in path:
                arn = f"arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<{id}>/{path}"
                suppress_nag(made, f"AwsSolutions-IAM5[Resource::{arn}]", WILDCARD_REASON)
        return made


def _path(call: str) -> str:
    """`GET /v1/topics/*` as IAM names it, below the stage."""
    return f"$default/{call.replace(' /', '/')}"
