"""E-mail through Amazon SES v2, up to 50 recipients a call, each with content, headers and tags of its own."""

from __future__ import annotations

import base64
import bisect
import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, ClassVar, Final

import orjson
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
)

from fanfare.channels.base import (
    NOT_ASKED,
    AddressRefused,
    Channel,
    Envelope,
    InTime,
    Kind,
    Profile,
    SendResult,
    always,
)
from fanfare.channels.receipts import Receipt, ReceiptEvent
from fanfare.clock import from_text

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import BulkEmailEntryTypeDef

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html: 50 destinations a call;
# with an inline template the request is at most 1 MB, of which we leave some for the envelope around the data;
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_ReplacementTemplate.html: what is filled in, 262,144
# characters a mail. One mail above that has the whole call refused.
ENTRIES: Final = 50
CALL_BYTES: Final = 900_000
DATA_CHARACTERS: Final = 262_144
ENTRY_BYTES: Final = 1_000  # address, headers and tags of a mail
LETTER_BYTES: Final = 4  # at most, of what is JSON already: UTF-8

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_BulkEmailEntryResult.html
ENTRY_STATUS: Final[dict[str, SendResult]] = {
    "SUCCESS": SendResult(Kind.SENT),
    "MESSAGE_REJECTED": SendResult(Kind.PERMANENT, "message_rejected"),
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": SendResult(Kind.TEMPORARY, "sender_not_verified"),
    "CONFIGURATION_SET_NOT_FOUND": SendResult(Kind.TEMPORARY, "configuration_set_not_found"),
    "TEMPLATE_NOT_FOUND": SendResult(Kind.PERMANENT, "template_error"),
    "ACCOUNT_SUSPENDED": SendResult(Kind.TEMPORARY, "account_suspended"),
    "ACCOUNT_THROTTLED": SendResult(Kind.THROTTLED, "throttled"),
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": SendResult(Kind.THROTTLED, "daily_quota_exceeded"),
    "INVALID_SENDING_POOL_NAME": SendResult(Kind.TEMPORARY, "sending_pool_not_found"),
    "ACCOUNT_SENDING_PAUSED": SendResult(Kind.TEMPORARY, "sending_paused"),
    "CONFIGURATION_SET_SENDING_PAUSED": SendResult(Kind.TEMPORARY, "sending_paused"),
    "INVALID_PARAMETER": SendResult(Kind.PERMANENT, "invalid_parameter"),
    "TRANSIENT_FAILURE": SendResult(Kind.TEMPORARY, "provider_unavailable"),
    "FAILED": SendResult(Kind.TEMPORARY, "provider_failed"),
}

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html#API_SendBulkEmail_Errors
CALL_ERROR: Final[dict[str, SendResult]] = {
    "TooManyRequestsException": SendResult(Kind.THROTTLED, "throttled"),
    "ThrottlingException": SendResult(Kind.THROTTLED, "throttled"),
    "LimitExceededException": SendResult(Kind.THROTTLED, "daily_quota_exceeded"),
    "MessageRejected": SendResult(Kind.PERMANENT, "message_rejected"),
    "BadRequestException": SendResult(Kind.PERMANENT, "invalid_parameter"),
    "MailFromDomainNotVerifiedException": SendResult(Kind.TEMPORARY, "sender_not_verified"),
    "NotFoundException": SendResult(Kind.TEMPORARY, "configuration_set_not_found"),
    "AccountSuspendedException": SendResult(Kind.TEMPORARY, "account_suspended"),
    "SendingPausedException": SendResult(Kind.TEMPORARY, "sending_paused"),
    "AccessDeniedException": SendResult(Kind.TEMPORARY, "access_denied"),
}

# https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html#event-publishing-retrieving-sns-contents-top-level-json-object
EVENT: Final[dict[str, Receipt]] = {
    "Send": Receipt.ACCEPTED,
    "DeliveryDelay": Receipt.DELAYED,
    "Delivery": Receipt.DELIVERED,
    "Reject": Receipt.REJECTED,
    "Rendering Failure": Receipt.REJECTED,
    "Complaint": Receipt.COMPLAINED,
}
# https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html#event-publishing-retrieving-sns-contents-bounce-types
BOUNCE: Final[dict[str, Receipt]] = {
    "Permanent": Receipt.BOUNCED,
    "Transient": Receipt.BOUNCED_SOFT,
    "Undetermined": Receipt.BOUNCED_SOFT,  # SES could not tell: it counts, and does not condemn alone
}

_BRACES: Final = re.compile(r"\{\{|\}\}")
MARKS: Final = "{}\\"  # beside a place to fill in, each would be read as a part of it

# Nothing was sent: the connection never stood.
NEVER_ARRIVED: Final = (ConnectTimeoutError, EndpointConnectionError)


class Email(Channel):
    name: ClassVar[str] = "email"
    field: ClassVar[str | None] = "email"
    batch_size: ClassVar[int] = ENTRIES
    parts: ClassVar[Mapping[str, bool]] = {"subject": False, "html": True, "text": False}
    needs: ClassVar[tuple[tuple[str, ...], ...]] = (("subject",), ("html", "text"))
    inline: ClassVar[Mapping[str, str]] = {"subject": "subject", "html": "html", "text": "text"}
    suppressible: ClassVar[bool] = True
    derived: ClassVar[Mapping[str, str]] = {"text": "html"}  # some readers, and many filters, look at the text alone

    def __init__(self, client: SESV2Client, *, sender: str, configuration_set: str | None) -> None:
        self.client = client
        self.sender = sender
        self.configuration_set = configuration_set

    @staticmethod
    def address(profile: Profile) -> str:
        """The user's address, normalised. Syntax alone is checked: a DNS look-up does not belong in the hot path."""
        written = profile.get("email")
        if not written:
            raise AddressRefused("no_address")
        normalised = _normalised(written)
        if normalised is None:
            raise AddressRefused("invalid_address")
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

    def send(self, envelopes: Sequence[Envelope], *, in_time: InTime = always) -> list[SendResult]:
        results: dict[int, SendResult] = {}
        alike: dict[tuple[str, ...], list[int]] = {}
        for place, envelope in enumerate(envelopes):
            alike.setdefault(_parts(envelope), []).append(place)
        for parts, places in alike.items():
            sent = self._send_framed([envelopes[place] for place in places], parts, in_time)
            results |= zip(places, sent, strict=True)
        return [results[place] for place in range(len(envelopes))]

    def _send_framed(self, envelopes: Sequence[Envelope], parts: Sequence[str], in_time: InTime) -> list[SendResult]:
        """Mails that have the same parts, in as few calls as SES takes them in."""
        frames = {part: _frame([envelope.content.get(part, "") for envelope in envelopes]) for part in parts}
        room = CALL_BYTES - sum(_size(frame.begin + frame.end) for frame in frames.values())
        entries = [self._entry(envelope, frames) for envelope in envelopes]
        sizes = _sizes(entries, room)
        if max(sizes) > room or any(len(_data(entry)) > DATA_CHARACTERS for entry in entries):
            if len(envelopes) == 1:
                return [SendResult(Kind.PERMANENT, "content_too_large")]
            # alone, all that a mail says is its frame
            return [result for envelope in envelopes for result in self._send_framed([envelope], parts, in_time)]
        return [result for call in _packed(entries, sizes, room) for result in self._send(call, frames, in_time)]

    def _send(
        self, entries: list[BulkEmailEntryTypeDef], frames: Mapping[str, _Frame], in_time: InTime
    ) -> list[SendResult]:
        if not in_time():
            return [NOT_ASKED] * len(entries)
        request: dict[str, Any] = {
            "FromEmailAddress": self.sender,
            "DefaultContent": {
                "Template": {
                    # SES fills in what is rendered already; it does not escape
                    "TemplateContent": {part.title(): frame.around(part) for part, frame in frames.items()},
                    "TemplateData": orjson.dumps(dict.fromkeys(frames, "")).decode(),
                }
            },
            "BulkEmailEntries": entries,
        }
        if self.configuration_set:
            request["ConfigurationSetName"] = self.configuration_set
        try:
            answer = self.client.send_bulk_email(**request)
        except NEVER_ARRIVED:
            return [SendResult(Kind.TEMPORARY, "provider_unreachable")] * len(entries)
        except HTTPClientError:
            return [SendResult(Kind.UNKNOWN, "outcome_unknown")] * len(entries)
        except ClientError as error:
            return [_of_call(error)] * len(entries)
        return [
            SendResult(known.kind, known.reason, entry.get("MessageId"))
            for entry in answer["BulkEmailEntryResults"]
            for known in [ENTRY_STATUS.get(entry["Status"], SendResult(Kind.TEMPORARY, "provider_failed"))]
        ]

    def _entry(self, envelope: Envelope, frames: Mapping[str, _Frame]) -> BulkEmailEntryTypeDef:
        own = {part: frame.within(envelope.content.get(part, "")) for part, frame in frames.items()}
        return {
            "Destination": {"ToAddresses": [envelope.address]},
            "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": orjson.dumps(own).decode()}},
            "ReplacementHeaders": [{"Name": name, "Value": value} for name, value in _headers(envelope).items()],
            "ReplacementTags": [
                {"Name": "message_id", "Value": envelope.message_id},
                {"Name": "user_id", "Value": tag_value(envelope.user_id)},
                {"Name": "address_no", "Value": str(envelope.address_no)},
            ],
        }


def report(event: Mapping[str, Any]) -> ReceiptEvent | None:
    """What an event of SES reports of a delivery of ours; None for any other. It needs no address to tell.

    `event` is as EventBridge delivers it: `detail` is what SES says, and `time` when.
    """
    detail = event["detail"]
    kind = detail["eventType"]
    receipt = BOUNCE.get(detail["bounce"]["bounceType"]) if kind == "Bounce" else EVENT.get(kind)
    tags = detail["mail"].get("tags", {})
    if receipt is None or not (tags.get("message_id") and tags.get("user_id")):
        return None
    return ReceiptEvent(
        message_id=tags["message_id"][0],
        user_id=from_tag_value(tags["user_id"][0]),
        channel=Email.name,
        receipt=receipt,
        at=from_text(event["time"]),
        address_no=int(tags["address_no"][0]) if tags.get("address_no") else None,
        provider_id=detail["mail"]["messageId"],
    )


def _headers(envelope: Envelope) -> dict[str, str]:
    if envelope.unsubscribe is None:
        return {}
    # RFC 8058: the mail programme posts, without asking, when the reader presses its button
    return {
        "List-Unsubscribe": f"<{envelope.unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


@functools.lru_cache(maxsize=4096)
def _normalised(written: str) -> str | None:
    # most addresses were checked when they were written: only who checks one should pay for it
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    try:
        # SES takes no letters beyond ASCII before the @; an international domain goes as punycode
        return validate_email(written, check_deliverability=False, allow_smtputf8=False).ascii_email
    except EmailNotValidError:
        return None


_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def one_line(text: str) -> str:
    """`text` as a header takes it: no line end, and no other character that controls something."""
    return " ".join(_CONTROL.sub(" ", text).split())


def tag_value(text: str) -> str:
    """`text` in the letters that SES allows in a tag: A-Z a-z 0-9 _ and -."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def from_tag_value(tag: str) -> str:
    """What `tag_value` was given."""
    return base64.urlsafe_b64decode(tag + "=" * (-len(tag) % 4)).decode()


@dataclass(frozen=True)
class _Frame:
    """What all mails of a batch begin and end with: it goes to SES once, as the template, not with each mail."""

    begin: str
    end: str

    def around(self, part: str) -> str:
        return f"{self.begin}{{{{{part}}}}}{self.end}"

    def within(self, text: str) -> str:
        return text[len(self.begin) : len(text) - len(self.end)]


def _frame(texts: Sequence[str]) -> _Frame:
    """The frame of the texts, as far as SES can't take it for a place to fill in: without two braces in a row."""
    begin = _BRACES.split(reduce(_shared_begin, texts))[0].rstrip(MARKS)
    rest = [text[len(begin) :] for text in texts]
    return _Frame(begin, _BRACES.split(reduce(_shared_end, rest))[-1].lstrip(MARKS))


def _shared_begin(one: str, other: str) -> str:
    """What both texts begin with."""
    if other.startswith(one):  # as it nearly always does, once what differs is left out
        return one
    return one[: _longest(one, lambda size: other.startswith(one[:size]))]


def _shared_end(one: str, other: str) -> str:
    """What both texts end with."""
    if other.endswith(one):
        return one
    return one[len(one) - _longest(one, lambda size: other.endswith(one[len(one) - size :])) :]


def _longest(text: str, shared: Callable[[int], bool]) -> int:
    """How much of a text is shared, where of what is shared less is, too."""
    return bisect.bisect_left(range(1, len(text) + 1), True, key=lambda size: not shared(size))


def _packed(
    entries: Sequence[BulkEmailEntryTypeDef], sizes: Sequence[int], space: int
) -> Iterator[list[BulkEmailEntryTypeDef]]:
    """As many entries a call as SES takes, by number and by bytes, in order."""
    call: list[BulkEmailEntryTypeDef] = []
    room = space
    for entry, size in zip(entries, sizes, strict=True):
        if call and (len(call) == ENTRIES or size > room):
            yield call
            call, room = [], space
        call.append(entry)
        room -= size
    if call:
        yield call


def _parts(envelope: Envelope) -> tuple[str, ...]:
    """The parts of a mail. An empty one is left out: its reader would be shown it instead of the other."""
    return ("subject", *([part for part in ("html", "text") if envelope.content.get(part)] or ["text"]))


def _data(entry: BulkEmailEntryTypeDef) -> str:
    return entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]


def _sizes(entries: Sequence[BulkEmailEntryTypeDef], room: int) -> list[int]:
    """Bytes of each in the call; more than that, where even so there is room for all."""
    most = [LETTER_BYTES * len(_data(entry)) + ENTRY_BYTES for entry in entries]
    return most if sum(most) <= room else [_size(_data(entry)) + ENTRY_BYTES for entry in entries]


def _size(text: str) -> int:
    """Bytes in the call, as JSON."""
    return len(orjson.dumps(text))


def _of_call(error: ClientError) -> SendResult:
    known = CALL_ERROR.get(error.response["Error"]["Code"])
    if known is not None:
        return known
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if status == 503:  # turned away at the door
        return SendResult(Kind.TEMPORARY, "provider_unavailable")
    # any other 5xx may come after the mails were accepted
    return (
        SendResult(Kind.UNKNOWN, "outcome_unknown") if status >= 500 else SendResult(Kind.TEMPORARY, "provider_failed")
    )
