"""AWS clients of the local stack: always for the emulator, never for a real account."""

from __future__ import annotations

from typing import Any, Final

import boto3
from botocore.config import Config

from local.emulator.ministack import REGION, ROOT_KEY

# An empty mapping (not None) disables proxies from the environment.
DIRECT: Final = Config(proxies={}, retries={"mode": "standard", "total_max_attempts": 3}, read_timeout=70)


def session(key: str = ROOT_KEY, secret: str = ROOT_KEY) -> boto3.Session:
    """A session with these keys; by default the account's root user."""
    return boto3.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name=REGION)


def client(service: str, url: str) -> Any:
    """A client of a service on the emulator at `url`, as the account's root user."""
    root: Any = session()
    return root.client(service, endpoint_url=url, config=DIRECT)
