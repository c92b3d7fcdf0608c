"""The sender of e-mail."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Stack
from aws_cdk import aws_ses as ses
from constructs import Construct

from ..settings import DeploymentSettings
from .access_target import AccessTarget
from .zone import Record, Zone


class Sender(Construct):
    """The SES identity, the DNS records that verify it, and the configuration set of its mail."""

    def __init__(self, scope: Construct, id: str, *, settings: DeploymentSettings, zone: Zone) -> None:
        super().__init__(scope, id)
        self.rules = ses.ConfigurationSet(
            self,
            "Rules",
            reputation_metrics=True,
            tls_policy=ses.ConfigurationSetTlsPolicy.REQUIRE,
            suppression_reasons=ses.SuppressionReasons.BOUNCES_AND_COMPLAINTS,
        )
        identity = ses.EmailIdentity(
            self,
            "Identity",
            identity=ses.Identity.domain(settings.sender_domain)
            if settings.sender_domain
            else ses.Identity.email(settings.sender_address),
            mail_from_domain=settings.mail_from_domain,
        )
        if settings.sender_domain:
            for record in _records(settings.sender_domain, identity, settings):
                zone.add(record)
        name = self.rules.configuration_set_name
        rules_arn = Stack.of(self).format_arn(service="ses", resource="configuration-set", resource_name=name)
        self.access_targets: Mapping[str, AccessTarget] = {
            # The identity may be a whole domain: without the condition a function could write as anybody in it. The
            # key has the address without the name, and is compared as it is spelled.
            # https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html
            "sender": AccessTarget(
                (identity.email_identity_arn,),
                {"FANFARE_SENDER": settings.sender},
                conditions={"StringEquals": {"ses:FromAddress": settings.sender_address}},
            ),
            "configuration_set": AccessTarget((rules_arn,), {"FANFARE_CONFIGURATION_SET": name}),
        }


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
