"""The public API: for readers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from aws_cdk import CfnResource, Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_apigatewayv2_authorizers import HttpJwtAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from ...nag import suppress_nag
from ...settings import DeploymentSettings
from ..access_target import AccessTarget
from ..accounts import Accounts
from ..zone import Record, Zone
from .access_logs import access_logs

ANY: Final = (apigateway.HttpMethod.ANY,)
# The methods that a page of another origin can use. Without OPTIONS: the gateway answers preflights unless a route
# handles OPTIONS. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
SCRIPTED: Final = (
    apigateway.HttpMethod.GET,
    apigateway.HttpMethod.HEAD,
    apigateway.HttpMethod.POST,
    apigateway.HttpMethod.PUT,
    apigateway.HttpMethod.PATCH,
    apigateway.HttpMethod.DELETE,
)
CLOSED: Final = "/{proxy+}"
SIGN_UP: Final = "/v1/subscriptions"
DIRECTORY: Final = "/"
PUBLIC_TOPICS: Final = "/v1/topics"
# Paths without a token, each with the reason. All other paths require a token.
OPEN: Final[Mapping[str, str]] = {
    SIGN_UP: "People without an account subscribe here. Only one confirmation link is sent; the route is throttled.",
    "/v1/confirmations/{token}": "The signed link is the credential: its holder can read mail sent to the address.",
    "/v1/unsubscribe/{token}": "RFC 8058: the mail client posts here for its user. The signed link is the credential.",
    "/v1/preferences/{token}": "The signed link is the credential: its holder can read mail sent to the address.",
    DIRECTORY: "The page that shows the public topics; people subscribe there.",
    PUBLIC_TOPICS: "Public topics are for everybody. Without `public_directory`, it requires a token.",
    "/v1/views/{token}": "The signed link is the credential: its holder can read mail sent to the address.",
    "/v1/health": "It only reports that the API is up.",
    "/openapi.json": "The API contract is public.",
    "/docs": "The API contract is public.",
}

# What people must be able to do whatever else is flooded
LINKS: Final = (
    "/v1/unsubscribe/{token}",
    "/v1/confirmations/{token}",
    "/v1/preferences/{token}",
    "/v1/views/{token}",
)


class PublicApi(Construct):
    """An API that requires a token on all paths except `OPEN`. One function answers: call `serve` with it.

    In two steps, because the function needs the API's URL, like every function that sends links.
    """

    def __init__(
        self, scope: Construct, id: str, *, settings: DeploymentSettings, accounts: Accounts, zone: Zone
    ) -> None:
        super().__init__(scope, id)
        self._settings = settings
        issuer = settings.oidc_issuer or accounts.issuer
        audience = [*settings.oidc_audience] or accounts.audience
        self._api = apigateway.HttpApi(
            self,
            "Api",
            api_name=f"fanfare-{settings.stage}-public",
            description=f"Fanfare {settings.stage}: public API",
            create_default_stage=False,
            default_authorizer=HttpJwtAuthorizer("Jwt", issuer, jwt_audience=audience),
            cors_preflight=_cors(settings),
            # The name of API Gateway would go round what stands before the domain. A proxy at `public_url` needs it.
            disable_execute_api_endpoint=bool(settings.public_domain),
        )
        self._domain = self._named(zone)
        self.url = settings.public_url or (
            f"https://{settings.public_domain}" if self._domain else self._api.api_endpoint
        )
        source_header = {"FANFARE_SOURCE_HEADER": settings.source_header} if settings.source_header else {}
        origin_header = {"FANFARE_ORIGIN_HEADER": settings.origin_header} if settings.origin_header else {}
        directory = {"FANFARE_PUBLIC_DIRECTORY": "true" if settings.public_directory else "false"}
        self.access_targets: Mapping[str, AccessTarget] = {
            "public_directory": AccessTarget(environment=directory),
            "source_header": AccessTarget(environment=source_header),
            "origin_header": AccessTarget(environment=origin_header),
            "public_url": AccessTarget(environment={"FANFARE_PUBLIC_URL": self.url}),
            "user_id_claim": AccessTarget(environment={"FANFARE_USER_ID_CLAIM": settings.user_id_claim}),
        }

    def serve(self, function: lambda_.IFunction) -> None:
        """Route all requests to `function`."""
        integration = HttpLambdaIntegration("Function", function, scope_permission_to_route=False)
        hidden = () if self._settings.public_directory else (DIRECTORY, PUBLIC_TOPICS)
        for path, reason in OPEN.items():
            if path in hidden:
                continue
            methods = SCRIPTED if path in (SIGN_UP, PUBLIC_TOPICS) else ANY
            for route in self._routes(path, methods, integration, authorizer=apigateway.HttpNoneAuthorizer()):
                suppress_nag(route, "AwsSolutions-APIG4", reason)
        for path in LINKS:  # mail programs add e.g. a slash to links; the function takes it away
            for route in self._routes(_longer(path), ANY, integration, authorizer=apigateway.HttpNoneAuthorizer()):
                suppress_nag(route, "AwsSolutions-APIG4", OPEN[path])
        self._routes(CLOSED, SCRIPTED, integration)
        stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=self._api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(
                rate_limit=self._settings.requests_per_second, burst_limit=self._settings.requests_burst
            ),
            # The path of a signed link contains its token: log the route instead.
            access_log_settings=access_logs(self, "public", settings=self._settings, route="$context.routeKey"),
        )
        if self._domain:
            apigateway.ApiMapping(self, "Mapping", api=self._api, domain_name=self._domain, stage=stage)
        self._throttle_routes(cast(CfnResource, stage.node.default_child))

    def _named(self, zone: Zone) -> apigateway.DomainName | None:
        """The custom domain of the API, and its DNS record."""
        settings = self._settings
        if not (settings.public_domain and settings.public_certificate_arn):
            return None
        certificate = acm.Certificate.from_certificate_arn(self, "Certificate", settings.public_certificate_arn)
        named = apigateway.DomainName(
            self,
            "Domain",
            domain_name=settings.public_domain,
            certificate=certificate,
            security_policy=apigateway.SecurityPolicy.TLS_1_2,
        )
        zone.add(Record("PublicApi", settings.public_domain, "CNAME", named.regional_domain_name))
        return named

    def _routes(
        self, path: str, methods: tuple[apigateway.HttpMethod, ...], integration: HttpLambdaIntegration, **options: Any
    ) -> list[apigateway.HttpRoute]:
        return self._api.add_routes(path=path, methods=[*methods], integration=integration, **options)

    def _throttle_routes(self, stage: CfnResource) -> None:
        """Sign-ups are throttled most. Links have throttles of their own: a flood elsewhere does not use them up."""
        settings = self._settings
        limits = {
            f"POST {SIGN_UP}": _throttle(settings.sign_ups_per_second, settings.sign_ups_burst),
            **{
                f"ANY {each}": _throttle(settings.requests_per_second, settings.requests_burst)
                for path in LINKS
                for each in (path, _longer(path))
            },
        }
        stage.add_property_override("RouteSettings", limits)
        # A stage's RouteSettings can only name existing routes.
        for route in self._api.node.find_all():
            if isinstance(route, apigateway.CfnRoute) and route.route_key in limits:
                stage.add_resource_dependency(route)


def _longer(path: str) -> str:
    return path.replace("{token}", "{proxy+}")


def _throttle(rate: int, burst: int) -> dict[str, int]:
    return {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst}


def _cors(settings: DeploymentSettings) -> apigateway.CorsPreflightOptions | None:
    if not settings.cors_origins:
        return None
    return apigateway.CorsPreflightOptions(
        allow_origins=[*settings.cors_origins],
        allow_methods=[apigateway.CorsHttpMethod(method.name) for method in SCRIPTED],
        allow_headers=["authorization", "content-type"],
        expose_headers=["x-request-id"],
        max_age=Duration.hours(1),
    )
