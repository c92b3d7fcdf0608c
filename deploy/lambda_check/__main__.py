"""`python -m deploy.lambda_check [FUNCTION …]`: the layers under the Python and processor of Lambda, emulated here.

Each function's code is imported and opens its clients, in the environment of stage `dev`, by CPython 3.13 for aarch64
from the assets that a deployment uploads. Then AWS's runtime interface client hands one event to the public API. It
needs apt on Linux (amd64), and the network: packages of Debian (80 MB) and PyPI are unpacked in `.cache`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import infra.app
from deploy.lambda_check.interpreter import HOME, interpreter
from deploy.lambda_check.runtime_api import RuntimeApi
from infra import bundle
from tools.paths import ROOT
from tools.processes import StepFailed, stop
from tools.progress import console

RUNTIME: Final = Path(__file__).with_name("runtime.txt")
EVENT: Final = ROOT / "events" / "public_health.json"
SECONDS: Final = 600
PROGRAM: Final = """
import platform, sys
assert (platform.machine(), sys.version_info[:2]) == ("aarch64", (3, 13))
import handler
assert callable(handler.handler)
from fanfare.runtime import clients
opened = [clients.open_client(each, clients.STORE) for each in ("dynamodb", "sqs", "sesv2", "sns", "events")]
print(len(sys.modules), "modules,", len(opened), "clients")
"""


def main() -> int:
    """Check the functions, all by default. Returns the exit status."""
    names = sys.argv[1:] or sorted(path.parent.name for path in bundle.FUNCTIONS.glob("*/handler.py"))
    try:
        check = LambdaCheck(interpreter())
        right = [check.imports(name) for name in names]
        if "public_api" in names:
            right.append(check.answers("public_api"))
    except StepFailed as failed:
        console.print(str(failed), markup=False)
        return 1
    return int(not all(right))


class LambdaCheck:
    """The built assets, and the interpreter that runs them."""

    def __init__(self, python: list[str]) -> None:
        self.python = python
        self.layers = [bundle.dependencies(bundle.AWS), bundle.fanfare(bundle.AWS)]
        self.environments = environments()

    def imports(self, name: str) -> bool:
        """Whether the function's code can be imported and opens its clients."""
        began = time.monotonic()
        done = subprocess.run(
            [*self.python, "-c", PROGRAM], env=self._environment(name), capture_output=True, text=True, check=False
        )
        return _told(name, done.stdout.strip() or done.stderr.strip(), began, right=done.returncode == 0)

    def answers(self, name: str) -> bool:
        """Whether the runtime interface client hands the function an event, and takes its answer."""
        began = time.monotonic()
        event = json.loads(EVENT.read_text())
        with RuntimeApi(event, seconds=SECONDS) as api:
            child = subprocess.Popen(
                [*self.python, "-m", "awslambdaric", "handler.handler"],
                env={**self._environment(name, bundle.wheels(bundle.AWS, RUNTIME)), **_on_lambda(api.address)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                while not api.ended.wait(1) and child.poll() is None and time.monotonic() < began + SECONDS:
                    pass
            finally:
                stop(child)
        log = child.communicate()[0].decode(errors="replace").strip()
        right = isinstance(api.result, dict) and api.result.get("statusCode") == 200
        said = f"answers {api.result['body']}" if right else f"{json.dumps(api.error or api.result)}\n{log}"
        return _told(f"{name} by awslambdaric", said, began, right=right)

    def _environment(self, name: str, *more: Path) -> dict[str, str]:
        code = bundle.function(name)
        path = [str(code), *(str(layer / "python") for layer in (*self.layers, *more))]
        return {
            **self.environments[name],
            "PYTHONPATH": os.pathsep.join(path),
            # else it would add bytecode to the assets
            "PYTHONPYCACHEPREFIX": str(HOME / "bytecode"),
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_LAMBDA_FUNCTION_NAME": name,
        }


def environments() -> dict[str, dict[str, str]]:
    """The variables of each function of stage `dev`, by folder of its code; a name that AWS gives is made up."""
    from aws_cdk import App  # noqa: PLC0415 - infra finds Node for it

    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    with tempfile.TemporaryDirectory() as outdir:
        app = App(context={**flags, "bundle": "false"}, outdir=outdir)
        _, service = infra.app.fanfare(app)
        resources = app.synth().get_stack_by_name(service.stack_name).template["Resources"].values()
    made = [each["Properties"] for each in resources if each["Type"] == "AWS::Lambda::Function"]
    return {
        each["Description"].removeprefix("Fanfare: ").partition("-")[0]: _made_up(each["Environment"]["Variables"])
        for each in reversed(made)
    }


def _made_up(variables: Mapping[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else f"https://{name}.example" for name, value in variables.items()}


def _on_lambda(address: str) -> dict[str, str]:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"""
    return {
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_REGION": "eu-central-1",
    }


def _told(name: str, said: str, began: float, *, right: bool) -> bool:
    mark = "✓" if right else "✗"
    console.print(f"{mark} {name}: {said}, {time.monotonic() - began:.0f} s", markup=False, highlight=False)
    return right


if __name__ == "__main__":
    sys.exit(main())
