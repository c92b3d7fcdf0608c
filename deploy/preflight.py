"""`python -m deploy.preflight STAGE`: what would stop or surprise a deployment of STAGE.

Reads the account of your AWS credentials and changes nothing. Each finding has its cure. A check for which you lack the
permission is reported and left out. Exits with 1 if something would stop the deployment.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from deploy import preflight_checks as checks
from deploy.deploy import settings_of
from deploy.preflight_checks import Finding, Look
from deploy.session import aws_session
from local.run import ended_well
from tools.processes import StepFailed
from tools.progress import console

CHECKS: Mapping[str, Callable[[Look], Iterable[Finding]]] = {
    "stacks": checks.stacks,
    "bootstrap": checks.bootstrap,
    "sender": checks.sender,
    "SES account": checks.ses_account,
    "concurrency": checks.concurrency,
    "log policies": checks.log_policies,
    "certificate": checks.certificate,
    "hosted zone": checks.hosted_zone,
    "token issuer": checks.issuer,
    "permissions boundary": checks.permissions_boundary,
    "KMS key": checks.kms_key,
    "SMS": checks.sms,
    "accounts": checks.accounts,
    "Python 3.13": checks.bytecode,
}
REFUSED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}


def main() -> int:
    summary, _, rest = (__doc__ or "").partition("\n")
    options = argparse.ArgumentParser(description=summary, epilog=rest)
    options.add_argument("stage")
    stage = options.parse_args().stage
    return ended_well(lambda: preflight(stage, aws_session()))


def preflight(stage: str, session: Any) -> int:
    """Print the findings. Returns 1 if one of them stops a deployment."""
    settings = settings_of(stage)
    if not session.region_name:
        raise StepFailed("No AWS region. Set AWS_PROFILE and AWS_REGION, as for `make deploy`.")
    look = Look(settings=settings, region=session.region_name, client=session.client, fetch=checks.fetched)
    try:
        account = look.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise StepFailed(f"No valid AWS credentials ({error}). Set AWS_PROFILE, or log in with the AWS CLI.") from None
    console.print(f"[bold]Fanfare, stage {stage}[/bold]: account {account}, {look.region}\n", highlight=False)
    found = [*findings(look)]
    for finding in found:
        console.print(f"{'STOPS' if finding.stops else 'NOTE '}  {finding.what}", markup=False, highlight=False)
        console.print(f"       Cure: {finding.cure}\n", markup=False, highlight=False)
    console.print(f"{len(CHECKS)} checks, {len(found)} findings.", highlight=False)
    return int(any(finding.stops for finding in found))


def findings(look: Look) -> Iterator[Finding]:
    """The findings of all checks, those that stop a deployment first."""
    found = [finding for name, check in CHECKS.items() for finding in _read(name, check, look)]
    yield from sorted(found, key=lambda finding: not finding.stops)


def _read(name: str, check: Callable[[Look], Iterable[Finding]], look: Look) -> list[Finding]:
    try:
        return [*check(look)]
    except ClientError as error:
        if error.response["Error"]["Code"] not in REFUSED:
            raise StepFailed(f"Can't check {name}: {error}") from error
        what = f"{name}: not checked, because you may not call {error.operation_name}."
        return [Finding(what, "Use credentials that may read this, or check it by hand (docs/deploy.md).")]
    except BotoCoreError as error:
        return [Finding(f"{name}: not checked ({error}).", "Check that the service is reachable from this machine.")]


if __name__ == "__main__":
    sys.exit(main())
