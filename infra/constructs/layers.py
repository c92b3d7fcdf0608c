"""The layers of all functions: our package and the third-party packages."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from .. import bundle
from ..settings import DeploymentSettings
from .function import RUNTIME, architecture, asset


class Layers(Construct):
    """The layers, built for AWS or, for a local deployment, for this machine."""

    def __init__(self, scope: Construct, id: str, *, settings: DeploymentSettings) -> None:
        super().__init__(scope, id)
        self.settings = settings
        target = bundle.HERE if settings.local else bundle.AWS
        # Dependencies first: layers are merged into /opt in this order, so our package takes precedence.
        self.versions = [
            self._version("Dependencies", bundle.dependencies(target) if settings.bundle else bundle.empty()),
            self._version("Fanfare", bundle.fanfare(target) if settings.bundle else bundle.empty()),
        ]

    def _version(self, id: str, folder: Path) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            id,
            code=asset(folder),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[architecture(self.settings)],
        )
