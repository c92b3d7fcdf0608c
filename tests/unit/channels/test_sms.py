from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from fanfare.channels.base import AddressRefused, Encoding, Kind, SendResult
from fanfare.channels.reasons import Reason
from fanfare.channels.sms import Sms, countries_of, e164, segments

from tests.unit.channels.drawn_texts import COUNT, texts
from tests.unit.channels.fakes import Provider, envelope, modelled_errors, refusal

# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors; the codes as they go over the wire are
# in AWS's own model of the service. SNS's model of errors is of all operations: OptedOut, UserError and Throttled.
ERRORS = [
    ("Throttled", Kind.THROTTLED, "throttled"),
    ("ThrottledException", Kind.THROTTLED, "throttled"),
    ("OptedOut", Kind.PERMANENT, "opted_out"),
    ("InvalidParameter", Kind.PERMANENT, "invalid_parameter"),
    ("InvalidParameterValue", Kind.PERMANENT, "invalid_parameter"),
    ("ParameterValueInvalid", Kind.PERMANENT, "invalid_parameter"),
    ("UserError", Kind.TEMPORARY, "spend_limit_reached"),
    ("AuthorizationError", Kind.TEMPORARY, "access_denied"),
]
# Of topics, of platform endpoints, of us, and those that say by their HTTP status what they mean
OF_NO_TEXT = {
    *("KMSAccessDenied", "KMSDisabled", "KMSInvalidState", "KMSNotFound", "KMSOptInRequired", "KMSThrottling"),
    *("EndpointDisabled", "NotFound", "PlatformApplicationDisabled"),
    *("InternalError", "InvalidSecurity", "ValidationException"),
}


def channel(*answers: Any) -> tuple[Sms, Provider]:
    provider = Provider(*answers or ({"MessageId": "sns-1"},))
    return Sms(provider), provider  # type: ignore[arg-type]


def text(user_id: str = "ada") -> Any:
    return envelope(user_id, address="+436641234567", content={"text": "Your order has left"})


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 459, 3),
        ("€" * 80, 1),  # in the extension: two septets
        ("€" * 81, 2),
        ("a" * 159 + "€", 2),  # 161 septets, though 160 letters
        ("{}[]~\\|^" * 10, 1),
        ("{}[]~\\|^" * 10 + "a", 2),
        ("äöüßÄÖÜñà" * 10, 1),  # in the basic set
        ("ç" * 70, 1),  # not in it (Ç is): UCS-2
        ("ç" * 71, 2),
        ("Ж" * 70, 1),
        ("Ж" * 71, 2),
        ("Ж" * 134, 2),
        ("Ж" * 135, 3),
        ("🎉" * 35, 1),  # beyond the basic plane: two units
        ("🎉" * 36, 2),
        ("a" * 69 + "\u2019", 1),  # one typographic apostrophe makes it all UCS-2
        ("a" * 70 + "\u2019", 2),
    ],
)
def test_a_text_is_billed_in_segments_of_its_alphabet(written: str, parts: int) -> None:
    assert segments(written) == parts


# 3GPP TS 23.040, 9.2.3.24.1: an escape stays with its character, a surrogate pair together; a unit may stay unused
@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("a" * 152 + "€" + "a" * 152, 3),  # 306 septets, but the euro sign begins the second part
        ("a" * 151 + "€" + "a" * 153, 2),
        ("a" * 305 + "€", 3),
        ("a" * 152 + "€" + "a" * 151, 2),
        ("€" * 153, 3),  # 76 a part: a septet of each is unused
        ("€" * 152, 2),
        ("ж" * 66 + "🎉" + "ж" * 66, 3),
        ("ж" * 65 + "🎉" + "ж" * 67, 2),
        ("🎉" * 67, 3),  # 33 a part
        ("🎉" * 66, 2),
    ],
)
def test_a_character_of_two_units_is_not_cut_at_the_edge_of_a_part(written: str, parts: int) -> None:
    assert segments(written) == parts


def test_three_thousand_drawn_texts_have_the_segments_that_two_calculators_of_others_count() -> None:
    """Both were run once, in Node; they agree with each other and with us in each of them."""
    table = (Path(__file__).parent / "segments_by_calculators.txt").read_text(encoding="utf-8").splitlines()
    counted = [int(each) for line in table if not line.startswith("#") for each in line.split()]
    assert len(counted) == COUNT
    assert [segments(text) for text in texts()] == counted


@pytest.mark.parametrize(
    ("written", "name", "because"),
    [
        ("Grüße, 5 €", "GSM-7", None),
        ("", "GSM-7", None),
        ("It\u2019s here", "UCS-2", "\u2019"),
        ("façade", "UCS-2", "ç"),
        ("Zażółć", "UCS-2", "ż"),
        ("ok 🎉 \u2019", "UCS-2", "🎉"),
        ("a\u00a0b", "UCS-2", "\u00a0"),
    ],
)
def test_the_character_that_makes_a_text_ucs_2_is_named(written: str, name: str, because: str | None) -> None:
    assert Sms.encoding({"text": written}) == Encoding(name, because)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("It\u2019s \u201chere\u201d \u2013 now\u2026", 'It\'s "here" - now...'),
        ("5\u00a0€ \u00b7 10\u202f%", "5 € . 10 %"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("\u00abhier\u00bb \u2022 3\u00d72", '"hier" - 3x2'),
        ("Zażółć 🎉", "Zażółć 🎉"),  # letters are no typography
    ],
)
def test_smart_texts_have_plain_typography(written: str, plain: str) -> None:
    assert Sms.smart({"text": written}) == {"text": plain}


# https://docs.aws.amazon.com/sns/latest/dg/sms_sms-to-phone.html: at most 1,600 characters
@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("a" * 1_600, None),
        ("€" * 1_600, None),
        ("文" * 1_600, None),
        ("a" * 1_601, "content_too_large"),
        ("文" * 1_601, "content_too_large"),
        ("", "content_empty"),
        (" \n\t ", "content_empty"),
    ],
)
def test_what_sns_refuses_costs_no_call(written: str, reason: str | None) -> None:
    sms, provider = channel()
    (result,) = sms.send([envelope("ada", address="+436641234567", content={"text": written})])
    assert (result.kind, result.reason) == ((Kind.PERMANENT, reason) if reason else (Kind.SENT, None))
    assert len(provider.asked) == (0 if reason else 1)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+43 664 1234567", "+436641234567"),
        ("+1 (415) 555-2671", "+14155552671"),
        ("+436641234567", "+436641234567"),
        ("+15551234567", "+15551234567"),  # of a range that is in no use
        ("06641234567", None),  # of no country
        ("+43", None),
        ("+1 555", None),
        ("+99912345678", None),  # a country that there is not
        ("ada", None),
        ("+", None),
        ("00436641234567", None),
        ("+43.664.1234567", "+436641234567"),
        # a spreadsheet's number as text: findings/spreadsheet_number_becomes_another_person.sh
        ("+491711234567.0", None),
        ("+43664123456.0", None),
        ("+4915112345678.00", None),
    ],
)
def test_a_number_is_possible_in_a_country_s_plan_in_e164(written: str, number: str | None) -> None:
    assert e164(written) == number


@pytest.mark.parametrize(
    ("phone", "reason"), [(None, "no_address"), ("", "no_address"), ("0664 1234567", "invalid_address")]
)
def test_who_has_no_number_is_not_written_to(phone: str | None, reason: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        Sms.address({"phone": phone})
    assert refused.value.reason == reason
    assert Sms.identity({"phone": phone}) is None


def test_suppressions_know_a_number_however_it_is_written() -> None:
    assert Sms.identity({"phone": "+43 664 1234567"}) == Sms.identity({"phone": "+436641234567"}) == "+436641234567"


def test_each_text_is_a_call_with_our_ids_in_it() -> None:
    sms, provider = channel()
    assert [result.provider_id for result in sms.send([text("ada"), text("bob")])] == ["sns-1", "sns-1"]
    assert [operation for operation, _ in provider.asked] == ["publish", "publish"]
    _, request = provider.asked[1]
    assert request["PhoneNumber"] == "+436641234567"
    told = {name: value["StringValue"] for name, value in request["MessageAttributes"].items()}
    assert told["fanfare.user_id"] == "bob"
    assert told["AWS.SNS.SMS.SMSType"] == "Transactional"


@pytest.mark.parametrize(("code", "kind", "reason"), ERRORS)
def test_each_error_means_one_thing(code: str, kind: Kind, reason: str) -> None:
    sms, _ = channel(refusal(code))
    assert sms.send([text()]) == [SendResult(kind, Reason(reason))]


def test_every_error_in_the_model_of_sns_has_a_meaning() -> None:
    assert modelled_errors("sns", "Publish") - OF_NO_TEXT <= {code for code, *_ in ERRORS}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ReadTimeoutError(endpoint_url="sns"), Kind.UNKNOWN),
        (refusal("InternalError", 500), Kind.UNKNOWN),
        (refusal("ServiceUnavailable", 503), Kind.UNKNOWN),  # SNS does not say that nothing was published
        (ConnectTimeoutError(endpoint_url="sns"), Kind.TEMPORARY),
        (refusal("SomethingNew"), Kind.TEMPORARY),
    ],
    ids=str,
)
def test_a_lost_answer_is_never_followed_by_a_second_call(error: Exception, kind: Kind) -> None:
    sms, provider = channel(error)
    assert [result.kind for result in sms.send([text()])] == [kind]
    assert len(provider.asked) == 1


def test_one_that_fails_does_not_stop_the_next() -> None:
    sms, _ = channel(refusal("OptedOut"), {"MessageId": "sns-2"})
    first, second = sms.send([text("ada"), text("bob")])
    assert (first.kind, first.reason) == (Kind.PERMANENT, "opted_out")
    assert second.kind is Kind.SENT


def test_what_costs_money_is_recorded_one_by_one() -> None:
    assert Sms.one_by_one


# Numbers of each plan that nobody has: examples of the library, and of ranges that regulators keep for films
ORDINARY = ["+436641234567", "+4915112345678", "+15551234567", "+12025550103", "+447400123456", "+33612345678"]


@pytest.mark.parametrize("number", ORDINARY)
def test_an_ordinary_number_is_texted(number: str) -> None:
    assert Sms.refused(number, countries=None) is None


@pytest.mark.parametrize(
    "number",
    [
        "+449098790000",  # premium rate
        "+43900123456",
        "+33812345678",
        "+49180512345",  # shared cost
        "+447012345678",  # personal: forwarded at the caller's cost
        "+870773123456",  # satellite
        "+881612345678",
        "+882161234567",  # networks and premium services of no country
        "+883510000012345",
        "+97912345678",
    ],
)
def test_a_number_that_costs_extra_or_has_no_country_is_never_texted(number: str) -> None:
    for countries in (None, frozenset({"GB", "AT", "FR", "DE", "001"})):
        assert Sms.refused(number, countries=countries) == "number_not_allowed"


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+436641234567", "AT"),
        ("+12025550103", "US"),
        ("+15551234567", "US"),  # of a range that is in no use: it counts as the main country's
        ("+18765551234", "JM"),  # the same calling code, and forty times the price
        ("+77011234567", "KZ"),
        ("+447781123456", "GG"),
    ],
)
def test_a_text_goes_to_the_allowed_countries_alone(number: str, country: str) -> None:
    assert Sms.refused(number, countries=frozenset({country})) is None
    others = frozenset({"AT", "US", "JM", "KZ", "RU", "GB", "GG"} - {country})
    assert Sms.refused(number, countries=others) == "country_not_allowed"
    assert Sms.refused(number, countries=frozenset()) == "country_not_allowed"


@pytest.mark.parametrize(
    ("setting", "countries"),
    [(None, None), ("all", None), ("", frozenset()), ("AT", frozenset({"AT"})), ("AT,DE", frozenset({"AT", "DE"}))],
)
def test_the_setting_names_countries_or_all(setting: str | None, countries: frozenset[str] | None) -> None:
    assert countries_of(setting) == countries


def test_a_text_to_a_country_that_is_not_allowed_is_not_given_to_the_provider() -> None:
    provider = Provider()
    sms = Sms(provider, countries=frozenset({"DE"}))  # type: ignore[arg-type]
    assert sms.send([text()]) == [SendResult(Kind.PERMANENT, Reason.COUNTRY_NOT_ALLOWED)]
    assert provider.asked == []


def test_a_text_says_what_it_may_cost() -> None:
    provider = Provider({"MessageId": "sns-1"})
    Sms(provider, max_price="0.25").send([text()])  # type: ignore[arg-type]
    attributes = provider.asked[0][1]["MessageAttributes"]
    assert attributes["AWS.SNS.SMS.MaxPrice"] == {"DataType": "Number", "StringValue": "0.25"}
    assert attributes["AWS.SNS.SMS.SMSType"] == {"DataType": "String", "StringValue": "Transactional"}
