"""Subscribe without an account: one confirmation link is sent, and nothing more until it is confirmed.

The response does not reveal whether the address is known, the topic exists, or a link was sent: its content and its
duration are always the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final

from fanfare.channels import Email
from fanfare.clock import Clock
from fanfare.data_classes import dataclass
from fanfare.ids import random_uuid
from fanfare.self_service.verification_mail import OwnMail, VerificationMail, hourly
from fanfare.signing.links import CONFIRM_WITHIN, Links
from fanfare.store.audience.confirmation_mails import tags_of_sign_up
from fanfare.store.audience.confirmations import Allowance, Confirmations, SignUp
from fanfare.store.catalogue import FRESH_SECONDS, Catalogue
from fanfare.translations import language_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fanfare.schemas.self_service import SignUpRequest

log = logging.getLogger(__name__)

BY_SOURCE: Final = Allowance("sign_up_source", 30, timedelta(hours=1))
BY_SITE: Final = Allowance("sign_up_site", 120, timedelta(hours=1))  # a /48 of IPv6
BY_ADDRESS: Final = hourly("sign_up_address", asker=3, overall=9)
NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052
RENEW_WITHIN: Final = timedelta(days=4)  # an expired link can be sent again
ANSWER_AFTER: Final = 0.5  # seconds: enough to send a mail


@dataclass(frozen=True, kw_only=True)
class RequestSubscription:
    catalogue: Catalogue
    confirmations: Confirmations
    mail: VerificationMail
    own_mail: OwnMail
    links: Links
    clock: Clock
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    count: Callable[[str, int], None]  # adds to a metric

    def run(self, request: SignUpRequest, *, source: str, languages: Sequence[str] = ()) -> None:
        """Send the link, if allowed, in the language of the request or one of these. The response and its duration are
        the same in all cases."""
        with steadily(monotonic=self.monotonic, sleep=self.sleep):
            refused = self._refused(request, source)
            if refused is not None:
                log.info("no link sent", extra={"reason": refused})
                self.count("sign_ups_refused", 1)
            else:
                self._send_link(request, language_of(request.lang, *languages))

    def _send_link(self, request: SignUpRequest, language: str) -> None:
        now = self.clock()
        topic = self.catalogue.topic(request.topic, max_age=FRESH_SECONDS)
        asked = SignUp(id=random_uuid(), topic=request.topic, address=request.email, lang=request.lang)
        self.confirmations.put_sign_up(asked, until=now + CONFIRM_WITHIN + RENEW_WITHIN)
        link = self.links.confirmation_link({"sign_up": asked.id}, now=now)
        title = topic.title_in(request.lang or language) if topic else ""
        result = self.mail.confirm_subscription(
            request.email, title, link, tags=tags_of_sign_up(asked.id), language=language
        )
        log.info("link sent", extra={"result": result.kind, "reason": result.reason})

    def _refused(self, request: SignUpRequest, source: str) -> str | None:
        """The reason not to send a link; None to send it."""
        if request.website:
            return "trapped"  # programs fill in fields that people do not see
        now, counted = self.clock(), networks(source)
        asker = counted[-1][1]  # the largest: one customer of a hosting provider is one asker
        # the source first: a source over its limit can't use up the allowance of an address
        if not within_source(self.confirmations, counted, now=now):
            return "source_limited"
        if not BY_ADDRESS.run(asker, Email.name, request.email, confirmations=self.confirmations, clock=self.clock):
            return "address_limited"
        topic = self.catalogue.topic(request.topic, max_age=FRESH_SECONDS)
        if topic is None or not topic.public or Email.name not in topic.channels:
            return "topic_not_offered"
        return self.own_mail.run(Email.name, request.email)


def within_source(confirmations: Confirmations, counted: Sequence[tuple[Allowance, str]], *, now: datetime) -> bool:
    """Count an attempt of a caller in its `networks`. Returns whether it is allowed."""
    return all(confirmations.allows(limit, network, now=now) for limit, network in counted)


def source(told: str | None, *, seen: str) -> str:
    """IP address of the caller: `told` by the proxy's header if it is valid, else the one `seen` by API Gateway."""
    try:
        return str(ip_address((told or "").strip()))
    except ValueError:
        return seen


def networks(source: str) -> list[tuple[Allowance, str]]:
    """The networks that a caller is counted in.

    For IPv6 the /64, because one household or server has all its addresses, and the /48, because one customer of a
    hosting provider has 65,536 of those. An IPv4 address written as IPv6 (`::ffff:192.0.2.1`, or behind NAT64) is
    itself: all of them are in one /64.
    """
    address = ip_address(source.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or (IPv4Address(int(address) & 0xFFFF_FFFF) if address in NAT64 else None)
        if inner is None:
            sizes = ((BY_SOURCE, 64), (BY_SITE, 48))
            return [(limit, str(ip_network((address, size), strict=False))) for limit, size in sizes]
        address = inner
    return [(BY_SOURCE, str(address))]


@contextmanager
def steadily(
    *, monotonic: Callable[[], float], sleep: Callable[[float], None], seconds: float = ANSWER_AFTER
) -> Iterator[None]:
    """Make the block take at least `seconds`."""
    begin = monotonic()
    try:
        yield
    finally:
        sleep(max(0.0, begin + seconds - monotonic()))
