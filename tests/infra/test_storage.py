from __future__ import annotations

from fanfare.aws.tables import TABLES

from infra.constructs.naming import pascal
from tests.infra.synth import Deployment, Properties, storage_alone

TABLE = "AWS::DynamoDB::Table"
SECRET = "AWS::SecretsManager::Secret"
POOL = "AWS::Cognito::UserPool"
SURVIVORS = (TABLE, SECRET, POOL)


def tables(deployment: Deployment) -> dict[str, Properties]:
    return deployment.storage.of_type(TABLE)


def policies(deployment: Deployment) -> set[str]:
    return {made[key] for made in survivors(deployment) for key in ("DeletionPolicy", "UpdateReplacePolicy")}


def survivors(deployment: Deployment) -> list[Properties]:
    return [made for made in deployment.storage.body["Resources"].values() if made["Type"] in SURVIVORS]


def test_every_table_of_the_domain_is_made(dev: Deployment) -> None:
    outputs = {f"{pascal(table.name)}TableName" for table in TABLES}
    assert outputs <= dev.storage.body["Outputs"].keys()
    assert len(tables(dev)) == len(TABLES)


def test_the_keys_and_indexes_are_those_of_the_domain(dev: Deployment) -> None:
    made = sorted(
        (index["IndexName"], *(key["AttributeName"] for key in index["KeySchema"]))
        for table in tables(dev).values()
        for index in table.get("GlobalSecondaryIndexes", ())
    )
    assert made == sorted((index.name, index.hash, index.range) for table in TABLES for index in table.indexes)
    assert all([key["AttributeName"] for key in t["KeySchema"]] == ["pk", "sk"] for t in tables(dev).values())


def test_every_table_can_be_restored_to_any_second(each: Deployment) -> None:
    for table in tables(each).values():
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_every_table_is_encrypted_expires_by_ttl_and_is_paid_by_use(each: Deployment) -> None:
    for table in tables(each).values():
        assert table["SSESpecification"]["SSEEnabled"] is True
        assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
        assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_tables_secret_and_accounts_outlive_the_stack(dev: Deployment, prod: Deployment) -> None:
    # A creation that is rolled back leaves none: it can be repeated.
    assert policies(dev) == policies(prod) == {"RetainExceptOnCreate", "Retain"}
    assert {made["UpdateReplacePolicy"] for made in survivors(prod)} == {"Retain"}


def test_what_must_survive_is_nowhere_but_in_storage(each: Deployment) -> None:
    assert not [type for type in SURVIVORS if each.service.of_type(type)]


def test_tables_are_protected_from_deletion_outside_dev(prod: Deployment, dev: Deployment) -> None:
    assert all(table["DeletionProtectionEnabled"] for table in tables(prod).values())
    assert not any(table["DeletionProtectionEnabled"] for table in tables(dev).values())


def test_the_first_deployment_is_not_protected_since_a_failed_one_must_go() -> None:
    first = storage_alone(stage="prod", sender="hello@shop.example", first_deployment="true")
    assert not any(table["DeletionProtectionEnabled"] for table in first.of_type(TABLE).values())
    assert first.only(POOL)["DeletionProtection"] == "INACTIVE"


def test_a_local_stack_leaves_nothing_behind(local: Deployment) -> None:
    assert policies(local) == {"Delete"}
    assert not any(table["DeletionProtectionEnabled"] for table in tables(local).values())


def test_every_signing_key_is_random_and_in_no_template(each: Deployment) -> None:
    secrets = each.storage.of_type(SECRET)
    assert len(secrets) >= 5
    for secret in secrets.values():
        generated = secret["GenerateSecretString"]
        assert generated["GenerateStringKey"] == "k1"
        assert generated["PasswordLength"] == 64
        assert generated["SecretStringTemplate"] == "{}"


def test_the_secret_of_links_keeps_its_id_so_that_old_links_work(each: Deployment) -> None:
    assert "SigningKeysA56F0358" in each.storage.of_type(SECRET)
