"""`python -m deploy.operate`: runs the console of a deployed stage on this machine, with your AWS credentials.

Nothing is deployed for it, and it listens only on loopback. Every call is signed with your credentials, so IAM decides
what you can do. The stack's outputs contain three policies for this: ViewerPolicyArn, EditorPolicyArn,
OperatorPolicyArn.

--stage prod    the stage; the URL of its internal API is looked up in CloudFormation
--url https://… URL of the internal API, if you have no permission to look it up
--port 8080     port to listen on; default: a free port
AWS_PROFILE, AWS_REGION and the other AWS settings select your credentials and region
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from console.app import make
from console.host import Host
from deploy.metrics import StageMetrics
from deploy.session import aws_session
from local.api import Api
from local.console import signed
from local.emulator import deployment
from local.imports import Imports
from local.run import ended_well, parser
from local.wsgi_server import WsgiServer
from tools.processes import StepFailed
from tools.progress import console


def main() -> int:
    options = parser(__doc__ or "")
    options.add_argument("--stage", default="dev")
    options.add_argument("--url")
    return ended_well(lambda: operate(options.parse_args()))


def operate(options: argparse.Namespace) -> int:
    session = aws_session()
    credentials = session.get_credentials()
    if credentials is None or session.region_name is None:
        raise StepFailed("No AWS credentials or no region. Set AWS_PROFILE and AWS_REGION, or log in with the AWS CLI.")
    url = options.url or internal_url(session, options.stage)
    api = Api(url, credentials=credentials, region=session.region_name)
    host = Host(
        metrics=StageMetrics(session.client("cloudwatch"), options.stage),
        import_file=Imports(url, session.region_name, credentials),
    )
    key = secrets.token_urlsafe(24)
    site = WsgiServer(
        make(signed(api), stage=options.stage, key=key, cookie=f"fanfare-{options.stage}", host=host), port=options.port
    )
    console.print(f"\n[bold]Console of {options.stage}[/bold]. Press Ctrl-C to stop it.\n")
    console.print(f"  {site.url}/?key={key}\n", markup=False, soft_wrap=True)
    try:
        while True:
            time.sleep(1)
    finally:
        site.close()


def internal_url(session: boto3.Session, stage: str) -> str:
    """URL of the stage's internal API, from its stack outputs."""
    try:
        return deployment.outputs_of(session.client("cloudformation"), f"Fanfare-{stage}-Service")["InternalApiUrl"]
    except (BotoCoreError, ClientError) as error:
        raise StepFailed(f"Can't look up the URL of the stage {stage} ({error}). Pass it with --url.") from error


if __name__ == "__main__":
    sys.exit(main())
