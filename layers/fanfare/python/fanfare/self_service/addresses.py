"""Changing the caller's own address: the new one is used only after it is confirmed by a link or a code."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any, Final

from fanfare.channels import CHANNELS, Email, Sms
from fanfare.channels.base import AddressRefused, Kind, SendResult
from fanfare.channels.reasons import Reason
from fanfare.clock import Clock
from fanfare.data_classes import dataclass
from fanfare.domain.audience import User
from fanfare.errors import Conflict, Fault, Invalid, TooManyRequests, Unavailable
from fanfare.ids import random_uuid
from fanfare.self_service.verification_mail import OwnMail, VerificationMail, hourly
from fanfare.signing.keyed_hash import Keys, digest, matches
from fanfare.signing.links import CONFIRM_WITHIN, Links
from fanfare.store.audience import Audience
from fanfare.store.audience.confirmation_mails import tags_of_user
from fanfare.store.audience.confirmations import TRIES, Allowance, Confirmations, Pending

log = logging.getLogger(__name__)

# Channels whose address is confirmed before use → its field in the profile
CONFIRMED: Final[Mapping[str, str]] = {name: each.field for name, each in CHANNELS.items() if each.field}
BY_CODE: Final = frozenset({Sms.name})  # confirmed by a code, which costs more than a link
CODE_WITHIN: Final = timedelta(minutes=10)
MASKED_LENGTH: Final = 8  # ids from this length on show two characters at each end, shorter ones one
BY_USER: Final = Allowance("address_of_user", 10, timedelta(days=1))
BY_ADDRESS: Final = hourly("address", asker=3, overall=6)

Count = Callable[[str, int], None]  # adds to a metric


@dataclass(frozen=True, kw_only=True)
class ConfirmAddress:
    """Asks to confirm an address (`check_allowance`, `ask`) and accepts the code (`run`)."""

    audience: Audience
    confirmations: Confirmations
    mail: VerificationMail
    own_mail: OwnMail
    links: Links
    keys: Keys
    clock: Clock
    countries: Collection[str] | None  # allowed for texts; None for all
    codes_per_hour: int
    count: Count

    def run(self, user_id: str, channel: str, code: str) -> None:
        """Use the address that the code was sent to. Raises Invalid for a wrong code, Conflict if none is pending."""
        pending = self.confirmations.try_code(user_id, channel, now=self.clock())
        if pending is None or pending.address is None:
            raise _nothing_to_confirm()
        if not matches(pending.secret, user_id, pending.address, code, keys=self.keys, purpose="code"):
            raise Invalid(
                "Wrong code.", errors=[Fault("/code", "wrong_code", "Does not match the code that was sent.")]
            )
        if use_address(user_id, channel, pending.address, audience=self.audience) is None:
            raise _nothing_to_confirm()
        self.confirmations.drop_pending(user_id, channel)
        self.count("codes_unconfirmed", -1)

    def check_allowance(self, user_id: str, channel: str, address: str) -> None:
        """Count an attempt to change an address. Raises TooManyRequests above the limits, and Invalid.

        What all users do together is counted last: one who is over their own limit does not use it up.
        """
        now = self.clock()
        if refused := CHANNELS[channel].refused(address, countries=self.countries):
            field = CONFIRMED[channel]
            raise Invalid.field(f"/{field}", refused, f"{refused.text}. Use another one.")
        if not (
            self.confirmations.allows(BY_USER, user_id, now=now)
            and BY_ADDRESS.run(user_id, channel, address, confirmations=self.confirmations, clock=self.clock)
        ):
            raise TooManyRequests(
                f"Too many address changes; the limits are {BY_ADDRESS.asker.count} per user, address and hour, "
                f"{BY_ADDRESS.overall.count} per address and hour, and {BY_USER.count} per user and day. "
                "Try again later."
            )
        everybody = Allowance("codes", self.codes_per_hour, timedelta(hours=1))
        if channel in BY_CODE and not self.confirmations.allows(everybody, "", now=now):
            self.count("codes_refused", 1)
            raise TooManyRequests(
                f"Too many codes were requested; the limit is {everybody.count} per hour for all users together. "
                "Try again later.",
                code="too_many_codes",
            )

    def ask(self, user_id: str, channel: str, address: str, *, language: str) -> None:
        """Store the address as pending and send the link or code to it.

        Nothing is sent if the reader of the address does not want it, here or at the provider; the result is the same.
        Raises Invalid, Unavailable.
        """
        by = {Email.name: self._ask_by_link, Sms.name: self._ask_by_code}
        refused = self.own_mail.run(channel, address)
        result = by[channel](user_id, channel, address, None if refused else language)
        if refused is not None or result.reason == Reason.OPTED_OUT:
            log.info("nothing sent to confirm an address", extra={"reason": refused or result.reason})
        elif result.kind is Kind.PERMANENT:
            self.confirmations.drop_pending(user_id, channel)
            detail = "Nothing can be sent to this address. Use another one."
            raise Invalid(detail, errors=[Fault(f"/{CONFIRMED[channel]}", "undeliverable", detail)])
        elif result.kind in (Kind.TEMPORARY, Kind.THROTTLED):
            raise Unavailable("Confirmation could not be sent; retry the request.")

    def _ask_by_link(self, user_id: str, channel: str, address: str, language: str | None) -> SendResult:
        """`language`: None to send nothing."""
        now = self.clock()
        secret = random_uuid()
        self.confirmations.put_pending(
            Pending(user_id=user_id, channel=channel, address=address, secret=secret, until=now + CONFIRM_WITHIN)
        )
        link = self.links.confirmation_link({"user": user_id, "channel": channel, "secret": secret}, now=now)
        if language is None:
            return SendResult(Kind.SENT)
        return self.mail.confirm_address(
            address, link, account=masked(user_id), tags=tags_of_user(user_id, secret), language=language
        )

    def _ask_by_code(self, user_id: str, channel: str, address: str, language: str | None) -> SendResult:
        """`language`: None to send nothing."""
        code = f"{secrets.randbelow(1_000_000):06d}"
        secret = digest(user_id, address, code, keys=self.keys, purpose="code")
        until = self.clock() + CODE_WITHIN
        self.confirmations.put_pending(
            Pending(user_id=user_id, channel=channel, address=address, secret=secret, until=until)
        )
        minutes = int(CODE_WITHIN.total_seconds() // 60)
        if language is None:
            return SendResult(Kind.SENT)
        result = self.mail.code(address, code, minutes=minutes, language=language)
        if result.kind in (Kind.SENT, Kind.UNKNOWN):  # both may be billed
            self.count("codes_sent", 1)
            self.count("codes_unconfirmed", 1)
        return result


def use_address(user_id: str, channel: str, address: str, *, audience: Audience) -> User | None:
    """Use the address for the channel from now on. None if the user was erased meanwhile."""
    return audience.users.change_known(user_id, lambda profile: {**profile, CONFIRMED[channel]: address})


def checked_address(channel: str, written: Any) -> str | None:
    """The address in its canonical spelling; None for None. Raises Invalid."""
    field = CONFIRMED[channel]
    if written is None:
        return None
    try:
        return str(CHANNELS[channel].address({field: written}))
    except AddressRefused as refused:
        raise Invalid.field(f"/{field}", f"invalid_{field}", "Invalid address.") from refused


def known_address(channel: str, profile: Mapping[str, Any]) -> str | None:
    """The address in use; None if missing or invalid."""
    try:
        return str(CHANNELS[channel].address(profile))
    except AddressRefused:
        return None


def masked(user_id: str) -> str:
    """The id of an account, as a stranger may see it: its owner recognizes it."""
    shown = 2 if len(user_id) >= MASKED_LENGTH else 1
    return f"{user_id[:shown]}…{user_id[-shown:]}"


def _nothing_to_confirm() -> Conflict:
    return Conflict(
        f"No address is waiting for a code: it is confirmed, or the code expired or was tried {TRIES} times. "
        "Set the address again to get a new code.",
        code="nothing_to_confirm",
    )
