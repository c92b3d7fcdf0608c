"""The API's URL, region and credentials: from arguments, the environment, or the local stack."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from .errors import ConfigurationError
from .signing import CredentialSource, Signer

STACK_FILE: Final = Path(".local") / "stack.json"
LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop.html
_HOST: Final = re.compile(r"[a-z0-9]+\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?")


@dataclass(frozen=True)
class Endpoint:
    """The API's URL and the credentials to call it with. `console` and `aws` are URLs of the local stack."""

    url: str
    region: str
    credentials: CredentialSource = field(repr=False)
    console: str | None = None
    aws: str | None = None

    @property
    def signer(self) -> Signer:
        return Signer(self.credentials, self.region)

    def principal(self) -> str:
        """The ARN of the credentials' AWS principal, from STS. Raises ConfigurationError."""
        key = self.credentials.get_frozen_credentials()
        sts: Any = Session().create_client(
            "sts",
            region_name=self.region,
            endpoint_url=self.aws,
            aws_access_key_id=key.access_key,
            aws_secret_access_key=key.secret_key,
            aws_session_token=key.token,
        )
        try:
            return str(sts.get_caller_identity()["Arn"])
        except (BotoCoreError, ClientError) as error:
            raise ConfigurationError(f"AWS does not accept the credentials: {error}") from error


def find(
    *,
    url: str | None = None,
    region: str | None = None,
    profile: str | None = None,
    stack: str | Path | None = None,
    start: Path | None = None,
) -> Endpoint:
    """The first of: `url`, `stack`, $FANFARE_URL, $FANFARE_STACK, `.local/stack.json` in this folder or a parent.

    Raises ConfigurationError with what to set.
    """
    if url:
        return deployed(url, region=region, profile=profile)
    if stack:
        return local(Path(stack))
    if os.environ.get("FANFARE_URL"):
        return deployed(os.environ["FANFARE_URL"], region=region, profile=profile)
    if os.environ.get("FANFARE_STACK"):
        return local(Path(os.environ["FANFARE_STACK"]))
    return local(_above(start or Path.cwd()))


def deployed(url: str, *, region: str | None = None, profile: str | None = None) -> Endpoint:
    """The API at `url`, with credentials from the AWS default chain. Raises ConfigurationError."""
    _check(url)
    session = Session(profile=profile)
    try:
        # botocore reads only AWS_DEFAULT_REGION; Lambda and the other SDKs use AWS_REGION
        region = region or _region_of(url) or os.environ.get("AWS_REGION") or session.get_config_variable("region")
        credentials = session.get_credentials()
    except BotoCoreError as error:
        raise ConfigurationError(f"Invalid AWS configuration: {error}") from error
    if not region:
        raise ConfigurationError("No AWS region: the URL does not contain one. Set AWS_REGION or pass --region.")
    if credentials is None:
        raise ConfigurationError(
            "No AWS credentials. Run `aws configure` or `aws sso login`, set AWS_PROFILE, or pass --profile."
        )
    return Endpoint(url.rstrip("/"), region, credentials)


def local(file: Path) -> Endpoint:
    """The local stack that `make run` starts. Raises ConfigurationError."""
    try:
        described: dict[str, Any] = json.loads(file.read_text())
        key = described["service"]
        credentials = Credentials(key["access_key_id"], key["secret_access_key"])
        urls = {"console": described.get("console_url"), "aws": described.get("aws_endpoint_url")}
        return Endpoint(described["internal_url"].rstrip("/"), described["region"], credentials, **urls)
    except OSError as error:
        raise ConfigurationError(f"Can't read {file} ({error.strerror}). Is `make run` running?") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{file} does not describe a stack. Restart it with `make run`.") from error


def _above(start: Path) -> Path:
    for folder in (start, *start.parents):
        if (folder / STACK_FILE).is_file():
            return folder / STACK_FILE
    raise ConfigurationError(
        "No Fanfare API configured. Pass --url or set FANFARE_URL to the deployed API's URL (stack output "
        "InternalApiUrl), or start a local stack with `make run`."
    )


def _check(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ConfigurationError(f"Invalid URL {url!r}: it must begin with https://")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ConfigurationError("Unencrypted URL: it must begin with https:// (http:// is only allowed on loopback).")
    if parts.query or parts.fragment or parts.username:
        raise ConfigurationError("The URL must not contain credentials, a query or a fragment.")


def _region_of(url: str) -> str | None:
    matched = _HOST.fullmatch(urlsplit(url).hostname or "")
    return matched[1] if matched else None
