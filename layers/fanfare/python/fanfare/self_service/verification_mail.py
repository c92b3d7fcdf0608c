"""Fanfare's own mails and text messages: a link or a code, to an address that is not confirmed yet.

They are not deliveries: they are not stored and not retried. A person who did not get one requests it again. But a
bounce or a complaint suppresses the address like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from fanfare.channels import CHANNELS, Email
from fanfare.channels.base import SendResult
from fanfare.channels.email import CALL_ERROR, UNTRACKED, ascii_mailbox, one_line
from fanfare.channels.email_events import unverified
from fanfare.channels.sms import PUBLISH_ERROR, billing
from fanfare.channels.sns import publish_to_sns
from fanfare.clock import Clock, to_text
from fanfare.data_classes import dataclass
from fanfare.domain.catalogue import Brand
from fanfare.self_service.pages import texts
from fanfare.self_service.pages.look import Look
from fanfare.self_service.pages.mails import Mail
from fanfare.signing.links import Links
from fanfare.store.audience import Audience
from fanfare.store.audience.confirmation_mails import Refusals
from fanfare.store.audience.confirmations import Allowance, Confirmations

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient


OF_NO_EVENT: Final[Mapping[str, str]] = {"purpose": "confirmation"}  # events of the mail are not used


@dataclass(frozen=True)
class Words:
    """What a mail says: texts of `texts`, and what is filled in."""

    subject: str
    lines: Sequence[str]
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class VerificationMail:
    """`ses` and `sns` return clients, opened at first use; neither may retry. `stop_link`: address → the link that
    stops such mails."""

    ses: Callable[[], SESV2Client]
    sns: Callable[[], SNSClient]
    sender: str
    brand: Callable[[], Brand]
    configuration_set: str | None
    stop_link: Callable[[str], str]
    clock: Clock
    max_price: str | None = None  # of a code, in dollars

    def confirm_subscription(
        self, address: str, topic_title: str, link: str, *, tags: Mapping[str, str], language: str
    ) -> SendResult:
        """Send the link that confirms a subscription."""
        topic = one_line(topic_title)  # a subject is one line
        words = Words(texts.SUBSCRIBE_SUBJECT, texts.SUBSCRIBE_MAIL, {"topic": topic})
        return self._mail(address, words, link, tags=tags, language=language)

    def confirm_address(
        self, address: str, link: str, *, account: str, tags: Mapping[str, str], language: str
    ) -> SendResult:
        """Send the link that confirms an address. `account`: the masked id of the account that asked."""
        words = Words(texts.ADDRESS_SUBJECT, texts.ADDRESS_MAIL, {"account": account})
        return self._mail(address, words, link, tags=tags, language=language)

    def confirm_choices(self, address: str, link: str, *, language: str) -> SendResult:
        """Send the link that confirms what a preference page gave."""
        return self._mail(address, Words(texts.CHOICES_SUBJECT, texts.CHOICES_MAIL), link, language=language)

    def preferences(self, address: str, link: str, *, language: str) -> SendResult:
        """Send the link to a user's preferences."""
        return self._mail(address, Words(texts.PREFERENCES_SUBJECT, texts.PREFERENCES_MAIL), link, language=language)

    def code(self, number: str, code: str, *, minutes: int, language: str) -> SendResult:
        """Send the code that confirms a phone number."""
        text = Look(brand=self.brand(), language=language).t(texts.CODE, code=code, minutes=str(minutes))

        def publish() -> str:
            answer = self.sns().publish(
                PhoneNumber=number,
                Message=text,
                MessageAttributes=billing(self.max_price),
            )
            return answer["MessageId"]

        return publish_to_sns(publish, PUBLISH_ERROR)

    def _mail(
        self, address: str, words: Words, link: str, *, language: str, tags: Mapping[str, str] = OF_NO_EVENT
    ) -> SendResult:
        look = Look(brand=self.brand(), language=language)
        stop, asked_at = self.stop_link(address), look.moment(self.clock())
        mail = Mail(words.subject, words.lines, link, look=look, stop=stop, asked_at=asked_at, **words.about)
        request: dict[str, Any] = {
            "FromEmailAddress": ascii_mailbox(self.sender),
            "Destination": {"ToAddresses": [Email.address({"email": address})]},
            "Content": {
                "Simple": {
                    "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                    "Body": {
                        "Text": {"Data": mail.text(), "Charset": "UTF-8"},
                        "Html": {"Data": mail.html(), "Charset": "UTF-8"},
                    },
                    "Headers": [
                        {"Name": "Auto-Submitted", "Value": "auto-generated"},
                        {"Name": "List-Unsubscribe", "Value": f"<{mail.stop}>"},
                        {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
                    ],
                }
            },
            # so that its events are found again, without the address: store/audience/confirmation_mails.py
            "EmailTags": [{"Name": name, "Value": value} for name, value in tags.items()],
            **UNTRACKED,
        }
        if self.configuration_set:
            request["ConfigurationSetName"] = self.configuration_set
        return self._send(request)

    def _send(self, request: Mapping[str, Any]) -> SendResult:
        sender = request["FromEmailAddress"].rpartition("<")[2].rstrip(">")
        return publish_to_sns(
            lambda: self.ses().send_email(**request)["MessageId"],
            CALL_ERROR,
            told=lambda said: unverified(said, sender=sender),
        )


@dataclass(frozen=True, kw_only=True)
class OwnMail:
    """Rules of Fanfare's own mails: `run` says whether one must not be sent; the link in each stops them."""

    audience: Audience
    refusals: Refusals
    links: Links
    clock: Clock

    def run(self, channel: str, address: str) -> str | None:
        """The reason why nothing may be sent to the address; None if it may."""
        if self.audience.suppressions.get(channel, identity(channel, address)) is not None:
            return "suppressed"
        return "refused" if channel == Email.name and self.refusals.has(mailbox(channel, address)) else None

    def stop_link(self, address: str) -> str:
        """The link in a mail that stops such mails for good."""
        return self.links.refusal_link(self.refusals.key_of(mailbox(Email.name, address)))

    def stop(self, key: str) -> None:
        """Send nothing more of our own to the mailbox of a link. Idempotent."""
        self.refusals.add(key, at=to_text(self.clock()))

    def allow(self, key: str) -> None:
        """Send again, if the reader changed their mind. Idempotent."""
        self.refusals.remove(key)


@dataclass(frozen=True, kw_only=True)
class Allowances:
    """Limits of mails and codes to an address: `asker` for one asker, `overall` for all of them together.

    So no asker can use up the limit of another: the owner's own try works while a stranger is over the limit.
    """

    asker: Allowance
    overall: Allowance

    def run(self, asker: str, channel: str, address: str, *, confirmations: Confirmations, clock: Clock) -> bool:
        """Count an attempt. Returns whether it is allowed."""
        now, box = clock(), mailbox(channel, address)
        return confirmations.allows(self.asker, f"{asker}\n{box}", now=now) and confirmations.allows(
            self.overall, box, now=now
        )


def hourly(what: str, *, asker: int, overall: int) -> Allowances:
    """Allowances of an hour."""
    hour = timedelta(hours=1)
    return Allowances(asker=Allowance(f"{what}_of_asker", asker, hour), overall=Allowance(what, overall, hour))


def identity(channel: str, address: str) -> str:
    """The canonical address, by which it is suppressed."""
    return CHANNELS[channel].normalised(address) or address


def mailbox(channel: str, address: str) -> str:
    """The address without a `+tag`: mail to all of its tags is read by the same person."""
    known = identity(channel, address)
    if channel != Email.name:
        return known
    local, _, domain = known.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"
