"""User accounts for the public API. If the settings name another token issuer, the user pool is there but unused."""

from __future__ import annotations

from aws_cdk import CfnOutput, Fn, RemovalPolicy, Stack
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from ..nag import suppress_nag
from ..settings import DeploymentSettings


class Accounts(Construct):
    """A Cognito user pool, its login page, and one public client: authorization code with PKCE."""

    def __init__(
        self, scope: Construct, id: str, *, settings: DeploymentSettings, removal_policy: RemovalPolicy
    ) -> None:
        super().__init__(scope, id)
        pool = cognito.UserPool(
            self,
            "Pool",
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            self_sign_up_enabled=settings.self_sign_up and not settings.oidc_issuer,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            password_policy=cognito.PasswordPolicy(
                min_length=12, require_digits=True, require_lowercase=True, require_symbols=True, require_uppercase=True
            ),
            deletion_protection=settings.deletion_protection,
            removal_policy=removal_policy,
        )
        client = self._client(pool, settings)
        # Domain prefixes are unique per region across all AWS accounts: a part of the stack id makes it unique.
        domain = pool.add_domain(
            "Login",
            cognito_domain=cognito.CognitoDomainOptions(
                domain_prefix=Fn.join("-", ["fanfare", settings.stage, _distinct(Stack.of(self))])
            ),
        )
        self.issuer = f"https://{pool.user_pool_provider_name}"
        self.audience = [client.user_pool_client_id]
        self.exported = (pool.user_pool_provider_name, client.user_pool_client_id)
        ids = {"UserPoolId": pool.user_pool_id, "UserPoolClientId": client.user_pool_client_id}
        for name, value in {**ids, "LoginUrl": domain.base_url()}.items():
            # On the stack, so that the output's name has no construct prefix.
            CfnOutput(Stack.of(self), name, value=value)
        suppress_nag(pool, "AwsSolutions-COG2", "An account can only change notification settings: MFA is optional.")
        for rule in ("AwsSolutions-COG3", "AwsSolutions-COG8"):
            suppress_nag(
                pool, rule, "Threat protection requires Cognito's Plus plan, which is billed per user and month."
            )

    def _client(self, pool: cognito.UserPool, settings: DeploymentSettings) -> cognito.UserPoolClient:
        return pool.add_client(
            "Client",
            # A browser or an app can't keep a secret: it uses PKCE instead.
            generate_secret=False,
            prevent_user_existence_errors=True,
            # Password authentication is only for scripts on a developer's machine.
            auth_flows=cognito.AuthFlow(user_srp=True, user_password=settings.local),
            # What a person can change in their own account. No claim of it identifies them, see `user_id_claim`.
            write_attributes=cognito.ClientAttributes().with_standard_attributes(email=True),
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID, cognito.OAuthScope.EMAIL],
                callback_urls=[*settings.login_urls],
                logout_urls=[*settings.login_urls],
            ),
        )


def _distinct(stack: Stack) -> str:
    """The first part of the UUID at the end of arn:aws:cloudformation:<region>:<account>:stack/<name>/<uuid>."""
    return Fn.select(0, Fn.split("-", Fn.select(2, Fn.split("/", stack.stack_id))))
