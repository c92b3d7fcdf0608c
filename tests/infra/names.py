"""References of the templates as a deployment with the longest names would have them."""

from __future__ import annotations

from typing import Any

from tests.infra.synth import Deployment, Properties

LONGEST = "sixteenletters16"  # the longest name of a stage
REGION = "ap-southeast-2"  # the longest name of a region


def resolved(value: Any, made: Deployment) -> str:
    """The value as a deployment with the longest names would have it."""
    match value:
        case str():
            return LONGEST if value in {"prod", "full"} else value
        case {"Fn::ImportValue": str() as export}:
            outputs = made.storage.body["Outputs"].values()
            return next(resolved(out["Value"], made) for out in outputs if out.get("Export", {}).get("Name") == export)
        case {"Fn::Join": [str() as separator, list() as parts]}:
            return separator.join(resolved(part, made) for part in parts)
        case {"Ref": str() as id} if id.startswith("AWS::"):
            pseudo = {"Region": REGION, "URLSuffix": "amazonaws.com", "AccountId": "123456789012", "Partition": "aws"}
            return pseudo[id.removeprefix("AWS::")]
        case {"Fn::GetAtt": [str() as id, str() as attribute]} if attribute.endswith("Arn"):
            return arn(id, made)
        case {"Ref": str() as id} | {"Fn::GetAtt": [str() as id, str()]}:
            return physical(id, made)
    raise AssertionError(f"not a reference that the app makes: {value}")


def physical(id: str, made: Deployment) -> str:
    """The name that CloudFormation generates, or the ARN of a secret with it."""
    stack = "Storage" if id in made.storage.body["Resources"] else "Service"
    resource: Properties = {**made.storage.body["Resources"], **made.service.body["Resources"]}[id]
    if resource["Type"] == "AWS::SecretsManager::Secret":
        return f"arn:aws:secretsmanager:{REGION}:123456789012:secret:{id}-ABCDEFGHIJKL-abcdef"
    return f"Fanfare-{LONGEST}-{stack}-{id}-ABCDEFGHIJKL"


# https://docs.aws.amazon.com/service-authorization/latest/reference/
FORMS = {
    "AWS::DynamoDB::Table": "dynamodb:{at}:table/{name}",
    "AWS::SQS::Queue": "sqs:{at}:{name}",
    "AWS::Events::EventBus": "events:{at}:event-bus/{name}",
    "AWS::Lambda::Function": "lambda:{at}:function:{name}",
    "AWS::Logs::LogGroup": "logs:{at}:log-group:{name}:*",
}


def arn(id: str, made: Deployment) -> str:
    """The ARN of a resource with the name that CloudFormation generates."""
    resource = {**made.storage.body["Resources"], **made.service.body["Resources"]}[id]
    form = FORMS[resource["Type"]]
    return f"arn:aws:{form.format(at=f'{REGION}:123456789012', name=physical(id, made))}"
