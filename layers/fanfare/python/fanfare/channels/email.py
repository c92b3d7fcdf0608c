"""E-mail through Amazon SES v2, up to 50 recipients per call, each with its own content, headers and tags."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

import orjson
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ParamValidationError,
)
from botocore.parsers import ResponseParserError

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
    Unsendable,
    always,
)
from fanfare.channels.email_events import headers_of, read_event, tags_of, unverified
from fanfare.channels.email_packing import CALL_BYTES, ENTRIES, Call, fits, pack
from fanfare.channels.reasons import Reason
from fanfare.channels.receipts import ReceiptEvent

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import BulkEmailEntryTypeDef

log = logging.getLogger(__name__)

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_BulkEmailEntryResult.html
ENTRY_STATUS: Final[dict[str, SendResult]] = {
    "SUCCESS": SendResult(Kind.SENT),
    "MESSAGE_REJECTED": SendResult(Kind.PERMANENT, Reason.MESSAGE_REJECTED),
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": SendResult(Kind.TEMPORARY, Reason.SENDER_NOT_VERIFIED),
    "CONFIGURATION_SET_NOT_FOUND": SendResult(Kind.TEMPORARY, Reason.CONFIGURATION_SET_NOT_FOUND),
    "TEMPLATE_NOT_FOUND": SendResult(Kind.PERMANENT, Reason.TEMPLATE_ERROR),
    "ACCOUNT_SUSPENDED": SendResult(Kind.TEMPORARY, Reason.ACCOUNT_SUSPENDED),
    "ACCOUNT_THROTTLED": SendResult(Kind.THROTTLED, Reason.THROTTLED),
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": SendResult(Kind.THROTTLED, Reason.DAILY_QUOTA_EXCEEDED),
    "INVALID_SENDING_POOL_NAME": SendResult(Kind.TEMPORARY, Reason.SENDING_POOL_NOT_FOUND),
    "ACCOUNT_SENDING_PAUSED": SendResult(Kind.TEMPORARY, Reason.SENDING_PAUSED),
    "CONFIGURATION_SET_SENDING_PAUSED": SendResult(Kind.TEMPORARY, Reason.SENDING_PAUSED),
    "INVALID_PARAMETER": SendResult(Kind.PERMANENT, Reason.INVALID_PARAMETER),
    "TRANSIENT_FAILURE": SendResult(Kind.TEMPORARY, Reason.PROVIDER_UNAVAILABLE),
    "FAILED": SendResult(Kind.TEMPORARY, Reason.PROVIDER_FAILED),
}

# Meaning of a failed call for each of its mails. None was sent: "the call to Amazon SES fails, Amazon SES returns
# an error message to your application and does not send the email". The error is one of the operation or a common one.
# https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html#API_SendBulkEmail_Errors
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html
CALL_ERROR: Final[dict[str, SendResult]] = {
    "TooManyRequestsException": SendResult(Kind.THROTTLED, Reason.THROTTLED),
    "ThrottlingException": SendResult(Kind.THROTTLED, Reason.THROTTLED),
    "LimitExceededException": SendResult(Kind.THROTTLED, Reason.DAILY_QUOTA_EXCEEDED),
    "MailFromDomainNotVerifiedException": SendResult(Kind.TEMPORARY, Reason.SENDER_NOT_VERIFIED),
    "NotFoundException": SendResult(Kind.TEMPORARY, Reason.CONFIGURATION_SET_NOT_FOUND),
    "AccountSuspendedException": SendResult(Kind.TEMPORARY, Reason.ACCOUNT_SUSPENDED),
    "SendingPausedException": SendResult(Kind.TEMPORARY, Reason.SENDING_PAUSED),
    "AccessDeniedException": SendResult(Kind.TEMPORARY, Reason.ACCESS_DENIED),
    "ServiceUnavailable": SendResult(Kind.TEMPORARY, Reason.PROVIDER_UNAVAILABLE),
    "ServiceUnavailableException": SendResult(Kind.TEMPORARY, Reason.PROVIDER_UNAVAILABLE),
    # about the content or address of one mail
    "MessageRejected": SendResult(Kind.PERMANENT, Reason.MESSAGE_REJECTED),
    "BadRequestException": SendResult(Kind.PERMANENT, Reason.INVALID_PARAMETER),
    "InvalidParameterValue": SendResult(Kind.PERMANENT, Reason.INVALID_PARAMETER),
    "ValidationError": SendResult(Kind.PERMANENT, Reason.INVALID_PARAMETER),
    "ValidationException": SendResult(Kind.PERMANENT, Reason.INVALID_PARAMETER),
    "RequestEntityTooLargeException": SendResult(Kind.PERMANENT, Reason.CONTENT_TOO_LARGE),
}

# Nothing was sent: there was no connection.
NEVER_ARRIVED: Final = (ConnectTimeoutError, EndpointConnectionError)
# The SDK could not write the request because of something in a mail, e.g. half of a surrogate pair: nothing was sent.
NOT_WRITTEN: Final = (ParamValidationError, UnicodeEncodeError, orjson.JSONEncodeError)


# SES v2 checks the permission of the corresponding v1 operation: SendBulkEmail requires SendBulkTemplatedEmail.
# https://anymail.dev/en/stable/esps/amazon_ses/#iam-permissions
SEND: Final = ("ses:SendBulkEmail", "ses:SendBulkTemplatedEmail")


# Without this, settings of the account count: SES would replace links, among them unsubscribe links with their tokens,
# by its own, and add an image. https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_ConfigurationOverrides.html
UNTRACKED: Final[Mapping[str, Any]] = {
    "ConfigurationOverrides": {"Tracking": {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}}
}


class Email(Channel):
    name: ClassVar[str] = "email"
    title: ClassVar[str] = "E-mail"
    by: ClassVar[str] = "by e\u2011mail"
    summary: ClassVar[str] = "Amazon SES v2, up to 50 mails per call"
    grants: ClassVar[Grants] = {"senders": SEND, "configuration_set": SEND}
    receipt_source: ClassVar[str | None] = "aws.ses"
    field: ClassVar[str | None] = "email"
    batch_size: ClassVar[int] = ENTRIES
    parts: ClassVar[Mapping[str, bool]] = {"subject": False, "html": True, "text": False, "preheader": False}
    needs: ClassVar[tuple[tuple[str, ...], ...]] = (("subject",), ("html", "text"))
    inline: ClassVar[Mapping[str, str]] = {"subject": "subject", "html": "html", "text": "text"}
    suppressible: ClassVar[bool] = True
    finished: ClassVar[bool] = True
    derived: ClassVar[Mapping[str, str]] = {
        "text": "html"
    }  # some mail clients and many spam filters read only the text

    def __init__(
        self, client: SESV2Client, *, sender: str, configuration_set: str | None, stage: str | None = None
    ) -> None:
        self.client = client
        self.sender = sender
        self.configuration_set = configuration_set
        self.stage = stage

    @classmethod
    def open(cls, opening: Opening) -> Email:
        return cls(
            opening.client("sesv2"),
            sender=opening.environment["FANFARE_SENDER"],
            configuration_set=opening.environment.get("FANFARE_CONFIGURATION_SET"),
            stage=opening.environment.get("FANFARE_STAGE"),
        )

    @staticmethod
    def read_receipt(event: Mapping[str, Any]) -> ReceiptEvent | None:
        return read_event(event, channel=Email.name)

    @staticmethod
    def address(profile: Profile) -> str:
        """The user's normalised address. Only the syntax is checked, without DNS, because this is the hot path."""
        written = profile.get("email")
        if not written:
            raise AddressRefused(Reason.NO_ADDRESS)
        normalised = _normalised(written)
        if normalised is None:
            raise AddressRefused(Reason.INVALID_ADDRESS)
        return normalised

    @classmethod
    def identity(cls, profile: Profile) -> str | None:
        try:
            return cls.address(profile).lower()
        except AddressRefused:
            return None

    @classmethod
    def normalised(cls, address: str) -> str | None:
        return cls.identity({"email": address})

    @staticmethod
    def calls(envelopes: Sequence[Envelope]) -> Iterator[Sequence[int]]:
        left = set(range(len(envelopes)))
        for call in _packed(envelopes)[0]:
            left -= call.fills.keys()
            yield [*call.fills]
        if left:
            yield sorted(left)  # too large: not sent; their result says so

    @classmethod
    def unsendable(cls, content: Mapping[str, str]) -> Unsendable | None:
        if fits(content):
            return None
        largest = max(content, key=lambda part: len(content[part]))
        detail = f"Mail is larger than SES takes in one call ({CALL_BYTES:,} bytes as JSON)."
        return Unsendable(Reason.CONTENT_TOO_LARGE, largest, detail)

    def send(self, envelopes: Sequence[Envelope], *, in_time: InTime = always) -> list[SendResult]:
        results = [SendResult(Kind.PERMANENT, Reason.CONTENT_TOO_LARGE)] * len(envelopes)
        calls, broken = _packed(envelopes)
        for index in broken:
            results[index] = SendResult(Kind.PERMANENT, Reason.RECIPIENT_ERROR)
        for call in calls:
            for index, result in self._send(call, envelopes, in_time):
                results[index] = result
        return results

    def _send(self, call: Call, envelopes: Sequence[Envelope], in_time: InTime) -> Iterator[tuple[int, SendResult]]:
        """(index, result) of each mail in the call.

        SES rejects a whole call for one bad mail and does not name it. Nothing of such a call was sent, so the call is
        halved until the bad mail is alone.
        """
        answer = self._ask(call, envelopes) if in_time() else NOT_ASKED
        if not isinstance(answer, SendResult):
            yield from zip(call.fills, answer, strict=True)
        elif answer.kind is Kind.PERMANENT and len(call.fills) > 1:
            for half in call.halves():
                yield from self._send(half, envelopes, in_time)
        else:
            yield from ((index, answer) for index in call.fills)

    def _ask(self, call: Call, envelopes: Sequence[Envelope]) -> SendResult | list[SendResult]:
        """The results of the mails, or one result for all of them if the call failed."""
        first = envelopes[next(iter(call.fills))]
        sender = self._from(first)
        request: dict[str, Any] = {
            "FromEmailAddress": sender,
            "DefaultContent": {
                "Template": {
                    # SES fills in what is rendered already; it does not escape
                    "TemplateContent": {part.title(): text for part, text in call.template.items()},
                    "TemplateData": "{}",  # each mail has all of its own
                }
            },
            "BulkEmailEntries": [self._entry(envelopes[index], fill) for index, fill in call.fills.items()],
        }
        request |= UNTRACKED
        if reply_to := (first.sender or {}).get("reply_to"):
            request["ReplyToAddresses"] = [ascii_mailbox(address) for address in reply_to]
        if self.configuration_set:
            request["ConfigurationSetName"] = self.configuration_set
        try:
            answer = self.client.send_bulk_email(**request)
        except NEVER_ARRIVED:
            return SendResult(Kind.TEMPORARY, Reason.PROVIDER_UNREACHABLE)
        except (HTTPClientError, ResponseParserError):
            return SendResult(Kind.UNKNOWN, Reason.OUTCOME_UNKNOWN)
        except ClientError as error:
            said = error.response["Error"].get("Message", "")
            return unverified(said, sender=address_in(sender)) or _of_call(error)
        except NOT_WRITTEN:
            log.exception("a call can't be written", extra={"mails": len(call.fills)})
            return SendResult(Kind.PERMANENT, Reason.RECIPIENT_ERROR)  # of one mail; halves find which
        return [
            _of_entry(
                entry["Status"], entry.get("Error", ""), entry.get("MessageId"), sender=request["FromEmailAddress"]
            )
            for entry in answer["BulkEmailEntryResults"]
        ]

    def _from(self, envelope: Envelope) -> str:
        own = envelope.sender or {}
        return ascii_mailbox(self.sender, own.get("name"), own.get("address"))

    def _entry(self, envelope: Envelope, fill: str) -> BulkEmailEntryTypeDef:
        headers, tags = headers_of(envelope, self._from(envelope)), tags_of(envelope, self.stage)
        return {
            "Destination": {"ToAddresses": [envelope.address]},
            "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": fill}},
            "ReplacementHeaders": [{"Name": name, "Value": value} for name, value in headers.items()],
            "ReplacementTags": [{"Name": name, "Value": value} for name, value in tags.items()],
        }


def _of_entry(status: str, said: str, provider_id: str | None, *, sender: str) -> SendResult:
    known = ENTRY_STATUS.get(status, SendResult(Kind.TEMPORARY, Reason.PROVIDER_FAILED))
    if known.reason is Reason.MESSAGE_REJECTED:
        known = unverified(said, sender=address_in(sender)) or known
    return SendResult(known.kind, known.reason, provider_id)


def _packed(envelopes: Sequence[Envelope]) -> tuple[list[Call], list[int]]:
    """The calls, and the indexes of mails that can't be written. If there are any, each mail gets its own call.

    The mails of a call have one sender.
    """
    senders = [repr(envelope.sender) for envelope in envelopes]
    try:
        return [*pack([envelope.content for envelope in envelopes], senders)], []
    except Exception:  # about the content of one, whatever it is: the others may be of other messages
        log.exception("mails can't be packed", extra={"mails": len(envelopes)})
    if len(envelopes) == 1:
        return [], [0]
    calls: list[Call] = []
    broken: list[int] = []
    for index, envelope in enumerate(envelopes):
        alone, bad = _packed([envelope])
        calls += [Call(call.template, {index: call.fills[0]}) for call in alone]
        broken += [index for _ in bad]
    return calls, broken


@functools.lru_cache(maxsize=4096)
def _normalised(written: str) -> str | None:
    # rarely needed, because profiles store validated addresses; so import it only here
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    try:
        # SES accepts only ASCII before the @; an international domain becomes punycode
        return validate_email(written, check_deliverability=False, allow_smtputf8=False).ascii_email
    except EmailNotValidError:
        return None


@functools.lru_cache(maxsize=256)
def ascii_mailbox(written: str, name: str | None = None, address: str | None = None) -> str:
    """`Name <address>` as SES takes it: the name encoded by RFC 2047, the domain by IDNA 2008. `name` and `address`
    replace those that are written.

    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html: addresses are 7-bit ASCII.
    """
    # once per worker; they bring eight modules
    from email.header import Header  # noqa: PLC0415
    from email.utils import formataddr, parseaddr  # noqa: PLC0415

    known = parseaddr(written)
    name, address = name or known[0], address or known[1]
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        import idna  # noqa: PLC0415 - tables of all scripts, seldom needed

        domain = idna.encode(domain, uts46=True).decode()
    if name.isascii():
        return formataddr((name, f"{local}@{domain}"))
    # words of at most 75 characters, which `formataddr` does not make; SES folds the header itself
    return f"{' '.join(Header(name, 'utf-8', maxlinelen=75).encode().split())} <{local}@{domain}>"


def address_in(mailbox: str) -> str:
    """The address in `Name <address>`."""
    return mailbox.rpartition("<")[2].rstrip(">")


_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def one_line(text: str) -> str:
    """`text` for a header: one line, without control characters."""
    return " ".join(_CONTROL.sub(" ", text).split())


def _of_call(error: ClientError) -> SendResult:
    known = CALL_ERROR.get(error.response["Error"]["Code"])
    if known is not None:
        return known
    # An error that SES does not document may come from a server in between, after SES accepted the mails. The
    # documentation calls the outcome of InternalFailure (500) unknown.
    if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
        return SendResult(Kind.UNKNOWN, Reason.OUTCOME_UNKNOWN)
    return SendResult(Kind.TEMPORARY, Reason.PROVIDER_FAILED)
