"""Webhooks: an HTTPS POST to the user's own endpoint, signed to the Standard Webhooks specification.

`webhook_guard` checks the URL. Redirects are not followed.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import random
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from http.client import HTTPException
from threading import Timer
from typing import ClassVar, Final
from urllib.parse import urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from fanfare.channels.base import (
    NOT_ASKED,
    AddressRefused,
    Channel,
    Envelope,
    Grants,
    InTime,
    Kind,
    Opening,
    Profile,
    SendResult,
    always,
    isolated,
)
from fanfare.channels.reasons import Reason
from fanfare.channels.webhook_guard import Guard, HostSeconds, Resolve, Target, addresses_of, retry_after
from fanfare.clock import Clock, from_text
from fanfare.data_classes import dataclass, replace
from fanfare.signing.keyed_hash import Keys

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 5.0  # without data
TOTAL_SECONDS: Final = 10.0  # of the call: an endpoint that sends a byte every four seconds passes the read time-out

KEY_BYTES: Final = 800  # of a URL in a key that also has a user's id
_URL: Final = re.compile(r"https?://[^\s/?#@]+([/?][^\s]*)?|sha256:[0-9a-f]{64}")
OVERLAP: Final = timedelta(days=1)  # after a rotation by the user: calls are signed with the secret before it, too

# https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
STATUS: Final[dict[int, SendResult]] = {
    408: SendResult(Kind.TEMPORARY, Reason.ENDPOINT_TIMED_OUT),
    410: SendResult(Kind.PERMANENT, Reason.ENDPOINT_GONE),
    425: SendResult(Kind.TEMPORARY, Reason.ENDPOINT_TOO_EARLY),
    # an attempt like any other: the endpoint is the user's, and its word must not keep a message for weeks
    429: SendResult(Kind.TEMPORARY, Reason.ENDPOINT_THROTTLED),
}
FAULTS: Final = frozenset(
    {
        Reason.ENDPOINT_BROKE_OFF,
        Reason.ENDPOINT_FAILED,
        Reason.ENDPOINT_NOT_FOUND,
        Reason.ENDPOINT_REDIRECTS,
        Reason.ENDPOINT_REFUSED,
        Reason.ENDPOINT_THROTTLED,
        Reason.ENDPOINT_TIMED_OUT,
        Reason.ENDPOINT_TOO_EARLY,
        Reason.ENDPOINT_UNREACHABLE,
    }
)
BUSY_SECONDS: Final = (60.0, 180.0)  # a recipient whose host took too long waits for so long


@dataclass(frozen=True)
class Owner:
    """Whose secret: a user in one life, after a number of rotations, the last of them at a time."""

    user_id: str
    generation: str = ""
    rotations: int = 0
    rotated_at: str | None = None


class Webhook(Channel):
    name: ClassVar[str] = "webhook"
    title: ClassVar[str] = "Webhook"
    by: ClassVar[str] = "by webhook"
    summary: ClassVar[str] = "HTTPS POST to the user's own endpoint, signed"
    grants: ClassVar[Grants] = {
        "webhook_endpoints": (),
        "webhook_keys": ("secretsmanager:GetSecretValue",),
        # to suppress an endpoint that is gone
        "audience": ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"),
    }
    suppressible: ClassVar[bool] = True
    suppresses: ClassVar[Mapping[Reason, str]] = {Reason.ENDPOINT_GONE: "opt_out"}
    batch_size: ClassVar[int] = 10
    side_by_side: int = 10  # so that a slow endpoint holds up no other
    parts: ClassVar[Mapping[str, bool]] = {"title": False, "body": False}
    needs: ClassVar[tuple[tuple[str, ...], ...]] = (("title", "body"),)
    inline: ClassVar[Mapping[str, str]] = {"title": "subject", "body": "text"}
    repeatable: ClassVar[bool] = True  # receivers detect repeats by `webhook-id`
    faults: ClassVar[frozenset[Reason]] = FAULTS

    def __init__(
        self,
        *,
        keys: Keys,
        clock: Clock,
        allowed: frozenset[str] = frozenset(),
        resolve: Resolve = addresses_of,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self.keys = keys
        self.clock = clock
        self.guard = Guard(allowed=allowed, resolve=resolve)
        self.total_seconds = total_seconds
        self.hosts = HostSeconds()

    def begin(self) -> None:
        self.hosts = HostSeconds()

    @classmethod
    def open(cls, opening: Opening) -> Webhook:
        allowed = opening.environment.get("FANFARE_WEBHOOK_ALLOWED", "").split(",")
        return cls(keys=opening.keys, clock=opening.clock, allowed=frozenset(filter(None, allowed)))

    @staticmethod
    def address(profile: Profile) -> str:
        """The user's URL."""
        url = (profile.get("webhook") or {}).get("url")
        if not url:
            raise AddressRefused(Reason.NO_ADDRESS)
        return str(url)

    @classmethod
    def identity(cls, profile: Profile) -> str | None:
        """The URL; of a long one, its digest, because the key of an item has at most 1,024 bytes."""
        url = (profile.get("webhook") or {}).get("url")
        if not url:
            return None
        return str(url) if len(str(url).encode()) <= KEY_BYTES else f"sha256:{hashlib.sha256(url.encode()).hexdigest()}"

    @classmethod
    def normalised(cls, address: str) -> str | None:
        return cls.identity({"webhook": {"url": address}}) if _URL.fullmatch(address) else None

    def send(self, envelopes: Sequence[Envelope], *, in_time: InTime = always) -> list[SendResult]:
        return [isolated(self._send, envelope) if in_time() else NOT_ASKED for envelope in envelopes]

    def _send(self, envelope: Envelope) -> SendResult:
        """The result, unless the host has taken too much of this invocation."""
        host, hosts, began = _host(envelope.address), self.hosts, self.clock()
        if not hosts.allows(host):
            return _too_slow()
        target: Target | None = None
        try:
            target = self.guard.check(envelope.address)
            return self._call(target, envelope) if hosts.allows(host, target.ip) else _too_slow()
        except AddressRefused as refused:
            return SendResult(Kind.PERMANENT, refused.reason)
        except OSError:
            return SendResult(Kind.TEMPORARY, Reason.ENDPOINT_NOT_FOUND)
        finally:
            hosts.took(host, target.ip if target else None, (self.clock() - began).total_seconds())

    def _call(self, target: Target, envelope: Envelope) -> SendResult:
        """A call with a lost answer is retried: the receiver detects a repeat by its `webhook-id`."""
        now = self.clock()
        body = json.dumps(payload(envelope), separators=(",", ":"))
        identity = _identity(envelope)
        owner = Owner(envelope.user_id, envelope.generation, envelope.secret_no, envelope.secret_at)
        headers = {
            "host": target.authority,
            "content-type": "application/json",
            "user-agent": "Fanfare",
            "webhook-id": identity,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signatures(self.keys, owner, identity, now, body),
        }
        return self._post(target, body.encode(), headers)

    def _post(self, target: Target, body: bytes, headers: Mapping[str, str]) -> SendResult:
        connection = _connection(target)
        with _cut_off(connection, self.total_seconds):
            try:
                connection.connect()
            except (HTTPError, OSError):
                return SendResult(Kind.TEMPORARY, Reason.ENDPOINT_UNREACHABLE)
            try:
                if connection.sock is not None:
                    connection.sock.settimeout(READ_SECONDS)
                connection.request("POST", target.path, body=body, headers=headers, preload_content=False)
                response = connection.getresponse()  # its body is ignored
            except (HTTPError, HTTPException, OSError):
                return SendResult(Kind.TEMPORARY, Reason.ENDPOINT_BROKE_OFF)
            result = _of_status(response.status)
            if result.kind is not Kind.TEMPORARY:
                return result
            return replace(result, wait=retry_after(response.headers.get("Retry-After"), self.clock()))


class _Plain(HTTPConnection):
    """A connection with a second handle of its socket, which can end it at any moment.

    During a TLS handshake `sock` is of no use: `ssl` has detached it.
    """

    handle: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        self.handle = connected.dup()
        return connected


class _Encrypted(_Plain, HTTPSConnection): ...


def _connection(target: Target) -> _Plain | _Encrypted:
    """A connection to the checked IP address; TLS verifies the host name."""
    if target.scheme == "http":
        return _Plain(target.ip, target.port, timeout=CONNECT_SECONDS)
    return _Encrypted(
        target.ip,
        target.port,
        timeout=CONNECT_SECONDS,
        server_hostname=target.host,
        assert_hostname=target.host,
        cert_reqs="CERT_REQUIRED",
    )


@contextlib.contextmanager
def _cut_off(connection: _Plain | _Encrypted, seconds: float) -> Iterator[None]:
    """Close the connection at the end, or after `seconds`, even during a handshake, read or write."""

    def cut() -> None:
        if connection.handle is not None:
            with contextlib.suppress(OSError):
                connection.handle.shutdown(socket.SHUT_RDWR)

    timer = Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        connection.close()
        if connection.handle is not None:
            connection.handle.close()


def _too_slow() -> SendResult:
    return SendResult(Kind.THROTTLED, Reason.ENDPOINT_SLOW, wait=random.uniform(*BUSY_SECONDS))  # noqa: S311 - jitter


def _host(url: str) -> str:
    """The host as written; empty if the URL is invalid, which its check reports."""
    with contextlib.suppress(ValueError):
        return urlsplit(url).hostname or ""
    return ""


def _of_status(status: int) -> SendResult:
    if 200 <= status < 300:
        return SendResult(Kind.SENT)
    if status in STATUS:
        return STATUS[status]
    if 300 <= status < 400:
        return SendResult(Kind.PERMANENT, Reason.ENDPOINT_REDIRECTS)
    if status >= 500:
        return SendResult(Kind.TEMPORARY, Reason.ENDPOINT_FAILED)
    return SendResult(Kind.PERMANENT, Reason.ENDPOINT_REFUSED)


def payload(envelope: Envelope) -> dict[str, object]:
    """The JSON body of the call."""
    return {
        "type": "notification",
        "message_id": envelope.message_id,
        "user_id": envelope.user_id,
        "title": envelope.content.get("title", ""),
        "body": envelope.content.get("body", ""),
        "data": envelope.data,
    }


def _identity(envelope: Envelope) -> str:
    """The `webhook-id`: the same for every try. It has no full stop, which separates the parts of what is signed."""
    return f"{envelope.message_id}_{base64.urlsafe_b64encode(envelope.user_id.encode()).decode().rstrip('=')}"


def secret(keys: Keys, owner: Owner) -> str:
    """The owner's signing secret of the newest key. It is derived, so it is not stored."""
    return _secrets(keys, _seeds(owner)[:1])[0]


def signatures(keys: Keys, owner: Owner, identity: str, at: datetime, body: str) -> str:
    """A signature per valid secret, newest first: owners with a secret from before a rotation can still verify.

    Secrets are rotated by the deployer, who adds a key, and by the owner: then the one before is valid for a day more.
    """
    from standardwebhooks import Webhook as Signature  # noqa: PLC0415 - only needed for webhooks

    seeds = _seeds(owner)
    lately = owner.rotated_at is not None and at - from_text(owner.rotated_at) < OVERLAP
    valid = _secrets(keys, seeds if lately else seeds[:1])
    return " ".join(Signature(each).sign(identity, at, body) for each in valid)


def _seeds(owner: Owner) -> list[str]:
    """What the owner's secrets are derived from: the present one, and the one before the owner's last rotation."""
    return [_seed(owner, number) for number in (owner.rotations, owner.rotations - 1) if number >= 0]


def _seed(owner: Owner, number: int) -> str:
    # users without a generation keep the secret that they have
    bound = f"\n{owner.generation}\n{number}" if owner.generation or number else ""
    return f"webhook\n{owner.user_id}{bound}"


def _secrets(keys: Keys, seeds: Sequence[str]) -> list[str]:
    return [_secret(key.encode(), seed) for seed in seeds for key in reversed(list(keys().values()))]


def _secret(key: bytes, seed: str) -> str:
    return f"whsec_{base64.b64encode(hmac.digest(key, seed.encode(), 'sha256')).decode()}"
