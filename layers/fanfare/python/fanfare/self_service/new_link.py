"""A way on from a link that has expired or is broken: a new one, mailed to the address that is stored, and to no other.

The page is the same, and takes as long, whether anything was sent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from fanfare.channels import Email
from fanfare.clock import Clock
from fanfare.data_classes import dataclass
from fanfare.schemas.self_service import SignUpRequest
from fanfare.self_service.sign_up import BY_ADDRESS, RequestSubscription, networks, steadily, within_source
from fanfare.self_service.unsubscribe import MailPreferences
from fanfare.signing.links import Links
from fanfare.store.audience import Audience
from fanfare.store.audience.confirmations import Confirmations

log = logging.getLogger(__name__)

SHARED_BY: Final = 3  # readers of one mailbox who get a link each, at most


@dataclass(frozen=True, kw_only=True)
class SendNewLink:
    """`run` for a link to confirm, which may have expired; `find` for a reader who enters an address."""

    audience: Audience
    confirmations: Confirmations
    sign_up: RequestSubscription
    preferences: MailPreferences
    links: Links
    clock: Clock
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]

    def run(self, token: str, *, source: str, languages: Sequence[str]) -> None:
        """Mail what the link was to confirm again; to a user, the link to the preferences. Raises NotFound."""
        about = self.links.open_old_confirmation(token)
        with steadily(monotonic=self.monotonic, sleep=self.sleep):
            if "sign_up" in about:
                self._sign_up(about["sign_up"], source=source, languages=languages)
            elif within_source(self.confirmations, networks(source), now=self.clock()):
                self._mail(about, languages)

    def find(self, email: str, *, source: str, languages: Sequence[str]) -> None:
        """Mail the link to the preferences to the users who have this address."""
        with steadily(monotonic=self.monotonic, sleep=self.sleep):
            counted = networks(source)
            allowed = within_source(self.confirmations, counted, now=self.clock()) and BY_ADDRESS.run(
                counted[-1][1], Email.name, email, confirmations=self.confirmations, clock=self.clock
            )
            address = Email.normalised(email)
            known = self.audience.users.at_address(Email.name, address) if allowed and address else []
            for user_id in known[:SHARED_BY]:
                self._mail({"user": user_id}, languages)
            log.info("link by address", extra={"allowed": allowed, "readers": len(known)})

    def _sign_up(self, sign_up_id: str, *, source: str, languages: Sequence[str]) -> None:
        asked = self.confirmations.sign_up(sign_up_id)
        if asked is not None and asked.address is not None:
            request = SignUpRequest(email=asked.address, topic=asked.topic, lang=asked.lang, website=None)
            self.sign_up.run(request, source=source, languages=languages)

    def _mail(self, about: dict[str, Any], languages: Sequence[str]) -> None:
        user = self.audience.users.get(about.get("choices") or about["user"])
        if user is not None:
            self.preferences.send(user, languages=languages)
