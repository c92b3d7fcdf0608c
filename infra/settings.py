"""What a deployment decides, read from CDK context: `cdk deploy --context stage=prod`, or `context` in cdk.json."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any, Literal, Self

from constructs import Node
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

# The retentions that CloudWatch Logs knows:
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LogRetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653]


class SettingsError(ValueError):
    """The context cannot be deployed; the message names each field and its cure."""


class Settings(BaseModel):
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
        pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$",
        description="the sender's domain, to be verified as a whole (DKIM) instead of the one address",
    )
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

    @field_validator("log_retention_days", mode="before")
    @classmethod
    def _as_number(cls, value: object) -> object:
        """`--context` gives text, and a Literal takes none of it for a number."""
        return int(value) if isinstance(value, str) and value.isdecimal() else value

    @field_validator("sender")
    @classmethod
    def _has_an_address(cls, value: str) -> str:
        local, _, domain = parseaddr(value)[1].rpartition("@")
        if not (local and "." in domain) or "\n" in value:
            raise ValueError("no e-mail address in it")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        domain = self.sender_address.rpartition("@")[2].lower()
        if self.sender_domain and not f".{domain}".endswith(f".{self.sender_domain}"):
            raise ValueError(f"sender_domain: {self.sender_domain!r} is not the domain of the sender, {domain!r}")
        if self.local and self.stage != "local":
            raise ValueError("local: only the stage `local` may do without TLS; pass stage=local, or leave it out")
        return self

    @classmethod
    def from_context(cls, node: Node) -> Self:
        """Our settings are snake_case words; flags and caches of the CDK have `:`, `/` or `-` in their names."""
        context: dict[str, Any] = node.get_all_context()
        try:
            return cls.model_validate({key: value for key, value in context.items() if key.isidentifier()})
        except ValidationError as error:
            raise SettingsError(_cures(error)) from None

    @property
    def sender_address(self) -> str:
        """The bare address of the sender."""
        return parseaddr(self.sender)[1]

    @property
    def survives(self) -> bool:
        """Data outlives the stack, everywhere but on the emulator."""
        return self.stage != "local"

    @property
    def protected(self) -> bool:
        """Nobody deletes data by mistake, save where deleting is daily work."""
        return self.stage not in {"dev", "local"}


def _cures(error: ValidationError) -> str:
    """One line a mistake: the field, what is wrong with it, what would be right."""
    lines = []
    for mistake in error.errors():
        field = str(mistake["loc"][0]) if mistake["loc"] else ""
        reason = mistake["msg"].removeprefix("Value error, ")
        if field in Settings.model_fields:
            cure = Settings.model_fields[field].description
            lines.append(f"{field}: {mistake['input']!r} is refused ({reason}). Give {cure}.")
        elif field:
            lines.append(f"{field}: unknown. Give one of {', '.join(Settings.model_fields)}.")
        else:
            lines.append(f"{reason}.")
    return "\n".join(["The context is not deployable:", *lines])
