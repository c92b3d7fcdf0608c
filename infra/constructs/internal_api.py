"""The API for services."""

from __future__ import annotations

from typing import cast

from aws_cdk import ArnFormat, CfnElement, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_apigatewayv2_authorizers import HttpIamAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from ..nag import acknowledge
from ..settings import Settings
from .access_logs import AccessLogs
from .function import log_group_of


class InternalApi(Construct):
    """Every path goes to one function, for callers whom IAM lets in; `service_policy` lets a service in."""

    def __init__(self, scope: Construct, id: str, *, function: lambda_.IFunction, settings: Settings) -> None:
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
        invoke = Stack.of(self).format_arn(
            service="execute-api",
            resource=api.api_id,
            resource_name="$default/*/*",
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        self.service_policy = iam.ManagedPolicy(
            self,
            "ServicePolicy",
            description="Lets a service call Fanfare's internal API",
            statements=[iam.PolicyStatement(actions=["execute-api:Invoke"], resources=[invoke])],
        )
        acknowledge(
            self.service_policy,
            f"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:"
            f"<{Stack.of(self).get_logical_id(cast(CfnElement, api.node.default_child))}>/$default/*/*]",
            "A service may use the whole internal API, every method and path of it, and nothing else.",
        )
