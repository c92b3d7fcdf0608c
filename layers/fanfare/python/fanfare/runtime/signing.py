"""Signing keys of cursors, links and webhooks, and the signed links."""

from __future__ import annotations

import json
import logging
import math
import os
import time
from collections.abc import Callable, Mapping
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from fanfare.runtime import clients
from fanfare.runtime.registry import opened
from fanfare.signing.links import Links

log = logging.getLogger(__name__)

KEYS_SECONDS: Final = 300  # time until every function knows a new key after a rotation


class SigningKeys:
    """Cached keys. If they can't be read again, the known ones stay in use, so that no delivery fails."""

    def __init__(
        self, read: Callable[[], Mapping[str, str]], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._monotonic = monotonic
        self._known: Mapping[str, str] = {}
        self._until = -math.inf

    def __call__(self) -> Mapping[str, str]:
        """Key id → key, newest last. They are read again after `KEYS_SECONDS`."""
        now = self._monotonic()
        if not self._known or now >= self._until:
            try:
                self._known = self._read()
            except (ClientError, BotoCoreError, ValueError):
                if not self._known:
                    raise
                log.exception("signing keys could not be read again; the known keys stay in use")
            self._until = now + KEYS_SECONDS
        return self._known


def read_secret() -> Mapping[str, str]:
    """The current keys in the secret."""
    secret = clients.secrets().get_secret_value(SecretId=os.environ["FANFARE_SECRET_ARN"])
    keys: Mapping[str, str] = json.loads(secret["SecretString"])
    return keys


@opened.once
def keys() -> Callable[[], Mapping[str, str]]:
    return SigningKeys(read_secret)


def signing_keys() -> Mapping[str, str]:
    """Key id → key, newest last: the signing keys of cursors, links and webhooks."""
    return keys()()


def links() -> Links | None:
    """Signed links to the public API; None if the environment does not have its URL."""
    base = os.environ.get("FANFARE_PUBLIC_URL")
    return Links(base, keys=signing_keys) if base else None


def public_links() -> Links:
    """Signed links, for the function of the public API."""
    return Links(os.environ["FANFARE_PUBLIC_URL"], keys=signing_keys)
