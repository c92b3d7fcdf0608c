"""The sender of e-mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from aws_cdk import CfnResource, RemovalPolicy, Stack
from aws_cdk import aws_ses as ses
from constructs import Construct

from ..settings import DeploymentSettings
from .access_target import AccessTarget
from .zone import Record, Zone


class Sender(Construct):
    """The SES identity, the DNS records that verify it, and the configuration set of its mail."""

    def __init__(self, scope: Construct, id: str, *, settings: DeploymentSettings, zone: Zone) -> None:
        super().__init__(scope, id)
        self.rules = _configuration_set(self)
        if settings.sender_identity == "create":
            identity = self._identity(settings)
            if settings.sender_domain:
                for record in _records(settings.sender_domain, identity, settings):
                    zone.add(record)
        name = self.rules.configuration_set_name
        rules_arn = Stack.of(self).format_arn(service="ses", resource="configuration-set", resource_name=name)
        domain = settings.sender_domain
        own = {"StringEqualsIfExists": {"ses:FromAddress": settings.sender_address}}
        in_domain = {"StringLikeIfExists": {"ses:FromAddress": [f"*@{domain}", f"*@*.{domain}"]}}
        listed = {"FANFARE_SENDERS": ",".join(settings.senders)} if settings.senders else {}
        asked_for: dict[str, Any] = {
            "arns": tuple(
                Stack.of(self).format_arn(service="ses", resource=kind, resource_name="*")
                for kind in ("identity", "template")
            ),
            "environment": {"FANFARE_SENDER": settings.sender},
            "wildcard_reason": "SES also asks about the identity of a recipient, which can be any of the account.",
        }
        self.access_targets: Mapping[str, AccessTarget] = {
            # SES asks IAM not only about the sender's identity. It asks about the address of a recipient, too, if that
            # is an identity of the account (the usual case in the sandbox), and about the template of a bulk call.
            # https://github.com/cloudposse/terraform-aws-ses/issues/40
            # The condition keeps functions from writing as anybody else. The key has the address without the name, and
            # is compared as it is spelled. `IfExists`, because the reference does not list it for SendBulkEmail;
            # SendBulkTemplatedEmail, which SES checks as well, has it.
            # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonses.html
            "sender": AccessTarget(conditions=own, **asked_for),
            # topics have senders of their own, in the domain that is verified
            "senders": AccessTarget(conditions=in_domain if domain else own, **asked_for),
            "sender_rules": AccessTarget(environment=({"FANFARE_SENDER_DOMAIN": domain} if domain else {}) | listed),
            "configuration_set": AccessTarget((rules_arn,), {"FANFARE_CONFIGURATION_SET": name}),
        }

    def _identity(self, settings: DeploymentSettings) -> ses.EmailIdentity:
        identity = ses.EmailIdentity(
            self,
            "Identity",
            identity=ses.Identity.domain(settings.sender_domain)
            if settings.sender_domain
            else ses.Identity.email(settings.sender_address),
            mail_from_domain=settings.mail_from_domain,
        )
        # Other senders of the account may use it: it stays when this stack goes.
        identity.apply_removal_policy(
            RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if settings.survives else RemovalPolicy.DESTROY
        )
        return identity


def _configuration_set(scope: Construct) -> ses.ConfigurationSet:
    rules = ses.ConfigurationSet(
        scope,
        "Rules",
        reputation_metrics=True,
        tls_policy=ses.ConfigurationSetTlsPolicy.REQUIRE,
        suppression_reasons=ses.SuppressionReasons.BOUNCES_AND_COMPLAINTS,
    )
    # Otherwise the account's setting counts: SES would silently drop mail to addresses that it doubts, and charge for
    # each check. https://docs.aws.amazon.com/ses/latest/dg/email-validation-auto.html
    cast(CfnResource, rules.node.default_child).add_property_override(
        "SuppressionOptions.ValidationOptions.ConditionThreshold.ConditionThresholdEnabled", "DISABLED"
    )
    return rules


def _records(domain: str, identity: ses.EmailIdentity, settings: DeploymentSettings) -> list[Record]:
    """DKIM for the domain, SPF and MX for the MAIL FROM domain, and DMARC for the policy.

    https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html, …/dg/mail-from.html
    """
    records = [
        Record(f"Dkim{number}", domain, "CNAME", dkim.value, name=dkim.name)
        for number, dkim in enumerate(identity.dkim_records, start=1)
    ]
    if bounces := settings.mail_from_domain:
        region = Stack.of(identity).region
        records += [
            Record("MailFrom", bounces, "MX", f"10 feedback-smtp.{region}.amazonses.com"),
            Record("Spf", bounces, "TXT", '"v=spf1 include:amazonses.com ~all"'),
        ]
    # Without a policy, the record is only printed, because the domain may already have one.
    policy = settings.dmarc_policy
    dmarc = f'"v=DMARC1; p={policy or "none"}"'
    return [*records, Record("Dmarc", f"_dmarc.{domain}", "TXT", dmarc, made=bool(policy))]
