"""The settings of a deployment, from `stages/<stage>.json` and the CDK context (`--context name=value`)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, Final, Self

from constructs import Node
from email_validator import EmailNotValidError, validate_email
from fanfare.channels.email import ascii_mailbox
from fanfare.domain.catalogue import AllowedSenders
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from .setting_types import (
    DOMAIN,
    ORIGIN,
    RESERVED,
    STAGE,
    Guards,
    LogRetentionDays,
    UserLimit,
    known_channel,
    parse_json,
    split,
)

# A limit costs two writes per delivery: that is little for a text, and as much as the rest for a mail.
TEXTS_A_DAY: Final = {"sms": UserLimit(count=20, per_seconds=86_400, overflow="drop")}
UNPROTECTED: Final = frozenset({"dev", "local"})  # stages that are deleted often
STAGES: Final = Path(__file__).parent.parent / "stages"


class SettingsError(ValueError):
    """Invalid settings. The message names each field and what to change."""


class DeploymentSettings(Guards):
    """All settings have working defaults: a deployment without any context is complete."""

    local: bool = Field(False, description="Deploy to an emulator on this machine over http; only with stage=local")
    first_deployment: bool = Field(
        False, description="Leave deletion protection off, so that a failed creation can be rolled back"
    )
    bundle: bool = Field(True, description="Build the layers; false leaves them empty, only for tests")
    stale_after_seconds: int = Field(
        120, ge=1, le=86_400, description="Seconds until unfinished work is overdue: 1 to 86400"
    )
    backoff_seconds: int = Field(
        30, ge=1, le=3_600, description="Base of the exponential backoff between attempts, in seconds: 1 to 3600"
    )
    max_attempts: int = Field(8, ge=1, le=100, description="Attempts before a batch fails: 1 to 100")
    doubt_grace_seconds: int = Field(
        120,
        ge=1,
        le=86_400,
        description="Seconds to wait for the provider's event if an outcome is unknown: 1 to 86400",
    )
    retention_days: int = Field(30, ge=1, le=3_650, description="Days to keep messages and deliveries: 1 to 3650")
    log_retention_days: LogRetentionDays = Field(
        30, description="Days to keep logs: a value that CloudWatch Logs supports, e.g. 7, 30 or 365"
    )
    max_concurrency: int = Field(
        5,
        ge=2,
        le=1_000,
        description="Maximum concurrent functions per queue: 2 to 1000 (limits of SQS). All queues and APIs together "
        "must stay below the account's limit, which is 10 in a new account",
    )
    requests_per_second: int = Field(
        100, ge=1, le=10_000, description="Rate limit of each route of the APIs, in requests per second: 1 to 10000"
    )
    requests_burst: int = Field(200, ge=1, le=5_000, description="Burst limit of each route of the APIs: 1 to 5000")
    public_url: str | None = Field(
        None,
        pattern=rf"^{ORIGIN}$",
        description="URL of the public API if it is behind your own proxy: https://host, without a path",
    )
    source_header: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        description="Header in which your proxy at public_url passes the client IP, e.g. `X-Real-IP`. The proxy must "
        "overwrite it. If unset, all sign-ups through the proxy share one rate limit",
    )
    public_domain: str | None = Field(
        None, pattern=DOMAIN, description="Custom domain of the public API, e.g. notify.shop.example"
    )
    public_certificate_arn: str | None = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$",
        description="Certificate of public_domain, in the deployment's region: "
        "arn:aws:acm:<region>:<account>:certificate/<id>",
    )
    kms_key_arn: str | None = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$",
        description="Your KMS key for the tables and the signing keys, in the deployment's region: "
        "arn:aws:kms:<region>:<account>:key/<id>. Queues and logs contain only ids and use AWS keys",
    )
    permissions_boundary: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9+=,.@_-]{1,128}$",
        description="Name (not ARN) of a managed policy to use as permissions boundary for all roles",
    )
    cors_origins: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=rf"^{ORIGIN}$")], ...], BeforeValidator(split)
    ] = Field((), description="Web origins that can call the public API, comma-separated, e.g. https://app.example")
    sign_ups_per_second: int = Field(
        5, ge=1, le=1_000, description="Rate limit of POST /v1/subscriptions, for all callers together: 1 to 1000"
    )
    sign_ups_burst: int = Field(20, ge=1, le=1_000, description="Burst limit of POST /v1/subscriptions: 1 to 1000")
    login_urls: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=rf"^{ORIGIN}/\S*$")], ...], BeforeValidator(split)
    ] = Field(
        ("http://localhost:3000/",),
        min_length=1,
        description="Callback URLs of the user pool's login page: URLs with a path, comma-separated",
    )
    self_sign_up: bool = Field(False, description="Whether people can create their own account in the user pool")
    operations_email: str | None = Field(
        None,
        pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
        max_length=320,
        description="Address that gets the alarms; its owner must confirm. If unset, alarms are not mailed",
    )
    delivery_receipts: bool = Field(
        True, description="Whether SES reports successful deliveries; false: only bounces and complaints"
    )
    delivery_events: bool = Field(
        True,
        description="Whether the event bus gets an event per delivery; false: only for whole messages and bad receipts",
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
    user_limits: Annotated[
        dict[Annotated[str, AfterValidator(known_channel)], UserLimit], BeforeValidator(parse_json)
    ] = Field(
        TEXTS_A_DAY,
        description="Rate limits per user and channel, across all topics: "
        '{"email": {"count": 3, "per_seconds": 3600, "overflow": "defer"}}. `overflow` is "defer" or "drop". Default: '
        "20 texts a day; {} for no limit",
    )
    locale: str = Field(
        "en",
        pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,7}$",
        description="Language of texts that are not translated, and of users without one: a BCP 47 tag, e.g. de-AT",
    )
    time_zone: str = Field(
        "UTC",
        pattern=r"^[A-Za-z0-9+_-]+(/[A-Za-z0-9+_-]+){0,2}$",
        description="Time zone of users without one, e.g. Europe/Vienna",
    )
    piece_prices: Annotated[
        dict[Annotated[str, AfterValidator(known_channel)], Annotated[float, Field(ge=0, le=100)]],
        BeforeValidator(parse_json),
    ] = Field(
        {},
        description="Your prices per piece and channel in US dollars, for the estimates of dry runs: "
        '{"sms": 0.075, "email": 0.0001}. Default: list prices',
    )
    webhook_allowed: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+:[0-9]{1,5}$")], ...], BeforeValidator(split)
    ] = Field((), description="Private endpoints that webhooks can use: host:port; only with stage=local")

    @field_validator("log_retention_days", "audit_retention_days", mode="before")
    @classmethod
    def _as_number(cls, value: object) -> object:
        """`--context` passes strings, and a Literal of numbers does not accept strings."""
        return int(value) if isinstance(value, str) and value.isdecimal() else value

    @field_validator("sender")
    @classmethod
    def _has_an_address(cls, value: str) -> str:
        address = parseaddr(value)[1]
        try:
            validate_email(address, check_deliverability=False, allow_smtputf8=False)
        except EmailNotValidError as error:
            raise ValueError(str(error).rstrip(".")) from None
        # parseaddr finds an address in almost any string
        if "\n" in value or not (value == address or value.endswith(f"<{address}>")):
            raise ValueError("must be an address or `Name <address>`")
        return value

    @model_validator(mode="after")
    def _sender_and_stage_fit(self) -> Self:
        domain = self.sender_address.rpartition("@")[2].lower()
        if f".{domain}".endswith(".example.com") and self.protected:
            raise ValueError(f"sender: {self.sender!r} is a placeholder. Set your address in stages/{self.stage}.json")
        if self.sender_domain and not f".{domain}".endswith(f".{self.sender_domain}"):
            raise ValueError(
                f"sender_domain: {self.sender_domain!r} is not the sender's domain {domain!r} or a parent of it"
            )
        if self.local and self.stage != "local":
            raise ValueError("local: only allowed for the stage `local`. Set stage=local or remove local")
        if self.webhook_allowed and self.stage != "local":
            raise ValueError("webhook_allowed: only allowed for the stage `local`. Remove it")
        return self

    @model_validator(mode="after")
    def _senders_are_covered(self) -> Self:
        for address in self.senders:
            if not AllowedSenders(own=self.sender_address, domain=self.sender_domain).covers(address):
                raise ValueError(f"senders: {address!r} is neither the sender nor in sender_domain, which SES verifies")
        return self

    @model_validator(mode="after")
    def _domains_and_identity_fit(self) -> Self:
        if bool(self.hosted_zone_id) != bool(self.hosted_zone_name):
            raise ValueError("hosted_zone_id, hosted_zone_name: set both, or neither to create the records yourself")
        if self.hosted_zone_name and not any(map(self.in_zone, (self.sender_domain, self.public_domain))):
            raise ValueError("hosted_zone_name: neither sender_domain nor public_domain is in this zone. Remove it")
        if bool(self.public_domain) != bool(self.public_certificate_arn):
            raise ValueError("public_domain, public_certificate_arn: set both, or neither to use API Gateway's domain")
        if self.public_domain and self.public_domain == self.hosted_zone_name:
            raise ValueError(
                f"public_domain: {self.public_domain!r} is the zone itself, which can't be a CNAME. Use a subdomain, "
                f"e.g. notify.{self.public_domain}"
            )
        if self.public_domain and self.public_url:
            raise ValueError("public_url: conflicts with public_domain, which sets the URL. Remove one of them")
        if (self.public_url or "https:").startswith("http:") and self.stage != "local":
            raise ValueError("public_url: http:// is only allowed for the stage `local`. Use https://host")
        for name in ("source_header", "origin_header"):
            if getattr(self, name) and not self.public_url:
                raise ValueError(
                    f"{name}: requires public_url, because without a proxy clients could forge it. Remove it"
                )
        if self.source_header and not self.origin_header:
            raise ValueError(
                "source_header: requires origin_header, because otherwise clients can call API Gateway past the proxy "
                "and forge it. Set both, or remove it"
            )
        if self.message_overseers and not self.own_messages_only:
            raise ValueError("message_overseers: has no effect without own_messages_only. Set both, or remove it")
        return self

    @classmethod
    def from_context(cls, node: Node) -> Self:
        """The settings from `stages/<stage>.json`, overridden by the context.

        Our settings are snake_case; the CDK's own flags and caches have `:`, `/` or `-` in their names.
        """
        return cls.read({key: value for key, value in node.get_all_context().items() if key.isidentifier()})

    @classmethod
    def read(cls, context: Mapping[str, Any]) -> Self:
        """The settings from `stages/<stage>.json`, overridden by `context`."""
        try:
            return cls.model_validate({**_of_the_stage(str(context.get("stage", "dev"))), **context})
        except ValidationError as error:
            raise SettingsError(_described(error)) from None

    def in_zone(self, domain: str | None) -> bool:
        """Whether the hosted zone contains the domain."""
        return bool(domain and self.hosted_zone_name and f".{domain}".endswith(f".{self.hosted_zone_name}"))

    @property
    def sender_address(self) -> str:
        """The bare address of the sender, in ASCII: what SES verifies and IAM's condition compares."""
        return parseaddr(ascii_mailbox(self.sender))[1]

    @property
    def user_limits_json(self) -> str:
        """The value of the functions' environment variable."""
        return json.dumps({channel: limit.model_dump() for channel, limit in self.user_limits.items()})

    @property
    def survives(self) -> bool:
        """Whether data outlives the stack: everywhere except on the emulator."""
        return self.stage != "local"

    @property
    def protected(self) -> bool:
        """Whether the stage needs a file of its own, and deletion protection."""
        return self.stage not in UNPROTECTED

    @property
    def deletion_protection(self) -> bool:
        """Whether deletion protection is on: from the second deployment on, because it would also stop the rollback of
        a failed creation."""
        return self.protected and not self.first_deployment


def _of_the_stage(stage: str) -> dict[str, Any]:
    """The content of `stages/<stage>.json`. Required for protected stages, because the stage may be mistyped."""
    file = STAGES / f"{stage}.json"
    if not re.fullmatch(STAGE, stage) or any(word in stage for word in RESERVED):
        return {}  # the model reports the invalid name
    if not file.is_file():
        if stage in UNPROTECTED:
            return {}
        there = ", ".join(sorted({*UNPROTECTED, *(found.stem for found in STAGES.glob("*.json"))} - {"example"}))
        raise SettingsError(
            f"stage: stages/{stage}.json does not exist. Use one of {there}, or create it from stages/example.json."
        )
    try:
        settings: Any = json.loads(file.read_text())
    except ValueError as error:
        raise SettingsError(
            f"stages/{stage}.json is not valid JSON: {error}. It must contain an object of settings."
        ) from None
    if not isinstance(settings, dict):
        raise SettingsError(f"stages/{stage}.json must contain a JSON object of settings.")
    return settings | {"stage": stage}


def _described(error: ValidationError) -> str:
    """One line per error: the field, what is wrong, and what is expected."""
    lines = []
    for mistake in error.errors():
        field = str(mistake["loc"][0]) if mistake["loc"] else ""
        reason = mistake["msg"].removeprefix("Value error, ")
        if field in DeploymentSettings.model_fields:
            expected = DeploymentSettings.model_fields[field].description
            lines.append(f"{field}: invalid value {mistake['input']!r} ({reason}). Expected: {expected}.")
        elif field:
            lines.append(f"{field}: unknown setting. The settings are {', '.join(DeploymentSettings.model_fields)}.")
        else:
            lines.append(f"{reason}.")
    return "\n".join(["Invalid settings:", *lines])
