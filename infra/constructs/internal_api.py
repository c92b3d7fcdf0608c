"""The API for services."""

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

from ..nag import acknowledge
from ..settings import DeploymentSettings
from .access_logs import AccessLogs
from .function import log_group_of


class InternalApi(Construct):
    """Every path goes to one function, for callers whom IAM lets in.

    `service_policy` lets a service in, each of `console_policies` a person: as a viewer, or as an operator.
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
            # The path of a suppression has an address in it: the function logs the route, under the same request id.
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
            "A service may use the whole internal API, every method and path of it, and nothing else.",
        )
        self.console_policies = {
            name: self._policy(
                api,
                name,
                f"Lets a person use Fanfare's console as {name.lower()}",
                calls,
                "The id of a message, user or template is a part of the path: any of them, in this API alone.",
            )
            for name, calls in CALLS.items()
        }

    def _policy(
        self, api: apigateway.HttpApi, name: str, description: str, calls: Sequence[str], reason: str
    ) -> iam.ManagedPolicy:
        """Lets its bearer make `calls`: `GET /v1/topics/*`."""
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
                acknowledge(policy, f"AwsSolutions-IAM5[Resource::{arn}]", reason)
        return policy
