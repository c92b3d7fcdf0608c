from __future__ import annotations

from typing import Any

from tests.infra.synth import Deployment, deployment, name_of

IDENTITY = "AWS::SES::EmailIdentity"
SENDER = {"sender": "hello@shop.example", "sender_domain": "shop.example"}


def test_without_a_domain_the_one_address_is_verified(dev: Deployment) -> None:
    assert dev.service.only("AWS::SES::EmailIdentity")["EmailIdentity"] == "no-reply@example.com"


def test_a_domain_is_verified_as_a_whole(prod: Deployment) -> None:
    assert prod.service.only("AWS::SES::EmailIdentity")["EmailIdentity"] == "shop.example"
    assert prod.service.body["Outputs"]["SenderAddress"]["Value"] == "hello@shop.example"


def test_an_identity_that_other_senders_may_use_stays_when_the_stack_goes(prod: Deployment, local: Deployment) -> None:
    policies = [
        (made["DeletionPolicy"], made["UpdateReplacePolicy"])
        for deployed in (prod, local)
        for made in deployed.service.body["Resources"].values()
        if made["Type"] == IDENTITY
    ]
    assert policies == [("RetainExceptOnCreate", "Retain"), ("Delete", "Delete")]


def test_an_identity_that_exists_is_used_and_not_created(prod: Deployment) -> None:
    adopted = deployment(stage="staging", sender_identity="existing", **SENDER)
    assert adopted.service.of_type(IDENTITY) == {}
    assert told(adopted) == records(adopted) == {}
    for name in ("deliver-email", "public_api"):
        granted, created = (
            {pair for pair in made.statements(made.service.function(name)) if pair[0].startswith("ses:")}
            for made in (adopted, prod)
        )
        assert granted == created
        assert granted


def test_two_stages_with_one_domain_have_exactly_one_identity(prod: Deployment) -> None:
    stages = (prod, deployment(stage="staging", sender_identity="existing", **SENDER))
    identities = [made for stage in stages for made in stage.service.of_type(IDENTITY).values()]
    assert [made["EmailIdentity"] for made in identities] == ["shop.example"]


def test_ses_validates_no_address_whatever_the_account_says(each: Deployment) -> None:
    options = each.service.only("AWS::SES::ConfigurationSet")["SuppressionOptions"]["ValidationOptions"]
    assert options == {"ConditionThreshold": {"ConditionThresholdEnabled": "DISABLED"}}


def test_mail_goes_over_tls_and_never_again_to_who_bounced_or_complained(each: Deployment) -> None:
    rules = each.service.only("AWS::SES::ConfigurationSet")
    assert rules["DeliveryOptions"] == {"TlsPolicy": "REQUIRE"}
    assert rules["ReputationOptions"] == {"ReputationMetricsEnabled": True}
    assert set(rules["SuppressionOptions"]["SuppressedReasons"]) == {"BOUNCE", "COMPLAINT"}


def records(deployment: Deployment) -> dict[str, Any]:
    return {
        name_of({"Ref": id}, deployment).removeprefix("Zone"): made
        for id, made in deployment.service.of_type("AWS::Route53::RecordSet").items()
    }


def told(deployment: Deployment) -> dict[str, Any]:
    outputs = deployment.service.body["Outputs"]
    return {id.removeprefix("Dns"): output["Value"] for id, output in outputs.items() if id.startswith("Dns")}


def test_without_a_hosted_zone_the_records_are_told_and_not_made(prod: Deployment) -> None:
    assert told(prod).keys() == {"Dkim1", "Dkim2", "Dkim3", "Dmarc"}
    assert told(prod)["Dmarc"] == '_dmarc.shop.example TXT "v=DMARC1; p=none"'
    assert records(prod) == {}


def test_with_one_they_are_made_as_well(full: Deployment) -> None:
    made = records(full)
    assert made.keys() == told(full).keys() == {"Dkim1", "Dkim2", "Dkim3", "MailFrom", "Spf", "Dmarc", "PublicApi"}
    assert {record["HostedZoneId"] for record in made.values()} == {"Z0123456789ABC"}
    assert made["Spf"]["Name"] == made["MailFrom"]["Name"] == "bounce.shop.example"
    assert made["Spf"]["ResourceRecords"] == ['"v=spf1 include:amazonses.com ~all"']
    assert made["MailFrom"]["ResourceRecords"] == [
        {"Fn::Join": ["", ["10 feedback-smtp.", {"Ref": "AWS::Region"}, ".amazonses.com"]]}
    ]
    assert made["Dmarc"]["ResourceRecords"] == ['"v=DMARC1; p=quarantine"']


def test_the_record_of_dmarc_is_made_only_with_a_policy() -> None:
    made = records(deployment(**SENDER, hosted_zone_id="Z0123456789ABC", hosted_zone_name="shop.example"))
    assert made.keys() == {"Dkim1", "Dkim2", "Dkim3"}


def test_mail_returns_to_the_deployers_own_domain(full: Deployment) -> None:
    identity = full.service.only("AWS::SES::EmailIdentity")
    assert identity["MailFromAttributes"]["MailFromDomain"] == "bounce.shop.example"


def test_one_address_has_no_records(dev: Deployment) -> None:
    assert told(dev) == {}
