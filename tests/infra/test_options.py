"""What a deployer may have otherwise: keys of their own, bounds on roles."""

from __future__ import annotations

from infra.grants import USE_KEY
from tests.infra.synth import Deployment, listed

KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-1111-2222-3333-444455556666"


def test_tables_and_signing_keys_are_encrypted_with_the_deployers_key(full: Deployment) -> None:
    for table in full.storage.of_type("AWS::DynamoDB::Table").values():
        assert table["SSESpecification"] == {"KMSMasterKeyId": KEY, "SSEEnabled": True, "SSEType": "KMS"}
    secrets = full.storage.of_type("AWS::SecretsManager::Secret").values()
    assert [secret["KmsKeyId"] for secret in secrets] == [KEY] * 8


def test_every_function_may_use_that_key_through_what_it_encrypts_and_no_other(full: Deployment) -> None:
    users = 0
    for policy in full.service.of_type("AWS::IAM::Policy").values():
        for statement in policy["PolicyDocument"]["Statement"]:
            if any(action.startswith("kms:") for action in listed(statement["Action"])):
                users += 1
                assert statement["Resource"] == KEY
                assert set(statement["Action"]) == set(USE_KEY)
                services = statement["Condition"]["StringEquals"]["kms:ViaService"]
                assert [service["Fn::Join"][1][0] for service in services] == ["dynamodb.", "secretsmanager."]
    assert users == len(full.service.functions)


def test_without_a_key_of_theirs_nobody_is_granted_any(dev: Deployment) -> None:
    for table in dev.storage.of_type("AWS::DynamoDB::Table").values():
        assert table["SSESpecification"] == {"SSEEnabled": True}
    for function in dev.service.functions.values():
        assert not [action for action, _ in dev.statements(function) if action.startswith("kms:")]


def test_every_role_is_bounded(full: Deployment) -> None:
    roles = [role for template in full.templates for role in template.of_type("AWS::IAM::Role").values()]
    assert len(roles) > len(full.service.functions)
    for role in roles:
        assert role["PermissionsBoundary"]["Fn::Join"][1][-1] == ":policy/shop-boundary"


def test_no_role_is_bounded_where_nobody_says_so(dev: Deployment) -> None:
    roles = dev.service.of_type("AWS::IAM::Role").values()
    assert not [role for role in roles if "PermissionsBoundary" in role]


def test_no_function_is_in_a_vpc(each: Deployment) -> None:
    assert not [function for function in each.service.functions.values() if "VpcConfig" in function]
