"""The checks of `make preflight`: each reads the account and yields what it finds, with its cure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import urllib3
from botocore.exceptions import ClientError
from fanfare.channels import CHANNELS

from deploy.deploy import NEVER_COMPLETE, STUCK
from infra import bundle
from infra.settings import DeploymentSettings
from tools.paths import ROOT

QUEUES: Final = len(CHANNELS) + 2  # the fan-out's and that of receipts
OTHER_FUNCTIONS: Final = 10  # both APIs, the reconciler, and some room
BOOTSTRAP_VERSION: Final = 6  # what the CDK's assemblies require
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
LOG_POLICY_CHARACTERS: Final = 5_120
LOG_POLICIES: Final = 10
LOG_DELIVERY: Final = "AWSLogDeliveryWrite20150319"
VENDED: Final = "/aws/vendedlogs/"
# The quota "Concurrent executions" of Lambda
CONCURRENCY_QUOTA: Final = "L-B99A9384"


@dataclass(frozen=True)
class Finding:
    """What was found, and what to do. `stops`: a deployment would fail."""

    what: str
    cure: str
    stops: bool = False


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a check is given. `client` opens an AWS client; `fetch` returns the JSON at a URL, or raises OSError."""

    settings: DeploymentSettings
    region: str
    client: Callable[[str], Any]
    fetch: Callable[[str], Any]


def _missing(error: ClientError, *codes: str) -> bool:
    return error.response["Error"]["Code"] in codes


def stacks(look: Look) -> Iterator[Finding]:
    for name in ("Storage", "Service"):
        stack = f"Fanfare-{look.settings.stage}-{name}"
        state = _state(look, stack)
        if state in STUCK:
            yield Finding(f"The stack {stack} is in {state}.", STUCK[state].format(stack=stack), stops=True)


def _state(look: Look, stack: str) -> str | None:
    try:
        found = look.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if _missing(error, "ValidationError"):
            return None
        raise
    return str(found[0]["StackStatus"])


def bootstrap(look: Look) -> Iterator[Finding]:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    qualifier = context.get("@aws-cdk/core:bootstrapQualifier", "hnb659fds")
    cure = f'make cdk do="bootstrap --qualifier {qualifier} --toolkit-stack-name CDKToolkit-{qualifier}"'
    try:
        parameter = look.client("ssm").get_parameter(Name=f"/cdk-bootstrap/{qualifier}/version")["Parameter"]
    except ClientError as error:
        if not _missing(error, "ParameterNotFound"):
            raise
        yield Finding(f"The CDK is not bootstrapped here (qualifier {qualifier}).", cure, stops=True)
        return
    if int(parameter["Value"]) < BOOTSTRAP_VERSION:
        yield Finding(f"The CDK's bootstrap stack has version {parameter['Value']}, before {BOOTSTRAP_VERSION}.", cure)


def sender(look: Look) -> Iterator[Finding]:
    settings = look.settings
    name = settings.sender_domain or settings.sender_address
    try:
        found = look.client("sesv2").get_email_identity(EmailIdentity=name)
    except ClientError as error:
        if not _missing(error, "NotFoundException"):
            raise
        if settings.sender_identity == "existing":
            cure = f"Set sender_identity to create, or run aws sesv2 create-email-identity --email-identity {name}"
            yield Finding(f"SES has no identity {name} in {look.region}.", cure, stops=True)
        return
    if settings.sender_identity == "create" and _state(look, f"Fanfare-{settings.stage}-Service") in {
        None,
        *NEVER_COMPLETE,
    }:
        cure = f'Set "sender_identity": "existing" in stages/{settings.stage}.json.'
        yield Finding(f"SES has the identity {name} already: the deployment can't create it.", cure, stops=True)
    if not found["VerifiedForSendingStatus"]:
        cure = "Create the DNS records that the outputs DnsDkim… or SES's console name, and wait."
        yield Finding(f"SES has not verified {name}: mail waits, and fails after max_attempts.", cure)


def ses_account(look: Look) -> Iterator[Finding]:
    account = look.client("sesv2").get_account()
    if not account.get("SendingEnabled", True) or account.get("EnforcementStatus") == "SHUTDOWN":
        yield Finding("SES does not send for this account.", "Look at SES's console, and contact AWS Support.")
    if not account["ProductionAccessEnabled"]:
        yield Finding(
            "SES is in the sandbox: 200 mails a day, to verified addresses only.",
            "aws sesv2 put-account-details --production-access-enabled … (docs/deploy.md, step 5)",
        )
    rate = account["SendQuota"]["MaxSendRate"]
    if 0 <= rate < 50:
        yield Finding(
            f"SES sends {rate:g} mails a second, and {account['SendQuota']['Max24HourSend']:g} a day.",
            "Request higher sending limits of SES in Service Quotas, if you send more.",
        )
    if account.get("PricingAttributes", {}).get("CurrentPlan", "NONE") != "NONE":
        yield Finding(
            f"The plan of SES is {account['PricingAttributes']['CurrentPlan']}; Fanfare uses none of its features.",
            "aws sesv2 put-account-pricing-attributes --plan NONE",
        )


def concurrency(look: Look) -> Iterator[Finding]:
    limit = look.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    needed = QUEUES * look.settings.max_concurrency + OTHER_FUNCTIONS
    if limit < needed:
        yield Finding(
            f"The account runs {limit} functions at once; {QUEUES} queues with max_concurrency "
            f"{look.settings.max_concurrency} and both APIs need {needed}. Above it, APIs answer 5xx and work is late.",
            f"aws service-quotas request-service-quota-increase --service-code lambda --quota-code {CONCURRENCY_QUOTA} "
            "--desired-value 1000, or set max_concurrency to 2 until then.",
        )


def log_policies(look: Look) -> Iterator[Finding]:
    policies = look.client("logs").describe_resource_policies()["resourcePolicies"]
    ours = next((each for each in policies if each["policyName"] == LOG_DELIVERY), None)
    if ours is None and len(policies) >= LOG_POLICIES:
        what = f"CloudWatch Logs has {LOG_POLICIES} resource policies, the limit: API Gateway can't add its own."
        yield Finding(what, "Merge or delete some: aws logs describe-resource-policies", stops=True)
    elif ours and VENDED not in ours["policyDocument"] and len(ours["policyDocument"]) > LOG_POLICY_CHARACTERS - 400:
        what = f"The resource policy {LOG_DELIVERY} is full: API Gateway can't add {VENDED}, and the APIs fail."
        cure = f"Replace its log groups by one entry for {VENDED}*: aws logs put-resource-policy"
        yield Finding(what, cure, stops=True)


def certificate(look: Look) -> Iterator[Finding]:
    arn, domain = look.settings.public_certificate_arn, look.settings.public_domain
    if not (arn and domain):
        return
    region = arn.split(":")[3]
    if region != look.region:
        cure = "Request one there: aws acm request-certificate --validation-method DNS --domain-name " + domain
        yield Finding(f"The certificate is in {region}, the deployment in {look.region}.", cure, stops=True)
        return
    try:
        found = look.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    except ClientError as error:
        if not _missing(error, "ResourceNotFoundException"):
            raise
        yield Finding(f"There is no certificate {arn}.", "Correct public_certificate_arn.", stops=True)
        return
    if found["Status"] != "ISSUED":
        cure = "Create the DNS records that ACM names, and wait until it is ISSUED."
        yield Finding(f"The certificate of {domain} is {found['Status']}.", cure, stops=True)
    names = {found["DomainName"], *found.get("SubjectAlternativeNames", ())}
    if not names & {domain, f"*.{domain.partition('.')[2]}"}:
        yield Finding(f"The certificate is not for {domain}.", f"Request one for {domain}.", stops=True)


def hosted_zone(look: Look) -> Iterator[Finding]:
    settings = look.settings
    if not settings.hosted_zone_id:
        return
    try:
        name = look.client("route53").get_hosted_zone(Id=settings.hosted_zone_id)["HostedZone"]["Name"]
    except ClientError as error:
        if not _missing(error, "NoSuchHostedZone"):
            raise
        yield Finding(f"There is no zone {settings.hosted_zone_id}.", "Correct hosted_zone_id.", stops=True)
        return
    if name.rstrip(".") != settings.hosted_zone_name:
        cure = "Correct hosted_zone_id or hosted_zone_name."
        yield Finding(f"The zone {settings.hosted_zone_id} is {name}", cure, stops=True)


def issuer(look: Look) -> Iterator[Finding]:
    """API Gateway takes RSA keys with an id, found through the discovery document on the public internet.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
    """
    url = look.settings.oidc_issuer
    if not url:
        return
    document = f"{url.rstrip('/')}/.well-known/openid-configuration"
    try:
        told = look.fetch(document)
        keys = look.fetch(told["jwks_uri"])["keys"]
    except (OSError, ValueError, KeyError) as error:
        cure = "API Gateway must reach it from the public internet. Correct oidc_issuer, or publish it."
        yield Finding(f"{document} does not lead to the issuer's keys ({error}).", cure, stops=True)
        return
    if told.get("issuer") != url:
        cure = f"Set oidc_issuer to exactly {told.get('issuer')}."
        yield Finding(f"The issuer calls itself {told.get('issuer')!r}, not {url!r}: every token gets 401.", cure)
    if not any(key.get("kty") == "RSA" and key.get("kid") for key in keys):
        kinds = ", ".join(sorted({str(key.get("alg") or key.get("kty")) for key in keys}))
        cure = "Let the issuer sign with RS256, RS384 or RS512, by a key with `kid`."
        yield Finding(f"API Gateway takes RSA signatures only; the issuer's keys are {kinds}.", cure)


def permissions_boundary(look: Look) -> Iterator[Finding]:
    name = look.settings.permissions_boundary
    if not name:
        return
    account = look.client("sts").get_caller_identity()
    partition = account["Arn"].split(":")[1]
    try:
        look.client("iam").get_policy(PolicyArn=f"arn:{partition}:iam::{account['Account']}:policy/{name}")
    except ClientError as error:
        if not _missing(error, "NoSuchEntity"):
            raise
        yield Finding(f"There is no policy {name}.", "Correct permissions_boundary, or create it.", stops=True)


def kms_key(look: Look) -> Iterator[Finding]:
    arn = look.settings.kms_key_arn
    if not arn:
        return
    if (region := arn.split(":")[3]) != look.region:
        cure = "Use a key of the deployment's region."
        yield Finding(f"The key is in {region}, the deployment in {look.region}.", cure, stops=True)
        return
    try:
        key = look.client("kms").describe_key(KeyId=arn)["KeyMetadata"]
    except ClientError as error:
        if not _missing(error, "NotFoundException"):
            raise
        yield Finding(f"There is no key {arn}.", "Correct kms_key_arn, or create the key.", stops=True)
        return
    if key["KeyState"] != "Enabled" or key["KeyUsage"] != "ENCRYPT_DECRYPT":
        cure = "Use an enabled, symmetric key for encryption."
        yield Finding(f"The key is {key['KeyState']}, for {key['KeyUsage']}.", cure, stops=True)


def sms(look: Look) -> Iterator[Finding]:
    if look.settings.sms_countries and look.client("sns").get_sms_sandbox_account_status()["IsInSandbox"]:
        yield Finding(
            "SNS is in the SMS sandbox: texts go to verified numbers only.",
            "Leave it in SNS's console (Text messaging), and raise the monthly spending limit.",
        )


def accounts(look: Look) -> Iterator[Finding]:
    # https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-email.html
    if look.settings.self_sign_up and not look.settings.oidc_issuer:
        yield Finding(
            "self_sign_up: Cognito's own mail is limited to 50 messages a day.",
            "For more, let the user pool send through SES: Cognito's console, Messaging, Email.",
        )


def bytecode(look: Look) -> Iterator[Finding]:
    if look.settings.bundle and not bundle.interpreter(bundle.AWS.python):
        yield Finding(
            "There is no Python 3.13 here: layers have no bytecode, so cold starts are slower, and a machine with it "
            "uploads others.",
            "uv python install 3.13, here and in CI",
        )


def fetched(url: str) -> Any:
    """The JSON at a URL. Raises OSError or ValueError."""
    try:
        answer = urllib3.PoolManager(retries=2, timeout=10).request("GET", url)
    except urllib3.exceptions.HTTPError as error:
        raise OSError(str(error)) from error
    if answer.status != 200:
        raise OSError(f"status {answer.status}")
    return json.loads(answer.data)
