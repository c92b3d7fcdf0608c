"""What the storage stack exports. The deployed service stack imports it while the storage stack is updated.

https://github.com/aws/aws-cdk/issues/7602: an export that goes while it is imported fails the deployment.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.synth import Deployment, storage_alone

# Add to this list, never remove from it.
EXPORTS = {
    "ExportsOutputFnGetAttAccountsPool5D126928ProviderNameBD6F08ED",
    "ExportsOutputFnGetAttAudience942C5C42Arn614E1462",
    "ExportsOutputFnGetAttBatchesE11AE858Arn62AFAD38",
    "ExportsOutputFnGetAttCatalogue6D2BB205ArnE7DB71BF",
    "ExportsOutputFnGetAttDeliveriesBF2F7293Arn3864FF30",
    "ExportsOutputFnGetAttInboxA8E05DC3Arn851D17F2",
    "ExportsOutputFnGetAttMessages804FA4EBArnCDCE40C3",
    "ExportsOutputRefAccountsPoolClientE2DB7E72C922C5D7",
    "ExportsOutputRefAddressKeysBB89EDC2ACE5264B",
    "ExportsOutputRefAudience942C5C42CB4F65C0",
    "ExportsOutputRefAuditKeys10524401AB8AA666",
    "ExportsOutputRefBatchesE11AE858AD6506D7",
    "ExportsOutputRefCatalogue6D2BB20588272936",
    "ExportsOutputRefCodeKeys4C7684CBC0F2E3C8",
    "ExportsOutputRefCursorKeysBBA42BD57AA811C3",
    "ExportsOutputRefDeliveriesBF2F72939C80F584",
    "ExportsOutputRefInboxA8E05DC3439E26C7",
    "ExportsOutputRefMessages804FA4EB86130598",
    "ExportsOutputRefOriginKeysF6316C4896E74B62",
    "ExportsOutputRefPersonKeys6DCBC23DE1539B46",
    "ExportsOutputRefSigningKeysA56F035853228E99",
    "ExportsOutputRefWebhookKeysE960CFF9F825EBBE",
}

# Each choice of a deployer that could take something away, taken or not
CHOICES: tuple[dict[str, str], ...] = (
    {"oidc_issuer": "https://id.shop.example/", "oidc_audience": "app"},
    {"public_url": "https://people.shop.example", "origin_header": "X-Origin-Key"},
    {"kms_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-1111-2222-3333-444455556666"},
    {"stage": "prod", "sender": "hello@shop.example"},
)
COMBINATIONS = [choice for length in range(len(CHOICES) + 1) for choice in itertools.combinations(CHOICES, length)]


def first_of(choice: dict[str, str]) -> str:
    return next(iter(choice))


@pytest.mark.parametrize("choices", COMBINATIONS, ids=lambda taken: ",".join(map(first_of, taken)) or "none")
def test_no_setting_takes_an_export_away(choices: tuple[dict[str, str], ...]) -> None:
    context = {name: value for choice in choices for name, value in choice.items()}
    assert exports(storage_alone(**context).body) == EXPORTS


def test_the_service_imports_nothing_else(each: Deployment) -> None:
    imported = set(imports(each.service.body))
    assert imported <= EXPORTS
    assert exports(each.storage.body) == EXPORTS
    assert "ExportsOutputRefBatchesE11AE858AD6506D7" in imported


def exports(template: Any) -> set[str]:
    names = [output["Export"]["Name"] for output in template["Outputs"].values() if "Export" in output]
    return {name.partition(":")[2] for name in names}


def imports(node: Any) -> Iterator[str]:
    match node:
        case {"Fn::ImportValue": str() as name}:
            yield name.partition(":")[2]
        case dict():
            for value in node.values():
                yield from imports(value)
        case list():
            for value in node:
                yield from imports(value)


def test_imports_are_found_wherever_they_are() -> None:
    nested = {"a": [{"Fn::Join": ["", [{"Fn::ImportValue": "S:one"}]]}], "b": {"Fn::ImportValue": "S:two"}}
    assert [*imports(nested)] == ["one", "two"]
