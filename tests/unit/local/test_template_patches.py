"""The emulator's gaps are closed in the templates, and nothing else is changed there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local.emulator.template_patches import patch_templates

POLICY = {"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:GetQueueAttributes"], "Resource": {"Ref": "Queue"}}


def bridged(folder: Path, template: dict[str, Any]) -> Any:
    path = folder / "Stack.template.json"
    path.write_text(json.dumps(template))
    patch_templates(folder, home=Path("/home"))
    return json.loads(path.read_text())


def test_a_secret_is_named_by_its_arn(tmp_path: Path) -> None:
    resources = {"Key": {"Type": "AWS::SecretsManager::Secret"}, "Queue": {"Type": "AWS::SQS::Queue"}}
    outputs = {"A": {"Value": {"Ref": "Key"}}, "B": {"Value": {"Ref": "Queue"}}}
    changed = bridged(tmp_path, {"Resources": resources, "Outputs": outputs})
    assert changed["Outputs"] == {"A": {"Value": {"Fn::GetAtt": ["Key", "Id"]}}, "B": {"Value": {"Ref": "Queue"}}}


def test_who_may_send_one_may_send_many(tmp_path: Path) -> None:
    changed = bridged(tmp_path, {"Resources": {}, "Statement": [POLICY, POLICY | {"Effect": "Deny"}]})
    allowed, denied = changed["Statement"]
    assert allowed["Action"] == [*POLICY["Action"], "sqs:SendMessageBatch"]
    assert denied == POLICY | {"Effect": "Deny"}


def test_a_rule_that_hears_ses_hears_its_stand_in(tmp_path: Path) -> None:
    pattern = {"source": ["aws.ses", "aws.s3"], "detail": {"source": ["aws.ses"]}}
    rule = {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": pattern}}
    changed = bridged(tmp_path, {"Resources": {"Rule": rule, "Bus": {"Type": "AWS::Events::EventBus"}}})
    heard = changed["Resources"]["Rule"]["Properties"]["EventPattern"]
    assert heard == {"source": ["aws.ses", "aws.s3", "simulator.ses"], "detail": {"source": ["aws.ses"]}}


def test_functions_import_what_counts_their_calls_and_layers_from_their_folders(tmp_path: Path) -> None:
    layers = {
        name: {"Type": "AWS::Lambda::LayerVersion", "Metadata": {"aws:asset:path": f"asset.{name}.11"}}
        for name in ("Packages", "Ours")
    }
    properties = {"Runtime": "python3.13", "Environment": {"Variables": {"STAGE": "local"}}}
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": properties | {"Layers": [{"Ref": "Packages"}, {"Ref": "Ours"}]},
    }
    without = {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "nodejs22.x"}}
    changed = bridged(tmp_path, {"Resources": {**layers, "Function": function, "Without": without}})["Resources"]
    counting = Path(__file__).parents[3] / "testing" / "call_counting"
    path = f"{counting}:/home/asset.Packages.11/python:/home/asset.Ours.11/python"
    environment = {"Variables": {"STAGE": "local", "PYTHONPATH": path}}
    assert changed["Function"]["Properties"] == {"Runtime": "python3.13", "Environment": environment}
    assert {name: changed[name] for name in (*layers, "Without")} == {**layers, "Without": without}
