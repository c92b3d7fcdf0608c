"""What the emulator's CloudFormation and IAM do otherwise than AWS, set right in the synthesized templates."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

# On AWS the permission for one is the permission for many; the emulator asks for the operation's own name.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
ALSO: Final[Mapping[str, str]] = {
    f"sqs:{action}": f"sqs:{action}Batch" for action in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")
}


def bridge(assembly: Path) -> None:
    """Change the templates of a cloud assembly where the emulator needs it."""
    for path in assembly.glob("*.template.json"):
        template = _batches_allowed(_secrets_by_arn(json.loads(path.read_text())))
        path.write_text(json.dumps(template, indent=1))


def _secrets_by_arn(template: dict[str, Any]) -> dict[str, Any]:
    """A `Ref` to a secret is its ARN on AWS, its name on the emulator; its attribute `Id` is the ARN on both."""
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
    """Who may send, delete or hide a queue's message may do so to many."""

    def widened(node: dict[str, Any]) -> dict[str, Any]:
        if node.get("Effect") != "Allow" or "Action" not in node:
            return node
        actions = node["Action"] if isinstance(node["Action"], list) else [node["Action"]]
        return {**node, "Action": [*actions, *(ALSO[action] for action in actions if action in ALSO)]}

    rewritten: dict[str, Any] = _rewritten(template, widened)
    return rewritten


def _rewritten(node: Any, change: Callable[[dict[str, Any]], Any]) -> Any:
    """The whole tree, each mapping in it changed, from the leaves up."""
    match node:
        case dict():
            return change({key: _rewritten(value, change) for key, value in node.items()})
        case list():
            return [_rewritten(value, change) for value in node]
        case _:
            return node
