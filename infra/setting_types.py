"""Types of the settings: patterns, converters of context strings; and the settings that bound cost and access."""

from __future__ import annotations

import json
from typing import Annotated, Final, Literal, Self

from fanfare.channels import CHANNELS
from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

# Retention periods of CloudWatch Logs:
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LogRetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653]

DOMAIN: Final = r"^[a-z0-9-]+(\.[a-z0-9-]+)+$"
ADDRESS: Final = r"^[!#-'*+/-9=?A-Z^-~.-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+$"
LOOPBACK: Final = r"http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?"
STAGE: Final = r"^[a-z]([a-z0-9-]{0,14}[a-z0-9])?$"
RESERVED: Final = ("aws", "amazon", "cognito")
EVERYWHERE: Final = "all"
# As API Gateway names callers, without the session
NAME_OF_IAM: Final = "[A-Za-z0-9+=,.@_-]"
PRINCIPAL: Final = (
    rf"^arn:aws[a-z-]*:(sts::[0-9]{{12}}:assumed-role/{NAME_OF_IAM}+|iam::[0-9]{{12}}:user/[A-Za-z0-9+=,.@_/-]+)$"
)
ORIGIN: Final = rf"(https://[a-z0-9.-]+(:[0-9]{{1,5}})?|{LOOPBACK})"


def split(value: object) -> object:
    """`--context` passes strings: split at commas."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def parse_json(value: object) -> object:
    """`--context` passes strings: parse as JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError("invalid JSON") from None


def known_channel(value: str) -> str:
    if value not in CHANNELS:
        raise ValueError(f"unknown channel {value!r}; must be one of {', '.join(CHANNELS)}")
    return value


def not_reserved(stage: str) -> str:
    """The login page's domain contains the stage, and Cognito refuses domains with these words."""
    if word := next((word for word in RESERVED if word in stage), None):
        raise ValueError(f"contains {word!r}, which Cognito refuses in the domain of the login page")
    return stage


class UserLimit(BaseModel):
    """Rate limit per user on a channel, across all topics; same fields as a topic's limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: int = Field(ge=1, le=1_000_000)
    per_seconds: int = Field(ge=1, le=31_622_400)
    overflow: Literal["drop", "defer"]


def known_country(value: str) -> str:
    if value != EVERYWHERE and value not in SUPPORTED_REGIONS:
        raise ValueError(f"unknown country {value!r}; must be two capital letters (ISO 3166), e.g. AT or GB")
    return value


class Basics(BaseModel):
    """The settings that every deployment has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stage: Annotated[str, AfterValidator(not_reserved)] = Field(
        "dev",
        pattern=STAGE,
        description="Name of the deployment, part of the stack names: lower case, up to 16 characters, without the "
        "words aws, amazon and cognito",
    )
    sender: str = Field(
        "Fanfare <no-reply@example.com>",
        max_length=320,
        description="From address: an address or `Name <address>`",
    )
    senders: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=ADDRESS)], ...], BeforeValidator(split), Field(max_length=50)
    ] = Field(
        (),
        description="Senders that a message can name besides its topic's: addresses in sender_domain, comma-separated",
    )


class Mail(Basics):
    """The settings of the sender's identity in SES."""

    sender_domain: str | None = Field(
        None,
        pattern=DOMAIN,
        description="Domain of the sender: verify the whole domain (DKIM) instead of only the address",
    )
    sender_identity: Literal["create", "existing"] = Field(
        "create",
        description="create: the deployment creates the SES identity of sender_domain or sender. existing: SES has it "
        "already, by hand or from another stage or system, and its records are yours to keep",
    )
    shared_pool: Literal["regional", "global"] = Field(
        "regional",
        description="regional: SES's shared addresses of your region send the mail. global: also those of other "
        "regions, if mail arrives better from there, so that addresses and contents leave the region",
    )
    mail_from_domain: str | None = Field(
        None,
        pattern=DOMAIN,
        description="MAIL FROM domain for bounces: a subdomain of sender_domain, e.g. bounce.shop.example. "
        "It aligns SPF with the sender and must not receive other mail",
    )
    dmarc_policy: Literal["none", "quarantine", "reject"] | None = Field(
        None,
        description="Create the DMARC record of sender_domain in the zone, with this policy: none (monitor only), "
        "quarantine or reject. Leave it out if the domain already has one",
    )
    hosted_zone_id: str | None = Field(
        None,
        pattern=r"^Z[A-Z0-9]{1,31}$",
        description="Route 53 zone for the records of sender_domain, mail_from_domain and public_domain, e.g. "
        "Z0123456789ABC. If unset, the records are only printed as outputs",
    )
    hosted_zone_name: str | None = Field(None, pattern=DOMAIN, description="Name of that zone, e.g. shop.example")

    @model_validator(mode="after")
    def _identity_fits(self) -> Self:
        parent = self.sender_domain
        if self.mail_from_domain and not (parent and self.mail_from_domain.endswith(f".{parent}")):
            raise ValueError(
                f"mail_from_domain: {self.mail_from_domain!r} is not a subdomain of sender_domain ({parent!r}). Set "
                "one, e.g. bounce.shop.example"
            )
        if self.mail_from_domain and self.sender_identity == "existing":
            raise ValueError(
                "mail_from_domain: belongs to the identity, which the deployment does not create (sender_identity). "
                "Set it in SES instead"
            )
        if self.dmarc_policy and not (self.sender_domain and self.hosted_zone_id):
            raise ValueError("dmarc_policy: requires sender_domain and a hosted zone. Set them or remove dmarc_policy")
        return self


# Claims of the user pool's tokens that a person can't change
OF_THE_POOL: Final = ("sub", "cognito:username", "username")
# Claims that people choose themselves at most issuers, and those that they choose at some.
# https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims, and 5.7: only `sub` identifies a person
CHOSEN: Final = frozenset(
    {
        *("name", "given_name", "family_name", "middle_name", "nickname", "profile", "picture", "website", "gender"),
        *("birthdate", "zoneinfo", "locale", "address", "updated_at", "email_verified", "phone_number_verified"),
    }
)
DOUBTFUL: Final = frozenset({"preferred_username", "email", "phone_number"})


class Guards(Mail):
    """The settings that bound what others can cost, and who can see what."""

    sms_countries: Annotated[tuple[Annotated[str, AfterValidator(known_country)], ...], BeforeValidator(split)] = Field(
        (),
        description="Countries that texts are sent to: two-letter codes, comma-separated, e.g. AT,DE, or `all`. "
        "Default: none, so name your own",
    )
    sms_max_price: float = Field(
        0.5, gt=0, le=100, description="Most that one text can cost, in US dollars: SNS does not send a dearer one"
    )
    sms_spend_alarm: float = Field(
        20, gt=0, le=1_000_000, description="Cost of the texts of a month at which an alarm fires, in US dollars"
    )
    codes_per_hour: int = Field(
        100,
        ge=1,
        le=100_000,
        description="Confirmation codes by text per hour, for all users together: 1 to 100000",
    )
    public_directory: bool = Field(
        True, description="Show public topics to everybody, with a page to sign up at the public URL"
    )
    own_messages_only: bool = Field(
        False,
        description="Whether a service can only read, cancel and redrive its own messages; true: others are not found",
    )
    message_overseers: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=PRINCIPAL)], ...], BeforeValidator(split)
    ] = Field(
        (),
        description="Roles and users that see the messages of all services despite own_messages_only: "
        "arn:aws:sts::<account>:assumed-role/<role> or arn:aws:iam::<account>:user/<name>, comma-separated",
    )
    audit_retention_days: LogRetentionDays = Field(
        365,
        description="Days to keep the audit trail, the log of the internal API: a value of CloudWatch Logs, e.g. 365",
    )
    origin_header: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        description="Header in which your proxy at public_url proves that a request came through it, e.g. "
        "`X-Origin-Key`; its value is a key of the secret OriginKeys. Other requests are refused",
    )
    oidc_issuer: str | None = Field(
        None,
        pattern=r"^https://[^\s?#]+$",
        description="Issuer of your users' tokens, instead of a Cognito user pool: https://issuer",
    )
    oidc_audience: Annotated[tuple[str, ...], BeforeValidator(split)] = Field(
        (), description="Accepted audiences of the tokens: client ids, comma-separated"
    )
    user_id_claim: str = Field(
        "sub", pattern=r"^[A-Za-z0-9_:./-]{1,128}$", description="Token claim that contains the user's id, e.g. `sub`"
    )

    @model_validator(mode="after")
    def _people_can_not_choose_who_they_are(self) -> Self:
        if bool(self.oidc_issuer) != bool(self.oidc_audience):
            raise ValueError("oidc_issuer, oidc_audience: set both, or neither to use a Cognito user pool")
        if not self.oidc_issuer and self.user_id_claim not in OF_THE_POOL:
            raise ValueError(
                f"user_id_claim: people can write {self.user_id_claim!r} in the user pool themselves, and take over "
                f"other people's data. Use one of {', '.join(OF_THE_POOL)}"
            )
        if self.user_id_claim in CHOSEN:
            raise ValueError(
                f"user_id_claim: people choose {self.user_id_claim!r} themselves, and could take over other people's "
                "data. Use `sub`, or a claim that only the issuer can write"
            )
        return self

    @property
    def warnings(self) -> tuple[str, ...]:
        """What may be right, but should be looked at before a deployment."""
        claim = self.user_id_claim
        if claim not in DOUBTFUL and not claim.startswith("custom:"):
            return ()
        return (
            f"user_id_claim: at some issuers people can change {claim!r} themselves. Make sure that yours does not "
            "allow it (for Amazon Cognito: no write permission of any app client, and a verified value), or use `sub`.",
        )
