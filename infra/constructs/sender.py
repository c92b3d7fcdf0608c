"""Whom e-mail comes from."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Stack
from aws_cdk import aws_ses as ses
from constructs import Construct

from ..settings import Settings
from .reach import Reach


class Sender(Construct):
    """The identity that SES verifies, and the set of rules that its mail goes by."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings) -> None:
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
        )
        name = self.rules.configuration_set_name
        rules_arn = Stack.of(self).format_arn(service="ses", resource="configuration-set", resource_name=name)
        self.reach: Mapping[str, Reach] = {
            "sender": Reach((identity.email_identity_arn,), {"FANFARE_SENDER": settings.sender}),
            "configuration_set": Reach((rules_arn,), {"FANFARE_CONFIGURATION_SET": name}),
        }
