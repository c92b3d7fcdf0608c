"""The app, synthesized in this process; each context once."""

from __future__ import annotations

import functools
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

import infra.app
import infra.settings
from infra.storage import Storage

ROOT = Path(__file__).parents[2]
FLAGS = json.loads((ROOT / "cdk.json").read_text())["context"]

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Template:
    """A synthesized template."""

    body: Mapping[str, Any]

    def of_type(self, type: str) -> dict[str, Properties]:
        """The properties of the resources of this type, by logical id."""
        resources: Mapping[str, Any] = self.body["Resources"]
        return {id: made.get("Properties", {}) for id, made in resources.items() if made["Type"] == type}

    def only(self, type: str) -> Properties:
        """The properties of the one resource of this type."""
        (properties,) = self.of_type(type).values()
        return properties

    def of_api(self, type: str, api: str) -> list[Properties]:
        """Those of an HTTP API's resources that are of this type."""
        return [
            made for made in self.of_type(type).values() if re.fullmatch(f"{api}[0-9A-F]{{8}}", made["ApiId"]["Ref"])
        ]

    def function(self, name: str) -> Properties:
        """The function that `grants.py` and the logs call by this name."""
        (function,) = (f for f in self.functions.values() if f["Description"] == f"Fanfare: {name}")
        return function

    @property
    def functions(self) -> dict[str, Properties]:
        return self.of_type("AWS::Lambda::Function")


@dataclass(frozen=True)
class Deployment:
    """What one context synthesizes to."""

    storage: Template
    service: Template
    findings: list[Any]

    @property
    def templates(self) -> tuple[Template, Template]:
        return self.storage, self.service

    def statements(self, function: Properties) -> Iterator[tuple[str, str]]:
        """What the function's role allows, as pairs of action and target."""
        role = name_of(function["Role"], self)
        for policy in self.service.of_type("AWS::IAM::Policy").values():
            if role in {name_of(attached, self) for attached in policy["Roles"]}:
                for statement in policy["PolicyDocument"]["Statement"]:
                    for action in listed(statement["Action"]):
                        for resource in listed(statement.get("Resource", ())):
                            yield action, name_of(resource, self)
                        for resource in listed(statement.get("NotResource", ())):
                            yield action, f"all but {name_of(resource, self)}"


@contextmanager
def stages_file(stage: str) -> Iterator[None]:
    """There is one for this stage, which says nothing."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        (Path(folder) / f"{stage}.json").write_text("{}")
        patch.setattr(infra.settings, "STAGES", Path(folder))
        yield


@functools.cache
def deployment(**context: str) -> Deployment:
    """The stacks of this context. Layers stay empty: what is in them does not show in a template."""
    with tempfile.TemporaryDirectory() as outdir, stages_file(context.get("stage", "dev")):
        app = App(context={**FLAGS, "bundle": "false", **context}, outdir=outdir)
        storage, service = infra.app.fanfare(app)
        assembly = app.synth()
        return Deployment(
            Template(assembly.get_stack_by_name(storage.stack_name).template),
            Template(assembly.get_stack_by_name(service.stack_name).template),
            json.loads((Path(outdir) / "validation-report.json").read_text())["pluginReports"],
        )


def storage_alone(**context: str) -> Template:
    """The storage stack of this context, without the service: quick."""
    with tempfile.TemporaryDirectory() as outdir, stages_file(context.get("stage", "dev")):
        app = App(context={**FLAGS, **context}, outdir=outdir)
        settings = infra.settings.DeploymentSettings.from_context(app.node)
        Storage(app, "Storage", settings=settings)
        return Template(app.synth().get_stack_by_name("Storage").template)


def listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def name_of(reference: Any, within: Deployment) -> str:
    """A reference as the construct's name: `Messages`, `Messages/index/due`, `EmailQueue`, or `*`."""
    match reference:
        case str():
            return reference
        case {"Ref": id} | {"Fn::GetAtt": [id, _]}:
            return re.sub(r"[0-9A-F]{8}$", "", id)
        case {"Fn::ImportValue": export}:
            outputs = within.storage.body["Outputs"].values()
            (value,) = (out["Value"] for out in outputs if out.get("Export", {}).get("Name") == export)
            return name_of(value, within)
        case {"Fn::Join": ["", [{"Fn::ImportValue": _} as table, str() as index]]}:
            return f"{name_of(table, within)}{index}"
        case {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, *_, resource]]}:
            return name_of(resource, within)
    raise AssertionError(f"not a reference that the app makes: {reference}")
