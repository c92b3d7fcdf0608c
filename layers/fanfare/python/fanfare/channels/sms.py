"""Text messages through Amazon SNS, to E.164 numbers; billed per segment."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from fanfare.channels.base import (
    NOT_ASKED,
    AddressRefused,
    Channel,
    Encoding,
    Envelope,
    Grants,
    InTime,
    Kind,
    Opening,
    Profile,
    SendResult,
    Unsendable,
    always,
    isolated,
)
from fanfare.channels.reasons import Reason
from fanfare.channels.sns import publish_to_sns

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors
PUBLISH_ERROR: Final[dict[str, SendResult]] = {
    "Throttled": SendResult(Kind.THROTTLED, Reason.THROTTLED),
    "ThrottledException": SendResult(Kind.THROTTLED, Reason.THROTTLED),
    "OptedOut": SendResult(Kind.PERMANENT, Reason.OPTED_OUT),
    "InvalidParameter": SendResult(Kind.PERMANENT, Reason.INVALID_PARAMETER),
    "InvalidParameterValue": SendResult(Kind.PERMANENT, Reason.INVALID_PARAMETER),
    "ParameterValueInvalid": SendResult(Kind.PERMANENT, Reason.INVALID_PARAMETER),  # the same in the model of the SDK
    "UserError": SendResult(Kind.TEMPORARY, Reason.SPEND_LIMIT_REACHED),
    "AuthorizationError": SendResult(Kind.TEMPORARY, Reason.ACCESS_DENIED),
}

# GSM 03.38, the basic set and its extension; an extension character takes two septets
GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
# Characters of one message, and of each part of a longer one. https://docs.aws.amazon.com/sns/latest/dg/sms_sms-to-phone.html
GSM_SINGLE, GSM_PART, UCS2_SINGLE, UCS2_PART = 160, 153, 70, 67
CHARACTERS: Final = 1_600  # of all parts. https://docs.aws.amazon.com/sns/latest/dg/sms_sms-to-phone.html
NO_COUNTRY: Final = "001"  # region of satellite phones, and of networks and premium services that span countries


class Sms(Channel):
    name: ClassVar[str] = "sms"
    title: ClassVar[str] = "Text message"
    by: ClassVar[str] = "by text message"
    summary: ClassVar[str] = "Amazon SNS, one call per number"
    grants: ClassVar[Grants] = {
        "phone_numbers": ("sns:Publish",),
        "sms_countries": (),
        # to suppress the number of a person who said stop, and to end their subscriptions
        "audience": (
            "dynamodb:BatchGetItem",
            "dynamodb:ConditionCheckItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        ),
    }
    suppresses: ClassVar[Mapping[Reason, str]] = {Reason.OPTED_OUT: "opt_out"}
    stops: ClassVar[frozenset[Reason]] = frozenset({Reason.OPTED_OUT})
    field: ClassVar[str | None] = "phone"
    batch_size: ClassVar[int] = 10
    side_by_side: int = 10
    parts: ClassVar[Mapping[str, bool]] = {"text": False}
    needs: ClassVar[tuple[tuple[str, ...], ...]] = (("text",),)
    inline: ClassVar[Mapping[str, str]] = {"text": "text"}
    suppressible: ClassVar[bool] = True
    one_by_one: ClassVar[bool] = True  # each costs money, so a crash must repeat at most one

    def __init__(
        self, client: SNSClient, *, countries: Collection[str] | None = None, max_price: str | None = None
    ) -> None:
        self.client = client
        self.countries = countries
        self.max_price = max_price

    @classmethod
    def open(cls, opening: Opening) -> Sms:
        return cls(
            opening.client("sns"),
            countries=countries_of(opening.environment.get("FANFARE_SMS_COUNTRIES")),
            max_price=opening.environment.get("FANFARE_SMS_MAX_PRICE"),
        )

    @staticmethod
    def address(profile: Profile) -> str:
        """The user's number in E.164."""
        written = profile.get("phone")
        if not written:
            raise AddressRefused(Reason.NO_ADDRESS)
        number = e164(written)
        if number is None:
            raise AddressRefused(Reason.INVALID_ADDRESS)
        return number

    @classmethod
    def identity(cls, profile: Profile) -> str | None:
        try:
            return cls.address(profile)
        except AddressRefused:
            return None

    @classmethod
    def normalised(cls, address: str) -> str | None:
        return cls.identity({"phone": address})

    @classmethod
    def refused(cls, address: str, *, countries: Collection[str] | None) -> Reason | None:
        """Why no text goes to this number: it costs more than a mobile phone, or its country is not allowed."""
        country = _country(address)
        if country is None:
            return Reason.NUMBER_NOT_ALLOWED
        return Reason.COUNTRY_NOT_ALLOWED if countries is not None and country not in countries else None

    @staticmethod
    def segments(content: Mapping[str, str]) -> int | None:
        return segments(content.get("text", ""))

    @classmethod
    def unsendable(cls, content: Mapping[str, str]) -> Unsendable | None:
        text = content.get("text", "")
        if not text.strip():
            return Unsendable(Reason.CONTENT_EMPTY, "text", "Text is empty.")
        if len(text) > CHARACTERS:
            detail = f"Text has {len(text):,} characters; the limit is {CHARACTERS:,}."
            return Unsendable(Reason.CONTENT_TOO_LARGE, "text", detail)
        return None

    @staticmethod
    def encoding(content: Mapping[str, str]) -> Encoding | None:
        because = foreign(content.get("text", ""))
        return Encoding("GSM-7") if because is None else Encoding("UCS-2", because)

    @staticmethod
    def smart(content: dict[str, str]) -> dict[str, str]:
        return {part: text.translate(SMART) for part, text in content.items()}

    def send(self, envelopes: Sequence[Envelope], *, in_time: InTime = always) -> list[SendResult]:
        return [isolated(self._send, envelope) if in_time() else NOT_ASKED for envelope in envelopes]

    def _send(self, envelope: Envelope) -> SendResult:
        if (unsendable := self.unsendable(envelope.content)) is not None:
            return unsendable.result
        # Here, too: the fan-out may have decided before the setting was changed.
        if refused := self.refused(envelope.address, countries=self.countries):
            return SendResult(Kind.PERMANENT, refused)

        def publish() -> str:
            answer = self.client.publish(
                PhoneNumber=envelope.address,
                Message=envelope.content["text"],
                MessageAttributes={
                    # our ids, for the delivery log
                    "fanfare.message_id": {"DataType": "String", "StringValue": envelope.message_id},
                    "fanfare.user_id": {"DataType": "String", "StringValue": envelope.user_id},
                    **billing(self.max_price),
                },
            )
            return answer["MessageId"]

        return publish_to_sns(publish, PUBLISH_ERROR)


def countries_of(setting: str | None) -> frozenset[str] | None:
    """The allowed countries in `AT,DE`; None, which allows all, for `all` or without a setting."""
    return None if setting in (None, "all") else frozenset(filter(None, setting.split(",")))


def billing(max_price: str | None) -> dict[str, MessageAttributeValueTypeDef]:
    """The attributes of a text that decide its price. SNS drops a text that would cost more than `max_price` dollars.

    https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html
    """
    kind: MessageAttributeValueTypeDef = {"DataType": "String", "StringValue": "Transactional"}
    if max_price is None:
        return {"AWS.SNS.SMS.SMSType": kind}
    return {
        "AWS.SNS.SMS.SMSType": kind,
        "AWS.SNS.SMS.MaxPrice": {"DataType": "Number", "StringValue": max_price},
    }


@functools.lru_cache(maxsize=4096)
def _country(number: str) -> str | None:
    """The country of a number by its numbering plan; None if it has none, or its calls and texts cost extra.

    A number of a range that the library does not know yet counts as one of the main country of its calling code.
    """
    import phonenumbers  # noqa: PLC0415 - large

    parsed = phonenumbers.parse(number)
    types = phonenumbers.PhoneNumberType
    if phonenumbers.number_type(parsed) in (types.PREMIUM_RATE, types.SHARED_COST, types.PERSONAL_NUMBER):
        return None
    main = phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    country = phonenumbers.region_code_for_number(parsed) or main
    return None if country == NO_COUNTRY else country


# What a spreadsheet makes of a number, e.g. +491711234567.0: the library reads one digit more, another person's number
_FRACTION: Final = re.compile(r"[0-9]{7}\.[0-9]{1,2}$")


@functools.lru_cache(maxsize=4096)
def e164(written: str) -> str | None:
    """The number in E.164 if it is possible in its country's plan, else None.

    Ranges in use change faster than the library's tables, so the provider checks them.
    """
    # the library is large: only import it to check a number
    import phonenumbers  # noqa: PLC0415

    if _FRACTION.search(written):
        return None
    try:
        number = phonenumbers.parse(written)
    except phonenumbers.NumberParseException:
        return None
    if not written.startswith("+") or not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def segments(text: str) -> int:
    """Billed segments of a text: in GSM-7 if it has all characters, else in UCS-2."""
    if foreign(text) is None:
        return _parts([2 if letter in GSM_EXTENDED else 1 for letter in text], GSM_SINGLE, GSM_PART)
    return _parts([2 if letter > "\uffff" else 1 for letter in text], UCS2_SINGLE, UCS2_PART)


def foreign(text: str) -> str | None:
    """The first character that GSM-7 does not have: it makes all of the text UCS-2."""
    return next((letter for letter in text if letter not in GSM and letter not in GSM_EXTENDED), None)


def _parts(widths: Sequence[int], single: int, part: int) -> int:
    """The number of parts. A character of two units is never cut: it begins the next part, and a unit stays unused.

    3GPP TS 23.040, 9.2.3.24.1: an escape and its character, or the two halves of a surrogate pair, stay together.
    """
    if sum(widths) <= single:
        return 1
    parts, room = 1, part
    for width in widths:
        if width > room:
            parts, room = parts + 1, part
        room -= width
    return parts


# Typographic characters that people and word processors put in, with what GSM-7 has instead
SMART: Final = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u2035\u00b4`", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\u3000", " ")
    | dict.fromkeys("\u200b\u2060\ufeff\u00ad", "")
    | {"\u2039": "<", "\u203a": ">", "\u2022": "-", "\u00b7": ".", "\u2026": "...", "\u2044": "/", "\u00d7": "x"}
)
