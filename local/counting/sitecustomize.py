"""Counts the AWS calls of a function, from outside it.

The emulator's functions inherit its PYTHONPATH, and Python imports this module before anything else. It does
nothing but wait for the function's own botocore, and then listens in as botocore's own handlers do: each request
that goes out is a line in a file of this process, each answer that tells its consumed capacity another.
"""

from __future__ import annotations

import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

FOLDER = "FANFARE_CALLS_FOLDER"
COST_CAPACITY = frozenset(
    [
        *("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"),
        *("BatchGetItem", "BatchWriteItem", "TransactGetItems", "TransactWriteItems"),
    ]
)


class Waiting(MetaPathFinder):
    """Finds botocore.handlers in the usual way, once, and adds ours when it has been imported."""

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


def listen(handlers: ModuleType) -> None:
    """Add to the handlers that botocore gives every session."""
    file = -1

    def write(line: str) -> None:
        nonlocal file
        if file < 0:
            name = f"{os.environ['AWS_LAMBDA_FUNCTION_NAME']}.{os.getpid()}.{os.urandom(4).hex()}"
            file = os.open(os.path.join(os.environ[FOLDER], name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(file, line.encode())

    def ask_for_capacity(params: dict[str, Any], event_name: str, **_: Any) -> None:
        if event_name.rpartition(".")[2] in COST_CAPACITY:
            params.setdefault("ReturnConsumedCapacity", "TOTAL")

    def sent(event_name: str, **_: Any) -> None:  # before-send.<service>.<Operation>; retries too
        write(event_name.partition(".")[2] + "\n")

    def answered(parsed: dict[str, Any], event_name: str, **_: Any) -> None:
        consumed = parsed.get("ConsumedCapacity") or []
        units = sum(each.get("CapacityUnits", 0) for each in (consumed if isinstance(consumed, list) else [consumed]))
        if units:
            write(f"{event_name.partition('.')[2]} {units}\n")

    builtin: list[tuple[str, Any]] = handlers.__dict__["BUILTIN_HANDLERS"]
    builtin += [
        ("before-parameter-build.dynamodb", ask_for_capacity),
        ("before-send", sent),
        ("after-call.dynamodb", answered),
    ]


if FOLDER in os.environ and "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    sys.meta_path.insert(0, Waiting())
