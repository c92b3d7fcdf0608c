"""Counts the AWS calls of a function without changing it.

The emulator's functions inherit its PYTHONPATH, and Python imports this module at start-up. It waits until the function
imports botocore and then registers botocore handlers: each request is a line in this process's file, each response with
consumed capacity another. The IAM check of a call (action and target) is a line the first time. If asked for, requests
are held against `testing.aws_rules`, and what AWS would refuse is a line, too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

FOLDER = "FANFARE_CALLS_FOLDER"
ROOT = "FANFARE_RULES_IN"  # the folder of the package `testing`
REFUSED = "! "
COST_CAPACITY = frozenset(
    [
        *("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"),
        *("BatchGetItem", "BatchWriteItem", "TransactGetItems", "TransactWriteItems"),
    ]
)
PARTS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
# The parameter with the target of a call, if there is one. A text message goes to a number, which is not a resource.
AT = ("TableName", "QueueUrl", "SecretId", "TargetArn", "EndpointArn", "TopicArn", "PlatformApplicationArn")
MAILED_WITH = ("FromEmailAddress", "ConfigurationSetName")


class Waiting(MetaPathFinder):
    """Imports botocore.handlers normally, once, and then adds our handlers."""

    def find_spec(self, name: str, *_: Any) -> ModuleSpec | None:
        if name != "botocore.handlers":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                listen(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def asked(service: str, operation: str, params: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The IAM check of a call: action, target, and the target's index."""
    if operation == "TransactWriteItems":
        for part in params["TransactItems"]:
            ((kind, item),) = part.items()
            yield f"dynamodb:{PARTS[kind]}", item["TableName"], ""
    elif "RequestItems" in params:
        for table in params["RequestItems"]:
            yield f"{service}:{operation}", table, ""
    elif service == "events":
        for entry in params["Entries"]:
            yield f"{service}:{operation}", entry["EventBusName"], ""
    elif service == "ses":
        for name in MAILED_WITH:
            if name in params:
                yield f"{service}:{operation}", params[name], ""
    else:
        at = next((params[name] for name in AT if name in params), "nothing")
        # IAM checks the single action for a batch, too
        action = operation.removesuffix("Batch") if service == "sqs" else operation
        yield f"{service}:{action}", at, params.get("IndexName", "")


class CallWriter:
    """Writes one line for each request, its IAM checks and its consumed capacity to the file of this process."""

    def __init__(self) -> None:
        self.file = -1
        self.known: set[tuple[str, str, str]] = set()
        ours = {name: value for name, value in os.environ.items() if name.startswith("FANFARE_")}
        # the variable of a queue has what its URL does not share with the others
        queues = ours.get("FANFARE_QUEUES", "")
        self.variables = {f"{queues if name.endswith('_URL') else ''}{value}": name for name, value in ours.items()}

    def write(self, line: str) -> None:
        if self.file < 0:
            name = f"{os.environ['AWS_LAMBDA_FUNCTION_NAME']}.{os.getpid()}.{os.urandom(4).hex()}"
            self.file = os.open(os.path.join(os.environ[FOLDER], name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(self.file, line.encode())

    def provide_client_params(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        service = model.service_model.signing_name  # `ses`: IAM's service prefix of SES v2
        for each in set(asked(service, model.name, params)) - self.known:
            self.known.add(each)
            action, target, index = each
            # a target is identified by the environment variable that names it
            self.write(f"{action} = {self.variables.get(target, target)} {index}".rstrip() + "\n")

    def before_parameter_build(self, params: dict[str, Any], event_name: str, **_: Any) -> None:
        if event_name.rpartition(".")[2] in COST_CAPACITY:
            params.setdefault("ReturnConsumedCapacity", "TOTAL")

    def before_send(self, event_name: str, **_: Any) -> None:  # before-send.<service>.<Operation>; retries too
        self.write(event_name.partition(".")[2] + "\n")

    def after_call(self, parsed: dict[str, Any], event_name: str, **_: Any) -> None:
        consumed = parsed.get("ConsumedCapacity") or []
        units = sum(each.get("CapacityUnits", 0) for each in (consumed if isinstance(consumed, list) else [consumed]))
        if units:
            self.write(f"{event_name.partition('.')[2]} {units}\n")


class RulesKeeper:
    """Writes what AWS would refuse in a request, by `testing.aws_rules`."""

    def __init__(self, writer: CallWriter) -> None:
        self.write = writer.write

    @cached_property
    def violations(self) -> Callable[[Any, Any], list[str]]:
        # on the path for this moment only: on Lambda, a function finds nothing but its layers
        sys.path.append(os.environ[ROOT])
        from testing.aws_rules import violations  # noqa: PLC0415 - it imports botocore

        sys.path.pop()
        return violations

    def before_parameter_build(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        for each in self.violations(model, params):
            self.write(f"{REFUSED}{model.name}: {' '.join(each.split())}\n")


def listen(handlers: ModuleType) -> None:
    """Add our handlers to botocore's built-in ones, which every session gets."""
    writer = CallWriter()
    builtin: list[tuple[str, Any]] = handlers.__dict__["BUILTIN_HANDLERS"]
    builtin += [
        ("provide-client-params", writer.provide_client_params),
        ("before-parameter-build.dynamodb", writer.before_parameter_build),
        ("before-send", writer.before_send),
        ("after-call.dynamodb", writer.after_call),
    ]
    if ROOT in os.environ:
        builtin.append(("before-parameter-build", RulesKeeper(writer).before_parameter_build))


if FOLDER in os.environ and "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    sys.meta_path.insert(0, Waiting())
