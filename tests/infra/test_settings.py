from __future__ import annotations

from pathlib import Path

import pytest
from aws_cdk import App

import infra.settings
from infra.settings import STAGES, DeploymentSettings, SettingsError
from tools import settings_page as docs


def settings(**context: object) -> DeploymentSettings:
    return DeploymentSettings.from_context(App(context=context).node)


def test_no_context_at_all_is_deployable() -> None:
    assert settings().stage == "dev"


def test_context_from_the_command_line_is_text_and_understood() -> None:
    read = settings(stage="local", local="true", max_attempts="3", log_retention_days="7")
    assert (read.local, read.max_attempts, read.log_retention_days) == (True, 3, 7)


def test_flags_and_caches_of_the_cdk_are_no_settings() -> None:
    assert settings(**{"@aws-cdk/core:x": True, "aws:cdk:y": "z", "cli-telemetry": False}) == settings()


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("stage", "Prod!", "lower case"),
        ("stage", "prod-", "lower case"),
        ("stage", "aws-prod", "contains 'aws', which Cognito refuses"),
        ("stage", "amazon", "contains 'amazon', which Cognito refuses"),
        ("stage", "my-cognito", "contains 'cognito', which Cognito refuses"),
        ("sender_identity", "mine", "creates the SES identity"),
        ("sender", "Fanfare", "Name <address>"),
        ("sender", "a@b.example\nBcc: c@d.example", "Name <address>"),
        ("sender", "Shop hello@shop.example", "Name <address>"),
        ("sender", "Shop <hello@shop.example> and others", "Name <address>"),
        ("sender", "Shop <hello@shop>", "Name <address>"),
        ("local", "perhaps", "stage=local"),
        ("stale_after_seconds", "0", "1 to 86400"),
        ("backoff_seconds", "-1", "1 to 3600"),
        ("max_attempts", "many", "1 to 100"),
        ("doubt_grace_seconds", "", "1 to 86400"),
        ("retention_days", "4000", "1 to 3650"),
        ("log_retention_days", "31", "CloudWatch"),
        ("max_concurrency", "1", "2 to 1000"),
        ("requests_per_second", "0", "1 to 10000"),
        ("public_url", "https://shop.example/api", "without a path"),
        ("source_header", "X-Real-IP, Forwarded", "e.g. `X-Real-IP`"),
        ("mail_from_domain", "bounce", "bounce.shop.example"),
        ("dmarc_policy", "strict", "quarantine or reject"),
        ("hosted_zone_id", "shop.example", "Z0123456789ABC"),
        ("hosted_zone_name", "shop.example.", "e.g. shop.example"),
        ("public_domain", "https://notify.shop.example", "notify.shop.example"),
        ("public_certificate_arn", "arn:aws:iam::123456789012:server-certificate/shop", "certificate/<id>"),
        ("kms_key_arn", "alias/shop", "key/<id>"),
        ("permissions_boundary", "arn:aws:iam::123456789012:policy/shop", "Name (not ARN)"),
        ("cors_origins", "*", "https://app.example"),
        ("cors_origins", "https://app.example/", "https://app.example"),
        ("sign_ups_per_second", "0", "1 to 1000"),
        ("sign_ups_burst", "0", "1 to 1000"),
        ("oidc_issuer", "http://id.example", "https://issuer"),
        ("user_id_claim", "", "e.g. `sub`"),
        ("login_urls", "http://app.example/", "URLs with a path"),
        ("login_urls", "", "URLs with a path"),
        ("self_sign_up", "perhaps", "create their own account"),
        ("delivery_receipts", "perhaps", "bounces and complaints"),
        ("delivery_events", "perhaps", "whole messages"),
        ("push_fcm_application_arn", "arn:aws:sns:eu-west-1:123456789012:topic", "app/GCM/<name>"),
        ("push_apns_application_arn", "arn:aws:sns:eu-west-1:123456789012:app/GCM/shop", "app/APNS/<name>"),
        ("user_limits", "three", "per_seconds"),
        ("piece_prices", '{"pigeon": 1}', "unknown channel 'pigeon'; must be one of email, sms"),
        ("user_limits", '{"pigeon": {"count": 1, "per_seconds": 1, "overflow": "drop"}}', "unknown channel 'pigeon'"),
        ("user_limits", '{"email": {"count": 0, "per_seconds": 1, "overflow": "drop"}}', "per user and channel"),
        ("user_limits", '{"email": {"count": 1, "per_seconds": 1}}', "overflow"),
        ("webhook_allowed", "http://localhost:1", "host:port"),
        ("sms_countries", "UK", "AT or GB"),
        ("sms_countries", "at", "AT or GB"),
        ("sms_max_price", "0", "dearer"),
        ("sms_spend_alarm", "-1", "US dollars"),
        ("codes_per_hour", "0", "1 to 100000"),
        ("own_messages_only", "perhaps", "others are not found"),
        ("message_overseers", "operators", "assumed-role/<role>"),
        ("message_overseers", "arn:aws:sts::123456789012:assumed-role/operators/ada", "assumed-role/<role>"),
        ("audit_retention_days", "31", "CloudWatch"),
        ("origin_header", "X-Origin: 1", "X-Origin-Key"),
    ],
)
def test_an_invalid_value_is_reported_with_its_field_and_what_is_expected(
    field: str, value: str, expected: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(**{field: value})
    assert f"\n{field}: " in str(refused.value)
    assert expected in str(refused.value)


def test_a_misspelt_setting_is_reported_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"stge: unknown setting\. The settings are stage, sender"):
        settings(stge="prod")


def test_all_errors_are_reported_together() -> None:
    with pytest.raises(SettingsError, match=r"(?s)stage: .*max_attempts: "):
        settings(stage="-", max_attempts="0")


def test_only_the_stage_local_may_do_without_tls() -> None:
    with pytest.raises(SettingsError, match="local: only allowed for the stage `local`"):
        settings(stage="dev", local="true")


def test_only_the_stage_local_may_write_to_its_own_machine() -> None:
    with pytest.raises(SettingsError, match="webhook_allowed: only allowed for the stage `local`"):
        settings(webhook_allowed="localhost:8080")
    assert settings(stage="local", webhook_allowed="localhost:8080").webhook_allowed == ("localhost:8080",)


def test_links_use_tls_except_on_the_local_stage() -> None:
    with pytest.raises(SettingsError, match="public_url: http:// is only allowed for the stage `local`"):
        settings(public_url="http://localhost:8080")
    assert settings(stage="local", public_url="http://localhost:8080").public_url == "http://localhost:8080"


PROXY = {"public_url": "https://shop.example", "origin_header": "X-Origin-Key"}


def test_headers_of_a_proxy_require_a_proxy_before_the_api() -> None:
    for name in ("source_header", "origin_header"):
        with pytest.raises(SettingsError, match=f"{name}: requires public_url"):
            settings(**{name: "X-Real-IP"})
    assert settings(**PROXY, source_header="X-Real-IP").source_header == "X-Real-IP"


def test_a_source_is_believed_only_of_a_proxy_that_proves_itself() -> None:
    with pytest.raises(SettingsError, match="source_header: requires origin_header"):
        settings(public_url="https://shop.example", source_header="X-Real-IP")


def test_who_sees_all_messages_is_named_only_if_others_do_not() -> None:
    overseers = {"message_overseers": "arn:aws:sts::123456789012:assumed-role/operators"}
    with pytest.raises(SettingsError, match="message_overseers: has no effect without own_messages_only"):
        settings(**overseers)
    assert settings(**overseers, own_messages_only="true").own_messages_only


ISSUER = {"oidc_issuer": "https://id.example/", "oidc_audience": "app"}


@pytest.mark.parametrize(
    "claim", ["email", "name", "preferred_username", "custom:user_id", "user_id", "email_verified"]
)
def test_a_claim_that_people_may_write_in_our_own_pool_is_no_user_id(claim: str) -> None:
    with pytest.raises(SettingsError, match=f"user_id_claim: people can write '{claim}' in the user pool themselves"):
        settings(user_id_claim=claim)


@pytest.mark.parametrize("claim", ["sub", "cognito:username", "username"])
def test_a_claim_that_only_our_own_pool_writes_is_a_user_id(claim: str) -> None:
    assert settings(user_id_claim=claim).warnings == ()


@pytest.mark.parametrize("claim", ["name", "nickname", "given_name", "locale", "picture", "website"])
def test_a_claim_that_people_choose_at_every_issuer_is_no_user_id(claim: str) -> None:
    with pytest.raises(SettingsError, match=f"user_id_claim: people choose '{claim}' themselves"):
        settings(**ISSUER, user_id_claim=claim)


@pytest.mark.parametrize("claim", ["email", "phone_number", "preferred_username", "custom:user_id"])
def test_a_claim_that_people_choose_at_some_issuers_is_warned_of_at_synth(claim: str) -> None:
    (warning,) = settings(**ISSUER, user_id_claim=claim).warnings
    assert warning.startswith(f"user_id_claim: at some issuers people can change '{claim}' themselves")
    assert settings(**ISSUER, user_id_claim="user_id").warnings == ()


def test_texts_go_nowhere_until_a_country_is_named() -> None:
    assert settings().sms_countries == ()
    assert settings(sms_countries="AT, DE").sms_countries == ("AT", "DE")
    assert settings(sms_countries="all").sms_countries == ("all",)


def test_a_user_gets_twenty_texts_a_day_unless_the_deployer_says_otherwise() -> None:
    (channel, limit), *others = settings().user_limits.items()
    assert (channel, limit.count, limit.per_seconds, limit.overflow, others) == ("sms", 20, 86_400, "drop", [])
    assert settings(user_limits="{}").user_limits == {}


SENDER = {"sender": "hello@shop.example", "sender_domain": "shop.example"}
ZONE = {"hosted_zone_id": "Z0123456789ABC", "hosted_zone_name": "shop.example"}
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/0a1b"


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({"mail_from_domain": "bounce.shop.example"}, "mail_from_domain: .* is not a subdomain of sender_domain"),
        ({**SENDER, "mail_from_domain": "shop.example"}, "mail_from_domain: .* is not a subdomain of sender_domain"),
        (
            {**SENDER, "mail_from_domain": "b.workshop.example"},
            "mail_from_domain: .* is not a subdomain of sender_domain",
        ),
        ({**SENDER, "dmarc_policy": "none"}, "dmarc_policy: requires sender_domain and a hosted zone"),
        ({**SENDER, "hosted_zone_id": "Z0123456789ABC"}, "hosted_zone_id, hosted_zone_name: set both"),
        (ZONE, "hosted_zone_name: neither sender_domain nor public_domain is in this zone"),
        ({"public_domain": "notify.shop.example"}, "public_domain, public_certificate_arn: set both"),
        (
            {
                "public_domain": "notify.shop.example",
                "public_certificate_arn": CERTIFICATE,
                "public_url": "https://notify.shop.example",
            },
            "public_url: conflicts with public_domain",
        ),
        (
            {**ZONE, "public_domain": "shop.example", "public_certificate_arn": CERTIFICATE},
            r"public_domain: 'shop\.example' is the zone itself.* Use a subdomain, e\.g\. notify\.shop\.example",
        ),
        (
            {**SENDER, "sender_identity": "existing", "mail_from_domain": "bounce.shop.example"},
            "mail_from_domain: belongs to the identity, which the deployment does not create",
        ),
    ],
)
def test_conflicting_settings_are_reported_with_the_remedy(context: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        settings(**context)


def test_what_a_stage_is_made_of_may_stand_in_a_file_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(infra.settings, "STAGES", tmp_path)
    (tmp_path / "prod.json").write_text('{"sender": "hello@shop.example", "retention_days": 90}')
    read = settings(stage="prod", retention_days="7")
    assert (read.stage, read.sender_address, read.retention_days) == ("prod", "hello@shop.example", 7)
    assert settings().sender_address == "no-reply@example.com"


def test_a_stage_that_has_no_file_may_be_a_slip_and_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(infra.settings, "STAGES", tmp_path)
    (tmp_path / "prod.json").write_text('{"sender": "hello@shop.example"}')
    with pytest.raises(
        SettingsError, match=r"stages/prdo\.json does not exist\. Use one of dev, local, prod, or create it"
    ):
        settings(stage="prdo", sender="hello@shop.example")
    assert settings(stage="dev").stage == "dev"


@pytest.mark.parametrize("text", ["{}", (STAGES / "example.json").read_text()], ids=["left out", "copied"])
def test_a_stage_that_is_protected_needs_a_sender_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    monkeypatch.setattr(infra.settings, "STAGES", tmp_path)
    (tmp_path / "prod.json").write_text(text)
    with pytest.raises(
        SettingsError, match=r"sender: .*example\.com.* is a placeholder\. Set your address in stages/prod\.json"
    ):
        settings(stage="prod")


def test_the_example_of_a_stage_is_right_but_for_its_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = (STAGES / "example.json").read_text()
    monkeypatch.setattr(infra.settings, "STAGES", tmp_path)
    (tmp_path / "prod.json").write_text(text.replace("example.com", "shop.example"))
    assert settings(stage="prod").sender == "Shop <hello@shop.example>"


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "is not valid JSON"), ("[]", "must contain a JSON object"), ('{"stge": 1}', "stge: unknown setting")],
)
def test_a_stages_file_is_checked_as_the_context_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, message: str
) -> None:
    monkeypatch.setattr(infra.settings, "STAGES", tmp_path)
    (tmp_path / "prod.json").write_text(text)
    with pytest.raises(SettingsError, match=message):
        settings(stage="prod")


def test_an_issuer_says_for_whom_its_tokens_are() -> None:
    for half in ({"oidc_issuer": "https://id.example"}, {"oidc_audience": "app"}):
        with pytest.raises(SettingsError, match="oidc_issuer, oidc_audience: set both"):
            settings(**half)


def test_lists_and_objects_may_stand_in_cdk_json_as_they_are() -> None:
    limits = {"sms": {"count": 1, "per_seconds": 60, "overflow": "drop"}}
    read = settings(cors_origins=["https://a.example", "https://b.example"], user_limits=limits)
    assert read.cors_origins == settings(cors_origins="https://a.example,https://b.example").cors_origins
    assert (
        read.user_limits == settings(user_limits='{"sms":{"count":1,"per_seconds":60,"overflow":"drop"}}').user_limits
    )


def test_every_setting_is_described() -> None:
    assert not [name for name, field in DeploymentSettings.model_fields.items() if not field.description]


def test_the_page_of_the_settings_is_that_of_the_model() -> None:
    assert docs.PAGE.read_text(encoding="utf-8") == docs.page(), "run: python -m tools.settings_page"


def test_the_domain_to_verify_is_the_senders() -> None:
    with pytest.raises(SettingsError, match=r"sender_domain: 'other\.example' is not the sender's domain"):
        settings(sender="hello@shop.example", sender_domain="other.example")
    assert settings(sender="hello@mail.shop.example", sender_domain="shop.example").sender_domain


@pytest.mark.parametrize(
    ("sender", "address"),
    [
        ("Bücher <hallo@bücher.example>", "hallo@xn--bcher-kva.example"),
        ("Größe <hallo@faß.example>", "hallo@xn--fa-hia.example"),
        ("Shop <hello@shop.example>", "hello@shop.example"),
    ],
)
def test_the_sender_s_address_is_ascii_for_ses_and_iam(sender: str, address: str) -> None:
    assert settings(sender=sender).sender_address == address
