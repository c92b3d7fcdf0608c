"""Patches the synthesized templates where the emulator's CloudFormation and IAM differ from AWS."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from testing.aws_calls import COUNTING

# On AWS, the permission for an action includes its batch form; the emulator checks the batch action's own name.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
ALSO: Final[Mapping[str, str]] = {
    f"sqs:{action}": f"sqs:{action}Batch" for action in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")
}
# Only AWS can publish events with a source `aws.…`: the SES stand-in uses its own source.
STANDS_FOR: Final[Mapping[str, str]] = {"aws.ses": "simulator.ses"}


def patch_templates(assembly: Path, *, home: Path) -> None:
    """Patch the templates of a cloud assembly that will lie in the folder `home` when it is deployed."""
    for path in assembly.glob("*.template.json"):
        template = _stand_ins_as_sources(_batches_allowed(_secrets_by_arn(json.loads(path.read_text()))))
        template = _layers_from_disk(template, home)
        path.write_text(json.dumps(template, indent=1))


def _layers_from_disk(template: dict[str, Any], home: Path) -> dict[str, Any]:
    """Let the functions import from the layers' folders in the assembly.

    The emulator unpacks each layer again for each process: a second of CPU, and half a minute when ten processes
    start at once. The layers are deployed all the same.
    """
    resources = template.get("Resources", {})
    folders = {
        name: home / resource["Metadata"]["aws:asset:path"] / "python"
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::LayerVersion"
    }
    for resource in resources.values():
        if resource["Type"] == "AWS::Lambda::Function" and (layers := resource["Properties"].pop("Layers", None)):
            # what counts the calls comes first: a function's own PYTHONPATH takes the place of the emulator's
            path = os.pathsep.join(map(str, [COUNTING, *(folders[layer["Ref"]] for layer in layers)]))
            resource["Properties"]["Environment"]["Variables"]["PYTHONPATH"] = path
    return template


def _secrets_by_arn(template: dict[str, Any]) -> dict[str, Any]:
    """`Ref` of a secret is its ARN on AWS but its name on the emulator; the attribute `Id` is the ARN on both."""
    secrets = {
        name
        for name, resource in template.get("Resources", {}).items()
        if resource["Type"] == "AWS::SecretsManager::Secret"
    }
    by_arn = {json.dumps({"Ref": name}): {"Fn::GetAtt": [name, "Id"]} for name in secrets}
    rewritten: dict[str, Any] = _rewritten(
        template, lambda node: by_arn.get(json.dumps(node), node) if len(node) == 1 else node
    )
    return rewritten


def _batches_allowed(template: dict[str, Any]) -> dict[str, Any]:
    """Add the batch form of every allowed SQS action."""

    def widened(node: dict[str, Any]) -> dict[str, Any]:
        if node.get("Effect") != "Allow" or "Action" not in node:
            return node
        actions = node["Action"] if isinstance(node["Action"], list) else [node["Action"]]
        return {**node, "Action": [*actions, *(ALSO[action] for action in actions if action in ALSO)]}

    rewritten: dict[str, Any] = _rewritten(template, widened)
    return rewritten


def _stand_ins_as_sources(template: dict[str, Any]) -> dict[str, Any]:
    """Let event rules match the source of the stand-in in addition to the AWS service's."""

    def widened(node: dict[str, Any]) -> dict[str, Any]:
        if "source" not in node or not isinstance(node["source"], list):
            return node
        sources = node["source"]
        return {**node, "source": [*sources, *(STANDS_FOR[source] for source in sources if source in STANDS_FOR)]}

    for resource in template.get("Resources", {}).values():
        if resource["Type"] == "AWS::Events::Rule":
            resource["Properties"]["EventPattern"] = widened(resource["Properties"].get("EventPattern", {}))
    return template


def _rewritten(node: Any, change: Callable[[dict[str, Any]], Any]) -> Any:
    """The tree with `change` applied to every mapping, bottom-up."""
    match node:
        case dict():
            return change({key: _rewritten(value, change) for key, value in node.items()})
        case list():
            return [_rewritten(value, change) for value in node]
        case _:
            return node
