from __future__ import annotations

from tests.infra.synth import Deployment


def test_without_a_domain_the_one_address_is_verified(dev: Deployment) -> None:
    assert dev.service.only("AWS::SES::EmailIdentity")["EmailIdentity"] == "no-reply@example.com"


def test_a_domain_is_verified_as_a_whole(prod: Deployment) -> None:
    assert prod.service.only("AWS::SES::EmailIdentity")["EmailIdentity"] == "shop.example"
    assert prod.service.body["Outputs"]["SenderAddress"]["Value"] == "hello@shop.example"


def test_mail_goes_over_tls_and_never_again_to_who_bounced_or_complained(each: Deployment) -> None:
    rules = each.service.only("AWS::SES::ConfigurationSet")
    assert rules["DeliveryOptions"] == {"TlsPolicy": "REQUIRE"}
    assert rules["ReputationOptions"] == {"ReputationMetricsEnabled": True}
    assert set(rules["SuppressionOptions"]["SuppressedReasons"]) == {"BOUNCE", "COMPLAINT"}
