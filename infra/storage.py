"""The storage stack: tables, signing secrets and user accounts. Its data must survive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aws_cdk import CfnOutput, PermissionsBoundary, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct
from fanfare.aws.tables import TABLES, Index, TableSpec

from .constructs.access_target import AccessTarget
from .constructs.accounts import Accounts
from .constructs.naming import pascal
from .nag import suppress_nag
from .settings import DeploymentSettings

TEXT = dynamodb.AttributeType.STRING


@dataclass(frozen=True)
class Secret:
    """Signing keys of one purpose, which only the functions that have this purpose can read.

    `id` is the construct's; `variable` names the secret to functions. `behind_proxy`: only used with a proxy.
    """

    id: str
    variable: str
    purpose: str
    kept: str  # why the keys are not rotated automatically
    behind_proxy: bool = False


# By the target's name in the grants
SECRETS: Final[Mapping[str, Secret]] = {
    "secret": Secret(
        "SigningKeys",
        "FANFARE_SECRET_ARN",
        "signs links",
        "Keys are added, never replaced: an unsubscribe link signed with an old key must work forever.",
    ),
    "cursor_keys": Secret("CursorKeys", "FANFARE_CURSOR_KEYS_ARN", "signs cursors of lists", "Rotated by hand."),
    "webhook_keys": Secret(
        "WebhookKeys",
        "FANFARE_WEBHOOK_KEYS_ARN",
        "signs webhooks",
        "Rotated by hand: receivers must take their new secret before the old key goes.",
    ),
    "code_keys": Secret("CodeKeys", "FANFARE_CODE_KEYS_ARN", "digests of codes and counters", "Rotated by hand."),
    "address_keys": Secret(
        "AddressKeys",
        "FANFARE_ADDRESS_KEYS_ARN",
        "digests by which users are found",
        "Never rotated: digests made with another key would find no user.",
    ),
    "person_keys": Secret(
        "PersonKeys",
        "FANFARE_PERSON_KEYS_ARN",
        "ids of people without a stored user",
        "Never rotated: a person would get another id with another key.",
    ),
    "audit_keys": Secret(
        "AuditKeys", "FANFARE_AUDIT_KEYS_ARN", "digests of addresses in the audit trail", "A new key ends searches."
    ),
    "origin_keys": Secret(
        "OriginKeys",
        "FANFARE_ORIGIN_KEYS_ARN",
        "what the proxy sends with every request",
        "The proxy must be changed at the same time.",
        behind_proxy=True,
    ),
}


class Storage(Stack):
    """Tables from `fanfare.aws.tables`, and the signing keys."""

    def __init__(self, scope: Construct, id: str, *, settings: DeploymentSettings) -> None:
        super().__init__(
            scope,
            id,
            description="Fanfare: tables, signing keys and user accounts",
            termination_protection=settings.deletion_protection,
            permissions_boundary=boundary(settings),
        )
        self.settings = settings
        # A creation that fails is rolled back, so that it can be repeated; whatever was in use once is kept.
        self.removal_policy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if settings.survives else RemovalPolicy.DESTROY
        self.key = kms.Key.from_key_arn(self, "Key", settings.kms_key_arn) if settings.kms_key_arn else None
        self.access_targets: Mapping[str, AccessTarget] = {
            **{name: target for table in TABLES for name, target in self._table(table).items()},
            **{name: self._secret(secret) for name, secret in SECRETS.items()},
            "key": self._key(),
        }
        # Also with an issuer of the deployer's own: see `_export`.
        self.accounts = Accounts(self, "Accounts", settings=settings, removal_policy=self.removal_policy)
        self._export(*self.accounts.exported)

    def _export(self, *values: str) -> None:
        """Export values under the names that the CDK gives to what the service stack uses, whether it does or not.

        This stack is deployed first, and CloudFormation refuses to remove or change an export that the deployed
        service stack still imports. So no setting may take one away.
        """
        for value in values:
            self.export_value(value)

    def _table(self, table: TableSpec) -> dict[str, AccessTarget]:
        made = dynamodb.Table(
            self,
            pascal(table.name),
            partition_key=_attribute("pk"),
            sort_key=_attribute("sk"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED if self.key else dynamodb.TableEncryption.AWS_MANAGED,
            encryption_key=self.key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="ttl",
            removal_policy=self.removal_policy,
            deletion_protection=self.settings.deletion_protection,
        )
        self._export(made.table_name, made.table_arn)
        for index in table.indexes:
            made.add_global_secondary_index(**_index(index))
        CfnOutput(self, f"{pascal(table.name)}TableName", value=made.table_name)
        return {
            table.name: AccessTarget((made.table_arn,), {f"FANFARE_{table.name.upper()}_TABLE": made.table_name}),
            **{
                f"{table.name}.{index.name}": AccessTarget((f"{made.table_arn}/index/{index.name}",))
                for index in table.indexes
            },
        }

    def _secret(self, spec: Secret) -> AccessTarget:
        secret = secretsmanager.Secret(
            self,
            spec.id,
            description=f"Fanfare: key id → key; {spec.purpose}",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template="{}",  # noqa: S106 - empty; Secrets Manager adds a random key
                generate_string_key="k1",
                password_length=64,
                exclude_punctuation=True,
            ),
            encryption_key=self.key,
            removal_policy=self.removal_policy,
        )
        suppress_nag(secret, "AwsSolutions-SMG4", spec.kept)
        self._export(secret.secret_arn)
        if spec.behind_proxy and not self.settings.public_url:
            return AccessTarget()
        return AccessTarget((secret.secret_arn,), {spec.variable: secret.secret_arn})

    def _key(self) -> AccessTarget:
        """The deployer's own KMS key, usable only through the services whose data it encrypts."""
        if not self.key:
            return AccessTarget()
        through = [f"{service}.{self.region}.{self.url_suffix}" for service in ("dynamodb", "secretsmanager")]
        return AccessTarget((self.key.key_arn,), conditions={"StringEquals": {"kms:ViaService": through}})


def boundary(settings: DeploymentSettings) -> PermissionsBoundary | None:
    """The permissions boundary of all roles of a stack."""
    return PermissionsBoundary.from_name(settings.permissions_boundary) if settings.permissions_boundary else None


def _attribute(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=TEXT)


def _index(index: Index) -> dict[str, Any]:
    keys = {"index_name": index.name, "partition_key": _attribute(index.hash), "sort_key": _attribute(index.range)}
    if index.include:
        return {**keys, "projection_type": dynamodb.ProjectionType.INCLUDE, "non_key_attributes": [*index.include]}
    return {**keys, "projection_type": dynamodb.ProjectionType.KEYS_ONLY}
