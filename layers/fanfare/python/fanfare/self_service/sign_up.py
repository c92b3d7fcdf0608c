"""Subscribe without an account: one confirmation link is sent, and nothing more until it is confirmed.

The response does not reveal whether the address is known, the topic exists, or a link was sent: its content and its
duration are always the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from fanfare.channels import Email
from fanfare.clock import Clock
from fanfare.self_service.verification_mail import VerificationMail
from fanfare.signing.links import CONFIRM_WITHIN, Links
from fanfare.store.audience import Audience
from fanfare.store.audience.confirmations import Allowance, Confirmations, SignUp
from fanfare.store.catalogue import FRESH_SECONDS, Catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fanfare.schemas.self_service import SignUpRequest

log = logging.getLogger(__name__)

BY_SOURCE: Final = Allowance("sign_up_source", 30, timedelta(hours=1))
BY_ADDRESS: Final = Allowance("sign_up_address", 3, timedelta(hours=1))
ANSWER_AFTER: Final = 0.5  # seconds: enough to send a mail


@dataclass(frozen=True, kw_only=True)
class RequestSubscription:
    audience: Audience
    catalogue: Catalogue
    confirmations: Confirmations
    mail: VerificationMail
    links: Links
    clock: Clock
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]

    def run(self, request: SignUpRequest, *, source: str) -> None:
        """Send the link, if allowed. The response and its duration are the same in all cases."""
        with steadily(monotonic=self.monotonic, sleep=self.sleep):
            refused = self._refused(request, source)
            if refused is not None:
                log.info("no link sent", extra={"reason": refused})
            else:
                self._send_link(request)

    def _send_link(self, request: SignUpRequest) -> None:
        now = self.clock()
        topic = self.catalogue.topic(request.topic, max_age=FRESH_SECONDS)
        asked = SignUp(id=str(uuid4()), topic=request.topic, address=request.email)
        self.confirmations.put_sign_up(asked, until=now + CONFIRM_WITHIN)
        link = self.links.confirmation_link({"sign_up": asked.id}, now=now)
        result = self.mail.confirm_subscription(request.email, topic.title if topic else "", link)
        log.info("link sent", extra={"result": result.kind, "reason": result.reason})

    def _refused(self, request: SignUpRequest, source: str) -> str | None:
        """The reason not to send a link; None to send it."""
        now = self.clock()
        address = str(Email.identity({"email": request.email}))
        # the source first: a source over its limit can't use up the allowance of an address
        if not self.confirmations.allows(BY_SOURCE, network(source), now=now):
            return "source_limited"
        if not self.confirmations.allows(BY_ADDRESS, address, now=now):
            return "address_limited"
        topic = self.catalogue.topic(request.topic, max_age=FRESH_SECONDS)
        if topic is None or not topic.public or Email.name not in topic.channels:
            return "topic_not_offered"
        return "suppressed" if self.audience.suppressions.get(Email.name, address) else None


def source(told: str | None, *, seen: str) -> str:
    """IP address of the caller: `told` by the proxy's header if it is valid, else the one `seen` by API Gateway."""
    try:
        return str(ip_address((told or "").strip()))
    except ValueError:
        return seen


def network(source: str) -> str:
    """The network of a caller: for IPv6 the /64, because one household or server has all its addresses."""
    address = ip_address(source)
    return str(ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


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
