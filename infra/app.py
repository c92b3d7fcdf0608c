"""The CDK app: two stacks, checked with cdk-nag."""

from __future__ import annotations

import sys

from aws_cdk import Annotations, App, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from .service import Service
from .settings import DeploymentSettings, SettingsError
from .storage import Storage


def fanfare(app: App) -> tuple[Storage, Service]:
    """Both stacks, with the settings from the context."""
    settings = DeploymentSettings.from_context(app.node)
    storage = Storage(app, f"Fanfare-{settings.stage}-Storage", settings=settings)
    service = Service(app, f"Fanfare-{settings.stage}-Service", settings=settings, storage=storage)
    for stack in (storage, service):
        # The CDK adds a DependsOn to every GetAtt on a role; cfn-lint reports it as redundant (W3005).
        stack.template_options.metadata = {"cfn-lint": {"config": {"ignore_checks": ["W3005"]}}}
    for number, warning in enumerate(settings.warnings):
        Annotations.of(service).add_warning_v2(f"fanfare:settings-{number}", warning)
    Tags.of(app).add("fanfare:stage", settings.stage)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return storage, service


def main() -> None:
    """Synthesize, or exit with the errors in the context."""
    app = App()
    try:
        fanfare(app)
    except SettingsError as error:
        sys.exit(str(error))
    app.synth()
