"""Where Fanfare is and as whom to call it: from arguments, the environment, or the stack that runs on this machine."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from botocore.session import Session

from .errors import ConfigurationError
from .signing import CredentialSource, Signer

STACK_FILE: Final = Path(".local") / "stack.json"
LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop.html
_HOST: Final = re.compile(r"[a-z0-9]+\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?")


@dataclass(frozen=True)
class Place:
    """An API, and who calls it."""

    url: str
    region: str
    credentials: CredentialSource = field(repr=False)

    @property
    def signer(self) -> Signer:
        return Signer(self.credentials, self.region)


def find(
    *,
    url: str | None = None,
    region: str | None = None,
    profile: str | None = None,
    stack: str | Path | None = None,
    start: Path | None = None,
) -> Place:
    """The first of: `url`, `stack`, $FANFARE_URL, $FANFARE_STACK, `.local/stack.json` here or in a folder above.

    Raises ConfigurationError, which says what to set.
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


def deployed(url: str, *, region: str | None = None, profile: str | None = None) -> Place:
    """The API at `url`, by AWS's chain of credentials. Raises ConfigurationError."""
    _check(url)
    session = Session(profile=profile)
    try:
        # botocore itself reads AWS_DEFAULT_REGION alone; Lambda and the other SDKs have AWS_REGION
        region = region or _region_of(url) or os.environ.get("AWS_REGION") or session.get_config_variable("region")
        credentials = session.get_credentials()
    except BotoCoreError as error:
        raise ConfigurationError(f"AWS settings: {error}") from error
    if not region:
        raise ConfigurationError("The region is not in the URL: set AWS_REGION, or give --region.")
    if credentials is None:
        raise ConfigurationError(
            "No AWS credentials: run `aws configure` or `aws sso login`, or set AWS_PROFILE, or give --profile."
        )
    return Place(url.rstrip("/"), region, credentials)


def local(file: Path) -> Place:
    """The stack of `make run`. Raises ConfigurationError."""
    try:
        described: dict[str, Any] = json.loads(file.read_text())
        key = described["service"]
        credentials = Credentials(key["access_key_id"], key["secret_access_key"])
        return Place(described["internal_url"].rstrip("/"), described["region"], credentials)
    except OSError as error:
        raise ConfigurationError(f"{file} can't be read ({error.strerror}): is `make run` running?") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{file} does not describe a stack: start it again with `make run`.") from error


def _above(start: Path) -> Path:
    for folder in (start, *start.parents):
        if (folder / STACK_FILE).is_file():
            return folder / STACK_FILE
    raise ConfigurationError(
        "It is not known where Fanfare is. Give --url, or set FANFARE_URL, to the deployed API's URL (output "
        "InternalApiUrl of the stack); or start one on this machine with `make run`."
    )


def _check(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ConfigurationError(f"{url!r} is no URL: it has to begin with https://")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ConfigurationError("Addresses of people would go unencrypted: the URL has to begin with https://")
    if parts.query or parts.fragment or parts.username:
        raise ConfigurationError("The URL has to end with the stage or the host: no user, no query.")


def _region_of(url: str) -> str | None:
    matched = _HOST.fullmatch(urlsplit(url).hostname or "")
    return matched[1] if matched else None
