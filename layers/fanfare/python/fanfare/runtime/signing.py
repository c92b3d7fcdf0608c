"""Signing keys, a secret for each purpose, and the signed links.

A function has the variables, and the permission to read the secrets, only of the purposes that it needs.
"""

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
from fanfare.signing.keyed_hash import digest
from fanfare.signing.links import HiddenLinks, Links
from fanfare.signing.person_ids import person_id

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


def read_secret(variable: str) -> Mapping[str, str]:
    """The current keys in the secret whose ARN is in this environment variable."""
    secret = clients.secrets().get_secret_value(SecretId=os.environ[variable])
    keys: Mapping[str, str] = json.loads(secret["SecretString"])
    return keys


class KeysOf:
    """The keys of one purpose: key id → key, newest last. `opened` is their entry in the registry."""

    def __init__(self, variable: str) -> None:
        self.variable = variable
        self.opened: Callable[[], Callable[[], Mapping[str, str]]] = opened.once(self._open)

    def __call__(self) -> Mapping[str, str]:
        return self.opened()()

    def _open(self) -> SigningKeys:
        return SigningKeys(lambda: read_secret(self.variable))


signing_keys: Final = KeysOf("FANFARE_SECRET_ARN")  # of links
cursor_keys: Final = KeysOf("FANFARE_CURSOR_KEYS_ARN")
webhook_keys: Final = KeysOf("FANFARE_WEBHOOK_KEYS_ARN")
code_keys: Final = KeysOf("FANFARE_CODE_KEYS_ARN")  # of codes, and of the counters of attempts
audit_keys: Final = KeysOf("FANFARE_AUDIT_KEYS_ARN")
origin_keys: Final = KeysOf("FANFARE_ORIGIN_KEYS_ARN")  # what the proxy in front of the public API sends
address_keys: Final = KeysOf("FANFARE_ADDRESS_KEYS_ARN")  # of the directory of users; one key, never rotated
person_keys: Final = KeysOf("FANFARE_PERSON_KEYS_ARN")  # of ids of people without a stored user; never rotated
PURPOSES: Final = (
    signing_keys,
    address_keys,
    person_keys,
    cursor_keys,
    webhook_keys,
    code_keys,
    audit_keys,
    origin_keys,
)


def address_digest(kind: str, value: str) -> str:
    """The key of an address or device in the directory. Its secret is never rotated."""
    return digest(kind, value, keys=address_keys, purpose="address")[:32]


def person_id_of(kind: str, address: str) -> str:
    """The id of the person with this normalised address. Its secret is never rotated."""
    return person_id(kind, address, keys=person_keys)


def links() -> Links | None:
    """Signed links to the public API; None if the environment does not have its URL."""
    base = os.environ.get("FANFARE_PUBLIC_URL")
    return Links(base, keys=signing_keys) if base else None


def hidden_links() -> HiddenLinks | None:
    """What stands for the links of readers; None if the environment does not have the URL of the public API."""
    base = os.environ.get("FANFARE_PUBLIC_URL")
    return HiddenLinks(base) if base else None


def public_links() -> Links:
    """Signed links, for the function of the public API."""
    return Links(os.environ["FANFARE_PUBLIC_URL"], keys=signing_keys)
