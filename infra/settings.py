"""What a deployment decides, read from CDK context: `cdk deploy --context stage=prod`, or `context` in cdk.json."""

from __future__ import annotations

import json
import re
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from constructs import Node
from email_validator import EmailNotValidError, validate_email
from fanfare.channels import CHANNELS
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

# The retentions that CloudWatch Logs knows:
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LogRetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653]


DOMAIN: Final = r"^[a-z0-9-]+(\.[a-z0-9-]+)+$"
UNPROTECTED: Final = frozenset({"dev", "local"})  # deleting is daily work there
STAGES: Final = Path(__file__).parent.parent / "stages"
LOOPBACK: Final = r"http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?"
ORIGIN: Final = rf"(https://[a-z0-9.-]+(:[0-9]{{1,5}})?|{LOOPBACK})"


def _listed(value: object) -> object:
    """`--context` gives text: words between commas."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def _parsed(value: object) -> object:
    """`--context` gives text: JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError("it is not JSON") from None


def _channel(value: str) -> str:
    if value not in CHANNELS:
        raise ValueError(f"the channels are {', '.join(CHANNELS)}")
    return value


class UserLimit(BaseModel):
    """How much one user may get on a channel, across all topics; in the shape of a topic's own limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: int = Field(ge=1, le=1_000_000)
    per_seconds: int = Field(ge=1, le=31_622_400)
    overflow: Literal["drop", "defer"]


class SettingsError(ValueError):
    """The context cannot be deployed; the message names each field and its cure."""


class DeploymentSettings(BaseModel):
    """Every field has a default that works: a deployment without any context is a complete one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stage: str = Field(
        "dev",
        pattern=r"^[a-z][a-z0-9-]{0,15}$",
        description="name of this deployment, part of the stacks' names: lower case, up to 16 characters",
    )
    sender: str = Field(
        "Fanfare <no-reply@example.com>",
        max_length=320,
        description="whom e-mail comes from: an address, or `Name <address>`",
    )
    sender_domain: str | None = Field(
        None,
        pattern=DOMAIN,
        description="the sender's domain, to be verified as a whole (DKIM) instead of the one address",
    )
    mail_from_domain: str | None = Field(
        None,
        pattern=DOMAIN,
        description="a subdomain of sender_domain, as bounce.shop.example, that mail is returned to; "
        "it aligns SPF with the sender and must receive no other mail",
    )
    dmarc_policy: Literal["none", "quarantine", "reject"] | None = Field(
        None,
        description="make the DMARC record of sender_domain in the hosted zone, with this policy: none (watch only), "
        "quarantine or reject; leave it out where there is one already",
    )
    hosted_zone_id: str | None = Field(
        None,
        pattern=r"^Z[A-Z0-9]{1,31}$",
        description="the Route 53 zone in which the records of sender_domain, mail_from_domain and public_domain are "
        "made, as Z0123456789ABC; without, they are printed as outputs",
    )
    hosted_zone_name: str | None = Field(None, pattern=DOMAIN, description="the name of that zone, as shop.example")
    local: bool = Field(False, description="deploy onto an emulator on this machine, over http: only with stage=local")
    bundle: bool = Field(
        True, description="put the third-party packages into their layer; false leaves it empty: only for tests"
    )
    stale_after_seconds: int = Field(120, ge=1, le=86_400, description="unsettled for so long is overdue: 1 to 86400")
    backoff_seconds: int = Field(
        30, ge=1, le=3_600, description="base of the exponential backoff between attempts: 1 to 3600"
    )
    max_attempts: int = Field(8, ge=1, le=100, description="attempts at a batch before it is failed: 1 to 100")
    doubt_grace_seconds: int = Field(
        120, ge=1, le=86_400, description="how long an unknown outcome waits for the provider's event: 1 to 86400"
    )
    retention_days: int = Field(30, ge=1, le=3_650, description="how long messages and deliveries are kept: 1 to 3650")
    log_retention_days: LogRetentionDays = Field(
        30, description="how long logs are kept: a number of days that CloudWatch Logs knows, such as 7, 30 or 365"
    )
    max_concurrency: int = Field(
        10, ge=2, le=1_000, description="functions at work on one queue at once: 2 to 1000, as SQS allows"
    )
    requests_per_second: int = Field(
        100, ge=1, le=10_000, description="what the internal API takes in the long run: 1 to 10000"
    )
    requests_burst: int = Field(200, ge=1, le=5_000, description="what it takes at once: 1 to 5000")
    public_url: str | None = Field(
        None,
        pattern=rf"^{ORIGIN}$",
        description="where people reach the public API, if something of yours stands before it: https://host, "
        "without a path",
    )
    source_header: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        description="the header in which what stands at public_url names the address of who calls it, as "
        "`X-Real-IP`, overwriting what came in it; without, all who sign up share one allowance there",
    )
    public_domain: str | None = Field(
        None, pattern=DOMAIN, description="a name of its own for the public API, as notify.shop.example"
    )
    public_certificate_arn: str | None = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$",
        description="the certificate of public_domain, in the region of the deployment: "
        "arn:aws:acm:<region>:<account>:certificate/<id>",
    )
    kms_key_arn: str | None = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$",
        description="a key of yours, in the region of the deployment, for the tables and the signing keys: "
        "arn:aws:kms:<region>:<account>:key/<id>; queues and logs hold ids alone and stay with AWS's own keys",
    )
    permissions_boundary: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9+=,.@_-]{1,128}$",
        description="a managed policy of the account, by its name, that bounds every role of the deployment",
    )
    cors_origins: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=rf"^{ORIGIN}$")], ...], BeforeValidator(_listed)
    ] = Field((), description="web pages that may call the public API: origins as https://app.example, between commas")
    sign_ups_per_second: int = Field(
        5, ge=1, le=1_000, description="what POST /v1/subscriptions takes of everybody together: 1 to 1000"
    )
    sign_ups_burst: int = Field(20, ge=1, le=1_000, description="what it takes at once: 1 to 1000")
    oidc_issuer: str | None = Field(
        None,
        pattern=r"^https://[^\s?#]+$",
        description="who issues the tokens of people, instead of a Cognito user pool of our own: https://issuer",
    )
    oidc_audience: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        (), description="whom the issuer's tokens must be made for: client ids, between commas"
    )
    user_id_claim: str = Field(
        "sub", pattern=r"^[A-Za-z0-9_:./-]{1,128}$", description="the claim of a token that is the user's id, as `sub`"
    )
    login_urls: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=rf"^{ORIGIN}/\S*$")], ...], BeforeValidator(_listed)
    ] = Field(
        ("http://localhost:3000/",),
        min_length=1,
        description="where the login page of our user pool may lead back to: URLs with a path, between commas",
    )
    self_sign_up: bool = Field(False, description="whether people may make an account in our user pool by themselves")
    operations_email: str | None = Field(
        None,
        pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
        max_length=320,
        description="who is told when an alarm rings: an address, which has to confirm; nobody where left out",
    )
    delivery_receipts: bool = Field(
        True, description="have SES report each mail that arrived; without, bounces and complaints alone"
    )
    delivery_events: bool = Field(
        True, description="tell the event bus of every recipient; without, of whole messages alone"
    )
    push_fcm_application_arn: str | None = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:app/GCM/[A-Za-z0-9_.-]+$",
        description="SNS platform application for Android and the web: arn:aws:sns:<region>:<account>:app/GCM/<name>",
    )
    push_apns_application_arn: str | None = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:app/APNS(_SANDBOX)?/[A-Za-z0-9_.-]+$",
        description="SNS platform application for iOS: arn:aws:sns:<region>:<account>:app/APNS/<name>",
    )
    user_limits: Annotated[dict[Annotated[str, AfterValidator(_channel)], UserLimit], BeforeValidator(_parsed)] = Field(
        {},
        description="how much a user gets at most, by channel, across all topics, as "
        '{"email": {"count": 3, "per_seconds": 3600, "overflow": "defer"}}; overflow may also be "drop"',
    )
    piece_prices: Annotated[
        dict[Annotated[str, AfterValidator(_channel)], Annotated[float, Field(ge=0, le=100)]], BeforeValidator(_parsed)
    ] = Field(
        {},
        description="what you pay for a piece, by channel, in dollars, for the estimates of dry runs: "
        '{"sms": 0.075, "email": 0.0001}; list prices where left out',
    )
    webhook_allowed: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+:[0-9]{1,5}$")], ...], BeforeValidator(_listed)
    ] = Field((), description="endpoints on this machine that webhooks may go to: host:port, only with stage=local")

    @field_validator("log_retention_days", mode="before")
    @classmethod
    def _as_number(cls, value: object) -> object:
        """`--context` gives text, and a Literal takes none of it for a number."""
        return int(value) if isinstance(value, str) and value.isdecimal() else value

    @field_validator("sender")
    @classmethod
    def _has_an_address(cls, value: str) -> str:
        address = parseaddr(value)[1]
        try:
            validate_email(address, check_deliverability=False, allow_smtputf8=False)
        except EmailNotValidError as error:
            raise ValueError(str(error).rstrip(".")) from None
        # parseaddr finds something in almost everything
        if "\n" in value or not (value == address or value.endswith(f"<{address}>")):
            raise ValueError("no e-mail address in it")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        domain = self.sender_address.rpartition("@")[2].lower()
        if f".{domain}".endswith(".example.com") and self.protected:
            raise ValueError(
                f"sender: {self.sender!r} is nobody's; give an address of yours in stages/{self.stage}.json"
            )
        if self.sender_domain and not f".{domain}".endswith(f".{self.sender_domain}"):
            raise ValueError(f"sender_domain: {self.sender_domain!r} is not the domain of the sender, {domain!r}")
        if self.local and self.stage != "local":
            raise ValueError("local: only the stage `local` may do without TLS; pass stage=local, or leave it out")
        if self.webhook_allowed and self.stage != "local":
            raise ValueError("webhook_allowed: only the stage `local` may write to this machine; leave it out")
        _subdomain("mail_from_domain", self.mail_from_domain, "sender_domain", self.sender_domain)
        if self.dmarc_policy and not (self.sender_domain and self.hosted_zone_id):
            raise ValueError(
                "dmarc_policy: the record needs sender_domain and a hosted zone; give them, or leave it out"
            )
        if bool(self.hosted_zone_id) != bool(self.hosted_zone_name):
            raise ValueError("hosted_zone_id, hosted_zone_name: give both, or neither to make the records yourself")
        if self.hosted_zone_name and not any(map(self.in_zone, (self.sender_domain, self.public_domain))):
            raise ValueError("hosted_zone_name: neither sender_domain nor public_domain lies in it; leave it out")
        if bool(self.public_domain) != bool(self.public_certificate_arn):
            raise ValueError("public_domain, public_certificate_arn: give both, or neither for the gateway's own name")
        if self.public_domain and self.public_url:
            raise ValueError("public_url: it is https:// and public_domain; leave one of them out")
        if (self.public_url or "https:").startswith("http:") and self.stage != "local":
            raise ValueError("public_url: only the stage `local` may do without TLS; give https://host")
        if self.source_header and not self.public_url:
            raise ValueError("source_header: anybody could write it where nothing stands before the API; leave it out")
        if bool(self.oidc_issuer) != bool(self.oidc_audience):
            raise ValueError("oidc_issuer, oidc_audience: give both, or neither for a user pool of our own")
        return self

    @classmethod
    def from_context(cls, node: Node) -> Self:
        """Those of the stage's file, `stages/<stage>.json`, and over them what `--context` says.

        Our settings are snake_case words; flags and caches of the CDK have `:`, `/` or `-` in their names.
        """
        context: dict[str, Any] = {key: value for key, value in node.get_all_context().items() if key.isidentifier()}
        try:
            return cls.model_validate(_of_the_stage(str(context.get("stage", "dev"))) | context)
        except ValidationError as error:
            raise SettingsError(_cures(error)) from None

    def in_zone(self, domain: str | None) -> bool:
        """Whether its records are made in the hosted zone."""
        return bool(domain and self.hosted_zone_name and f".{domain}".endswith(f".{self.hosted_zone_name}"))

    @property
    def sender_address(self) -> str:
        """The bare address of the sender."""
        return parseaddr(self.sender)[1]

    @property
    def user_limits_json(self) -> str:
        """As the functions read it."""
        return json.dumps({channel: limit.model_dump() for channel, limit in self.user_limits.items()})

    @property
    def survives(self) -> bool:
        """Data outlives the stack, everywhere but on the emulator."""
        return self.stage != "local"

    @property
    def protected(self) -> bool:
        """Nobody deletes data by mistake, save where deleting is daily work."""
        return self.stage not in UNPROTECTED


def _subdomain(name: str, domain: str | None, of: str, parent: str | None) -> None:
    if domain and not (parent and domain.endswith(f".{parent}")):
        raise ValueError(f"{name}: {domain!r} is no subdomain of {of}, {parent!r}; give one, as bounce.shop.example")


def _of_the_stage(stage: str) -> dict[str, Any]:
    """What `stages/<stage>.json` says. Only the unprotected do without one: of any other it may be a slip."""
    file = STAGES / f"{stage}.json"
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,15}", stage):
        return {}  # the model says what is wrong with it
    if not file.is_file():
        if stage in UNPROTECTED:
            return {}
        there = ", ".join(sorted({*UNPROTECTED, *(found.stem for found in STAGES.glob("*.json"))} - {"example"}))
        raise SettingsError(
            f"stage: there is no stages/{stage}.json. Give one of {there}; or begin {stage} with a copy of "
            "stages/example.json."
        )
    try:
        settings: Any = json.loads(file.read_text())
    except ValueError as error:
        raise SettingsError(f"stages/{stage}.json is not JSON: {error}. Give an object of settings.") from None
    if not isinstance(settings, dict):
        raise SettingsError(f"stages/{stage}.json is no object. Give the settings by their names.")
    return settings | {"stage": stage}


def _cures(error: ValidationError) -> str:
    """One line a mistake: the field, what is wrong with it, what would be right."""
    lines = []
    for mistake in error.errors():
        field = str(mistake["loc"][0]) if mistake["loc"] else ""
        reason = mistake["msg"].removeprefix("Value error, ")
        if field in DeploymentSettings.model_fields:
            cure = DeploymentSettings.model_fields[field].description
            lines.append(f"{field}: {mistake['input']!r} is refused ({reason}). Give {cure}.")
        elif field:
            lines.append(f"{field}: unknown. Give one of {', '.join(DeploymentSettings.model_fields)}.")
        else:
            lines.append(f"{reason}.")
    return "\n".join(["The context is not deployable:", *lines])
