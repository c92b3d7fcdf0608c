"""Deploys the CDK app to the emulator: `cdk bootstrap`, `cdk deploy`, the stack outputs, and IAM callers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from local.aws import client
from local.emulator import synth
from local.emulator.ministack import ACCOUNT, REGION, ROOT_KEY
from tools import toolchain
from tools.paths import CDK_LOG
from tools.processes import on_loopback, run
from tools.progress import step

STACKS: Final = ("Fanfare-local-Storage", "Fanfare-local-Service")


def deploy(url: str, *, public_port: int, hooks_port: int) -> dict[str, str]:
    """Deploy both stacks to the emulator at `url`, with these ports in their settings. Returns the outputs."""
    CDK_LOG.unlink(missing_ok=True)
    with ThreadPoolExecutor(1) as beside, toolchain.scratch() as elsewhere:
        bootstrapped = beside.submit(_bootstrap, url, Path(elsewhere))
        assembly = synth.assembly(public_port=public_port, hooks_port=hooks_port)
        with step("Bootstrapping the emulator's account for the CDK"):
            bootstrapped.result()
    with step("Deploying the stacks with the CDK"):
        flags = ("--require-approval", "never", "--concurrency", "2", "--method", "direct")
        _cdk(url, "deploy", "--all", "--app", str(assembly), *flags, cwd=assembly)
    return outputs(url)


def outputs(url: str) -> dict[str, str]:
    """The outputs of both stacks."""
    return outputs_of(client("cloudformation", url), *STACKS)


def outputs_of(cloudformation: Any, *stacks: str) -> dict[str, str]:
    return {
        output["OutputKey"]: output["OutputValue"]
        for name in stacks
        for output in cloudformation.describe_stacks(StackName=name)["Stacks"][0].get("Outputs", ())
    }


def reachable(api_url: str, url: str) -> str:
    """An API's URL on the emulator: `https://<id>.execute-api.…` does not resolve, so use the emulator's path."""
    api_id = api_url.partition("://")[2].partition(".")[0]
    return f"{url}/_aws/execute-api/{api_id}"


def public_api(url: str) -> str:
    """The emulator's URL of the public API. (The stack output contains the gateway's URL.)"""
    (api,) = [api for api in client("apigatewayv2", url).get_apis()["Items"] if "public" in api["Description"]]
    return reachable(api["ApiEndpoint"], url)


def published(url: str) -> dict[str, frozenset[str]]:
    """Configuration set → event types that it publishes."""
    ses = client("sesv2", url)
    return {
        name: frozenset(
            kind
            for destination in ses.get_configuration_set_event_destinations(ConfigurationSetName=name)[
                "EventDestinations"
            ]
            for kind in destination["MatchingEventTypes"]
        )
        for name in ses.list_configuration_sets()["ConfigurationSets"]
    }


def caller(url: str, name: str, *, policy: str | None = None) -> dict[str, str]:
    """Keys of a new IAM user. Without a policy, it has no permissions."""
    iam = client("iam", url)
    iam.create_user(UserName=name)
    if policy:
        iam.attach_user_policy(UserName=name, PolicyArn=policy)
    key: dict[str, Any] = iam.create_access_key(UserName=name)["AccessKey"]
    return {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}


def _bootstrap(url: str, elsewhere: Path) -> None:
    # in its own folder: next to cdk.json it would synthesize the app
    _cdk(url, "bootstrap", f"aws://{ACCOUNT}/{REGION}", cwd=elsewhere)
    # The bucket policy requires TLS, which the emulator does not have.
    s3 = client("s3", url)
    s3.delete_bucket_policy(Bucket=f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}")


def _cdk(url: str, *arguments: str, cwd: Path) -> None:
    environment = toolchain.cdk_environment() | {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }
    run(toolchain.cdk(*arguments), log=CDK_LOG, cwd=cwd, env=on_loopback(environment))
