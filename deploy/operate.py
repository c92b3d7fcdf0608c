"""`python -m deploy.operate`: the console of a deployed stage, on this machine, with your own AWS credentials.

Nothing is deployed for it and nothing is open to others: each call is signed as you, and IAM lets you do what your
policy says. The stack has two to choose from, in its outputs: ViewerPolicyArn and OperatorPolicyArn.

--stage prod    the stage whose internal API it is; its URL is looked up in CloudFormation
--url https://… the internal API's URL, where you may not look it up
--port 8080     where to listen; else any free port
AWS_PROFILE, AWS_REGION and the rest of AWS's own settings say who and where you are
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from console.app import make
from local import deployment
from local.api import Api
from local.console import signed
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
    session = boto3.Session(region_name=os.environ.get("AWS_REGION"))  # which other SDKs and the CLI go by
    credentials = session.get_credentials()
    if credentials is None or session.region_name is None:
        raise StepFailed("Who are you, and where? Set AWS_PROFILE and AWS_REGION, or log in with the AWS CLI.")
    url = options.url or internal_url(session, options.stage)
    api = Api(url, credentials=credentials, region=session.region_name)
    key = secrets.token_urlsafe(24)
    site = WsgiServer(
        make(signed(api), stage=options.stage, key=key, cookie=f"fanfare-{options.stage}"), port=options.port
    )
    console.print(f"\n[bold]Console of {options.stage}[/bold]. Ctrl-C stops it.\n")
    console.print(f"  {site.url}/?key={key}\n", markup=False, soft_wrap=True)
    try:
        while True:
            time.sleep(1)
    finally:
        site.close()


def internal_url(session: boto3.Session, stage: str) -> str:
    """Where the stage's internal API is, as its stack says."""
    try:
        return deployment.outputs_of(session.client("cloudformation"), f"Fanfare-{stage}-Service")["InternalApiUrl"]
    except (BotoCoreError, ClientError) as error:
        raise StepFailed(f"The URL of {stage} is not to be found ({error}). Give it as --url.") from error


if __name__ == "__main__":
    sys.exit(main())
