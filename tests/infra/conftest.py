from __future__ import annotations

import pytest

import infra  # noqa: F401 - first of all: it finds Node for the CDK
from tests.infra.synth import Deployment, deployment


@pytest.fixture(scope="session")
def dev() -> Deployment:
    """The defaults: what a deployment without any context gets."""
    return deployment()


@pytest.fixture(scope="session")
def prod() -> Deployment:
    return deployment(
        stage="prod",
        sender="Shop <hello@shop.example>",
        sender_domain="shop.example",
        public_url="https://people.shop.example",
        source_header="X-Real-IP",
        origin_header="X-Origin-Key",
        sms_countries="AT, DE",
    )


@pytest.fixture(scope="session")
def local() -> Deployment:
    return deployment(stage="local", local="true")


@pytest.fixture(scope="session")
def full() -> Deployment:
    """Every option taken."""
    return deployment(
        stage="full",
        oidc_issuer="https://id.shop.example/",
        oidc_audience="app, web",
        user_id_claim="user_id",
        sender="Shop <hello@shop.example>",
        sender_domain="shop.example",
        mail_from_domain="bounce.shop.example",
        dmarc_policy="quarantine",
        hosted_zone_id="Z0123456789ABC",
        hosted_zone_name="shop.example",
        public_domain="notify.shop.example",
        public_certificate_arn="arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d-1111-2222-3333-444455556666",
        kms_key_arn="arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-1111-2222-3333-444455556666",
        permissions_boundary="shop-boundary",
        cors_origins="https://app.shop.example, http://localhost:5173",
        operations_email="operations@shop.example",
        sign_ups_per_second="2",
        sign_ups_burst="4",
        delivery_receipts="false",
        delivery_events="false",
        push_fcm_application_arn="arn:aws:sns:eu-west-1:123456789012:app/GCM/shop",
        push_apns_application_arn="arn:aws:sns:eu-west-1:123456789012:app/APNS/shop",
        user_limits='{"email": {"count": 3, "per_seconds": 3600, "overflow": "defer"}}',
        piece_prices='{"sms": 0.075}',
        sms_countries="AT",
        sms_max_price="0.2",
        sms_spend_alarm="500",
        codes_per_hour="30",
        own_messages_only="true",
        message_overseers="arn:aws:sts::123456789012:assumed-role/operators",
        audit_retention_days="731",
    )


@pytest.fixture(params=["dev", "prod", "local", "full"])
def each(request: pytest.FixtureRequest) -> Deployment:
    """Every kind of stage in turn."""
    found: Deployment = request.getfixturevalue(request.param)
    return found
