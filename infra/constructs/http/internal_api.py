"""The internal API: for services and operators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from aws_cdk import ArnFormat, CfnElement, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_apigatewayv2_authorizers import HttpIamAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from console.calls import CALLS

from ...nag import suppress_nag
from ...settings import DeploymentSettings
from ..function import log_group_of
from .access_logs import AccessLogs


class InternalApi(Construct):
    """Routes all paths to one function, for callers that IAM authorizes.

    `service_policy` is for services. `console_policies` are for people: viewers and operators of the console.
    """

    def __init__(self, scope: Construct, id: str, *, function: lambda_.IFunction, settings: DeploymentSettings) -> None:
        super().__init__(scope, id)
        api = apigateway.HttpApi(
            self,
            "Api",
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
            access_log_settings=AccessLogs(
                log_group_of(self, "AccessLogs", settings=settings), caller="$context.identity.userArn"
            ),
        )
        self.url = stage.url
        self._policies(api)

    def _policies(self, api: apigateway.HttpApi) -> None:
        self.service_policy = self._policy(
            api,
            "Service",
            "Lets a service call Fanfare's internal API",
            ("* /*",),
            "A service can use all methods and paths of the internal API, and nothing else.",
        )
        self.console_policies = {
            name: self._policy(
                api,
                name,
                f"Lets a person use Fanfare's console as {name.lower()}",
                calls,
                "Paths contain ids of messages, users and templates: all ids are allowed, in this API only.",
            )
            for name, calls in CALLS.items()
        }

    def _policy(
        self, api: apigateway.HttpApi, name: str, description: str, calls: Sequence[str], reason: str
    ) -> iam.ManagedPolicy:
        """A policy that allows `calls`, e.g. `GET /v1/topics/*`."""
        paths = [f"$default/{call.replace(' /', '/')}" for call in calls]
        policy = iam.ManagedPolicy(
            self,
            f"{name}Policy",
            description=description,
            statements=[
                iam.PolicyStatement(
                    actions=["execute-api:Invoke"],
                    resources=[
                        Stack.of(self).format_arn(
                            service="execute-api",
                            resource=api.api_id,
                            resource_name=path,
                            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
                        )
                        for path in paths
                    ],
                )
            ],
        )
        id = Stack.of(self).get_logical_id(cast(CfnElement, api.node.default_child))
        for path in paths:
            if "*" in path:
                arn = f"arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<{id}>/{path}"
                suppress_nag(policy, f"AwsSolutions-IAM5[Resource::{arn}]", reason)
        return policy
