from __future__ import annotations

from tests.infra.synth import Deployment, Properties, deployment, storage_alone

ISSUER = {"oidc_issuer": "https://id.shop.example/", "oidc_audience": "app"}


def client(deployment: Deployment) -> Properties:
    return deployment.storage.only("AWS::Cognito::UserPoolClient")


def test_apps_log_in_by_code_and_keep_no_secret(prod: Deployment) -> None:
    assert client(prod)["AllowedOAuthFlows"] == ["code"]
    assert client(prod)["AllowedOAuthScopes"] == ["openid", "email"]
    assert client(prod)["GenerateSecret"] is False
    assert client(prod)["PreventUserExistenceErrors"] == "ENABLED"


def test_a_person_can_write_nothing_of_their_account_but_the_address(
    dev: Deployment, prod: Deployment, local: Deployment
) -> None:
    for deployed in (dev, prod, local):
        assert client(deployed)["WriteAttributes"] == ["email"]


def test_a_password_in_a_call_is_for_the_local_stage_alone(
    prod: Deployment, dev: Deployment, local: Deployment
) -> None:
    assert "ALLOW_USER_PASSWORD_AUTH" in client(local)["ExplicitAuthFlows"]
    for other in (dev, prod):
        assert client(other)["ExplicitAuthFlows"] == ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]


def test_the_login_page_leads_back_only_to_where_it_was_told(dev: Deployment) -> None:
    assert client(dev)["CallbackURLs"] == ["http://localhost:3000/"]
    named = deployment(login_urls="https://app.shop.example/in, https://shop.example/")
    assert client(named)["CallbackURLs"] == ["https://app.shop.example/in", "https://shop.example/"]


def test_nobody_makes_an_account_unless_that_is_wanted(dev: Deployment) -> None:
    assert dev.storage.only("AWS::Cognito::UserPool")["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    wanted = deployment(self_sign_up="true").storage.only("AWS::Cognito::UserPool")
    assert wanted["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": False}


def test_accounts_are_protected_where_tables_are(prod: Deployment, dev: Deployment) -> None:
    assert prod.storage.only("AWS::Cognito::UserPool")["DeletionProtection"] == "ACTIVE"
    assert dev.storage.only("AWS::Cognito::UserPool")["DeletionProtection"] == "INACTIVE"


def test_who_makes_tokens_can_look_up_where(dev: Deployment) -> None:
    assert {"UserPoolId", "UserPoolClientId", "LoginUrl"} <= dev.storage.body["Outputs"].keys()


def test_with_an_issuer_of_ones_own_the_pool_stays_because_the_deployed_service_imports_it(full: Deployment) -> None:
    pool = storage_alone(self_sign_up="true", **ISSUER).only("AWS::Cognito::UserPool")
    assert full.storage.only("AWS::Cognito::UserPool")
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
