"""Checks URLs of webhooks. They come from users, so they are not trusted.

The host name is resolved once. If any of its addresses is not public, the URL is rejected. The connection goes to the
checked address, so a name that resolves to a different address a moment later (DNS rebinding) has no effect.

Endpoints are not trusted with time, either. Without `HostSeconds`, some messages to one slow host would fill all
workers, and the webhooks of everybody else would wait; what is over the bound is put back without an attempt.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Final, NamedTuple
from urllib.parse import quote, urlsplit

from fanfare.channels.base import AddressRefused
from fanfare.channels.reasons import Reason
from fanfare.data_classes import dataclass

URL_LIMIT: Final = 2_048
# https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4
NAME_LIMIT: Final = 254
LABEL_LIMIT: Final = 63
QUICK_SECONDS: Final = 1.0  # of a call, not counted: many users may have an endpoint at one healthy host
HOST_SECONDS: Final = 10.0  # of an invocation
# Names are cheap, so addresses count, too; twice as much, because a slow neighbour shares the address of a proxy.
ADDRESS_SECONDS: Final = 20.0
LONGEST_WAIT: Final = 3_600.0  # seconds: an endpoint can't have its messages kept for days
LOOK_UP_SECONDS: Final = 3.0

Resolve = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True)
class Target:
    """A checked endpoint. `ip`: address of the connection. `host`: name that TLS verifies."""

    scheme: str
    host: str
    ip: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header."""
        return _bracketed(self.host) if self.port in (80, 443) else f"{_bracketed(self.host)}:{self.port}"


def addresses_of(host: str, port: int) -> list[str]:
    """All IP addresses of a name. Raises OSError, also if the look-up takes long: its name server is the user's."""
    answers: SimpleQueue[list[str] | OSError] = SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, proto=socket.IPPROTO_TCP)
        except OSError as error:
            answers.put(error)
        else:
            answers.put(list(dict.fromkeys(str(address[4][0]) for address in found)))

    Thread(target=look_up, daemon=True).start()
    try:
        answer = answers.get(timeout=LOOK_UP_SECONDS)
    except Empty:
        raise OSError(f"no answer about {host} in {LOOK_UP_SECONDS:.0f} seconds") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


@dataclass(frozen=True, kw_only=True)
class Guard:
    """Allows public addresses, and `host:port` pairs that a local stage allows."""

    allowed: frozenset[str] = frozenset()
    resolve: Resolve = addresses_of

    def check(self, url: str) -> Target:
        """The checked endpoint. Raises AddressRefused, and OSError if the name does not resolve."""
        scheme, host, port, path = _read(url)
        local = f"{_bracketed(host)}:{port}" in self.allowed
        if scheme != "https" and not (local and scheme == "http"):
            raise AddressRefused(Reason.NOT_HTTPS)
        if port != 443 and port < 1024 and not local:
            raise AddressRefused(Reason.FORBIDDEN_PORT)
        found = self.resolve(host, port)
        if not local and not all(is_public(ip) for ip in found):
            raise AddressRefused(Reason.FORBIDDEN_ADDRESS)
        if not found:
            raise OSError(f"no address for {host}")
        return Target(scheme, host, found[0], port, path)


class _Url(NamedTuple):
    scheme: str
    host: str
    port: int
    path: str


def _read(url: str) -> _Url:
    """Parse the URL. Raises AddressRefused if it is invalid or contains a user name."""
    if len(url) > URL_LIMIT or any(character <= " " or character in "\\\x7f" for character in url):
        raise AddressRefused(Reason.INVALID_ADDRESS)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        path = _encoded(parts.path or "/") + (f"?{_encoded(parts.query)}" if parts.query else "")
    except ValueError as error:  # e.g. half of a surrogate pair
        raise AddressRefused(Reason.INVALID_ADDRESS) from error
    if not host or parts.username is not None or parts.password is not None:
        raise AddressRefused(Reason.INVALID_ADDRESS)
    return _Url(parts.scheme, _ascii(host), port or (80 if parts.scheme == "http" else 443), path)


def _encoded(text: str) -> str:
    """A part of the URL with characters beyond ASCII percent-encoded, as browsers do. https://url.spec.whatwg.org/"""
    return "".join(each if each.isascii() else quote(each) for each in text)


def _ascii(host: str) -> str:
    """The name in ASCII, for DNS, TLS and the Host header. Python's own codec is IDNA 2003: `faß` would be `fass`."""
    if ":" in host:
        return host
    if not host.isascii():
        import idna  # noqa: PLC0415 - tables of all scripts, seldom needed

        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError as error:
            raise AddressRefused(Reason.INVALID_ADDRESS) from error
    labels = host.removesuffix(".").split(".")
    if len(host) > NAME_LIMIT or any(not 1 <= len(label) <= LABEL_LIMIT for label in labels):
        raise AddressRefused(Reason.INVALID_ADDRESS)  # Python's resolver raises a UnicodeError
    return host


def _bracketed(host: str) -> str:
    """An IPv6 literal in brackets, as in URLs. https://www.rfc-editor.org/rfc/rfc3986#section-3.2.2"""
    return f"[{host}]" if ":" in host else host


def is_public(text: str) -> bool:
    """Whether an address is on the public internet; embedded IPv4 addresses are checked, too."""
    try:
        ip = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and (inner := _inner(ip)) is not None:
        return is_public(str(inner))
    if any(ip in network for network in NOT_PUBLIC if network.version == ip.version):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback)


def _inner(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address embedded in an IPv6 address; None if there is none."""
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


@dataclass(frozen=True)
class HostSeconds:
    """Seconds that slow calls took in one invocation, by host name and IP address. Safe with threads."""

    _taken: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _lock: Lock = field(default_factory=Lock)

    def allows(self, host: str, ip: str | None = None) -> bool:
        """Whether the host, and its address once it is known, may be called."""
        with self._lock:
            return self._taken[host] < HOST_SECONDS and (ip is None or self._taken[ip] < ADDRESS_SECONDS)

    def took(self, host: str, ip: str | None, seconds: float) -> None:
        """Count a call."""
        slow = max(0.0, seconds - QUICK_SECONDS)
        with self._lock:
            self._taken[host] += slow
            if ip is not None and ip != host:
                self._taken[ip] += slow


_SECONDS: Final = re.compile(r"[0-9]{1,9}")


def retry_after(header: str | None, now: datetime) -> float:
    """Seconds to wait, at most `LONGEST_WAIT`; 0 without the header, or if it is neither seconds nor a date.

    https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    """
    text = (header or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max(0.0, (until - now).total_seconds()), LONGEST_WAIT)


_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
# Python treats these as global, at least in some versions. https://www.iana.org/assignments/iana-ipv4-special-registry
NOT_PUBLIC: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "192.0.0.0/24",  # protocol assignments
            "192.88.99.0/24",  # 6to4 relays
            "168.63.129.16/32",  # the metadata of another cloud
            "2001::/23",  # protocol assignments
            "3fff::/20",  # documentation
            "fec0::/10",  # site-local
        ),
    )
)
