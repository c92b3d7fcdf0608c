"""`python -m deploy.deploy STAGE`: deploys both stacks to the account of your AWS credentials.

--approved  do not ask before IAM permissions change; without a terminal this is required: look at `make diff` first

The first deployment creates the storage stack without deletion protection and turns it on afterwards: a creation that
fails can then be rolled back and repeated.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from deploy.session import aws_session
from deploy.shared_pool import set_shared_pool
from infra.settings import UNPROTECTED, DeploymentSettings, SettingsError
from local.run import ended_well
from tools import toolchain
from tools.paths import ROOT
from tools.processes import StepFailed

# The stack is not there, or was never complete. The CDK deletes it first in all but REVIEW_IN_PROGRESS.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
NEVER_COMPLETE: Final = frozenset(
    {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "REVIEW_IN_PROGRESS", "DELETE_COMPLETE"}
)
# What a run was interrupted in, or could not undo: state → what to do
STUCK: Final = {
    "UPDATE_ROLLBACK_FAILED": "Run `aws cloudformation continue-update-rollback --stack-name {stack}`, and add "
    "`--resources-to-skip <logical id>` for a resource that can't be restored. Then deploy again.",
    "DELETE_FAILED": "Delete it: `aws cloudformation delete-stack --stack-name {stack}`, and add "
    "`--retain-resources <logical ids>` for what can't be deleted.",
}

Run = Callable[[Sequence[str]], int]


def main() -> int:
    summary, _, rest = (__doc__ or "").partition("\n")
    options = argparse.ArgumentParser(
        description=summary, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("stage")
    options.add_argument("--approved", action="store_true")
    given = options.parse_args()
    return ended_well(
        lambda: deploy(
            settings_of(given.stage), given.approved, aws_session(), terminal=sys.stdin.isatty(), run=run_cdk
        )
    )


def settings_of(stage: str) -> DeploymentSettings:
    """The settings of the stage. Raises StepFailed if they are invalid."""
    try:
        return DeploymentSettings.read({"stage": stage})
    except SettingsError as error:
        raise StepFailed(str(error)) from None


def deploy(settings: DeploymentSettings, approved: bool, session: Any, *, terminal: bool, run: Run) -> int:
    """Deploy with the CDK, and set what CloudFormation can't. Returns the CLI's status."""
    stage = settings.stage
    if not (approved or terminal):
        raise StepFailed(
            "There is no terminal to approve changes of IAM permissions. Look at `make diff`, then run "
            f"`make deploy STAGE={stage} APPROVED=1`."
        )
    storage, service = f"Fanfare-{stage}-Storage", f"Fanfare-{stage}-Service"
    states = {stack: state_of(session, stack) for stack in (storage, service)}
    for stack, state in states.items():
        if state in STUCK:
            raise StepFailed(f"The stack {stack} is in {state}. {STUCK[state].format(stack=stack)}")
    flags = ("--context", f"stage={stage}", *(("--require-approval", "never") if approved else ()))
    if stage not in UNPROTECTED and states[storage] in {None, *NEVER_COMPLETE}:
        status = run(("deploy", storage, "--exclusively", "--context", "first_deployment=true", *flags))
        if status:
            return status
    status = run(("deploy", "--all", *flags))
    if status == 0:
        set_shared_pool(session, service, settings.shared_pool)
    return status


def state_of(session: Any, stack: str) -> str | None:
    """The state of the stack; None if there is none."""
    try:
        found = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":  # "Stack with id … does not exist"
            return None
        raise StepFailed(f"Can't look up the stack {stack}: {error}") from error
    except BotoCoreError as error:
        raise StepFailed(f"Can't reach CloudFormation: {error}. Set AWS_PROFILE and AWS_REGION.") from error
    return str(found[0]["StackStatus"])


def run_cdk(arguments: Sequence[str]) -> int:
    """Run the CDK CLI in this terminal."""
    command = toolchain.cdk(*arguments)
    return subprocess.run(command, cwd=ROOT, env=toolchain.cdk_environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
