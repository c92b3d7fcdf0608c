from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any

import botocore.session
import orjson
import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from fanfare.channels.base import NOT_ASKED, AddressRefused, Kind, SendResult
from fanfare.channels.email import Email
from fanfare.channels.email_events import from_tag_value, tag_value
from fanfare.channels.reasons import Reason
from fanfare.channels.receipts import PROVES_SENT, Receipt
from fanfare.pipeline.record_receipts import read
from hypothesis import given
from hypothesis import strategies as st

from local.providers import ses_request
from tests.unit.channels.fakes import Provider, envelope, modelled_errors, refusal

MAIL = {"subject": "Hello", "html": "<p>Hello</p>", "text": "Hello"}
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html: a request with an inline template
SES_CALL_BYTES = 1_000_000

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_BulkEmailEntryResult.html; spelled as in AWS's own model
# of the service, which calls two of them otherwise than the page does (`…_NOT_FOUND` for `…_DOES_NOT_EXIST`)
STATUSES = [
    ("SUCCESS", Kind.SENT, None),
    ("MESSAGE_REJECTED", Kind.PERMANENT, "message_rejected"),  # it contains a virus
    ("MAIL_FROM_DOMAIN_NOT_VERIFIED", Kind.TEMPORARY, "sender_not_verified"),
    ("CONFIGURATION_SET_NOT_FOUND", Kind.TEMPORARY, "configuration_set_not_found"),
    ("TEMPLATE_NOT_FOUND", Kind.PERMANENT, "template_error"),
    ("ACCOUNT_SUSPENDED", Kind.TEMPORARY, "account_suspended"),
    ("ACCOUNT_THROTTLED", Kind.THROTTLED, "throttled"),
    ("ACCOUNT_DAILY_QUOTA_EXCEEDED", Kind.THROTTLED, "daily_quota_exceeded"),
    ("INVALID_SENDING_POOL_NAME", Kind.TEMPORARY, "sending_pool_not_found"),
    ("ACCOUNT_SENDING_PAUSED", Kind.TEMPORARY, "sending_paused"),
    ("CONFIGURATION_SET_SENDING_PAUSED", Kind.TEMPORARY, "sending_paused"),
    ("INVALID_PARAMETER", Kind.PERMANENT, "invalid_parameter"),
    ("TRANSIENT_FAILURE", Kind.TEMPORARY, "provider_unavailable"),
    ("FAILED", Kind.TEMPORARY, "provider_failed"),
]
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html#API_SendBulkEmail_Errors and, of all
# operations, https://docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html
OF_THE_ACCOUNT = [
    ("TooManyRequestsException", Kind.THROTTLED, "throttled"),
    ("ThrottlingException", Kind.THROTTLED, "throttled"),
    ("LimitExceededException", Kind.THROTTLED, "daily_quota_exceeded"),
    ("MailFromDomainNotVerifiedException", Kind.TEMPORARY, "sender_not_verified"),
    ("NotFoundException", Kind.TEMPORARY, "configuration_set_not_found"),
    ("AccountSuspendedException", Kind.TEMPORARY, "account_suspended"),
    ("SendingPausedException", Kind.TEMPORARY, "sending_paused"),
    ("AccessDeniedException", Kind.TEMPORARY, "access_denied"),
    ("ServiceUnavailable", Kind.TEMPORARY, "provider_unavailable"),
    ("ServiceUnavailableException", Kind.TEMPORARY, "provider_unavailable"),
]
OF_THE_MAIL = [
    ("MessageRejected", Kind.PERMANENT, "message_rejected"),
    ("BadRequestException", Kind.PERMANENT, "invalid_parameter"),
    ("InvalidParameterValue", Kind.PERMANENT, "invalid_parameter"),
    ("ValidationError", Kind.PERMANENT, "invalid_parameter"),
    ("ValidationException", Kind.PERMANENT, "invalid_parameter"),
    ("RequestEntityTooLargeException", Kind.PERMANENT, "content_too_large"),
]
# Those of them that any service of AWS may answer
COMMON = {
    "ThrottlingException",
    "AccessDeniedException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "InvalidParameterValue",
    "ValidationError",
    "ValidationException",
    "RequestEntityTooLargeException",
}
# https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html; and whether the mail was sent
EVENTS = [
    ("Send", Receipt.ACCEPTED, True),
    ("DeliveryDelay", Receipt.DELAYED, True),
    ("Delivery", Receipt.DELIVERED, True),
    ("Reject", Receipt.REJECTED, False),
    ("Rendering Failure", Receipt.REJECTED, False),
    ("Complaint", Receipt.COMPLAINED, True),
]
# The same page, of the bounce object
BOUNCES = [
    ("Permanent", Receipt.BOUNCED),
    ("Transient", Receipt.BOUNCED_SOFT),
    ("Undetermined", Receipt.BOUNCED_SOFT),
]


def accepted(_: str, request: Any) -> dict[str, Any]:
    """SES takes every entry of the call."""
    entries = range(len(request["BulkEmailEntries"]))
    return {"BulkEmailEntryResults": [{"Status": "SUCCESS", "MessageId": f"ses-{place}"} for place in entries]}


def channel(*answers: Any) -> tuple[Email, Provider]:
    provider = Provider(*answers or (accepted,))
    return Email(provider, sender="Shop <hello@shop.example>", configuration_set="rules"), provider  # type: ignore[arg-type]


def event(kind: str, **more: Any) -> dict[str, Any]:
    """An event of SES as the queue holds it."""
    tags = {"message_id": ["message-1"], "user_id": [tag_value("ada")]}
    mail = {"messageId": "ses-1", "tags": tags}
    return {"source": "aws.ses", "time": "2027-01-01T08:00:00Z", "detail": {"eventType": kind, "mail": mail, **more}}


def bounce(kind: str) -> dict[str, Any]:
    return event("Bounce", bounce={"bounceType": kind, "bounceSubType": "General"})


def test_a_call_that_would_not_end_in_time_is_not_made() -> None:
    email, provider = channel()
    mails = [{**MAIL, "html": word * 200_000} for word in "上中下"]  # a call takes one of them
    first, *rest = email.send([envelope(content=mail) for mail in mails], in_time=lambda: not provider.asked)
    assert first.kind is Kind.SENT
    assert rest == [NOT_ASKED] * 2
    assert len(provider.asked) == 1


def test_fifty_recipients_are_one_call_and_each_has_content_and_tags_of_its_own() -> None:
    email, provider = channel()
    people = [f"user-{number}" for number in range(50)]
    results = email.send(
        [
            envelope(each, content={**MAIL, "subject": each}, address_no=2, batch_id="0003-000012-00", place=place)
            for place, each in enumerate(people)
        ]
    )
    assert [result.provider_id for result in results] == [f"ses-{place}" for place in range(50)]
    ((_, request),) = provider.asked
    drafts = ses_request.bulk(request, size=0)
    assert [mail.subject for draft in drafts if isinstance(draft, ses_request.Draft) for mail in draft.mails] == people
    for place, (person, entry) in enumerate(zip(people, request["BulkEmailEntries"], strict=True)):
        assert entry["Destination"]["ToAddresses"] == [f"{person}@example.com"]
        assert {tag["Name"]: tag["Value"] for tag in entry["ReplacementTags"]} == {
            "message_id": "message-1",
            "user_id": tag_value(person),
            "address_no": f"2_0003-000012-00_{place}",
        }
    assert request["ConfigurationSetName"] == "rules"
    # no setting of the account replaces links, which contain tokens, or adds an image
    tracking = {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}
    assert request["ConfigurationOverrides"] == {"Tracking": tracking}


def test_mails_too_large_for_one_call_go_in_several_and_stay_in_order() -> None:
    email, provider = channel()
    heavy = "x" * 225_000
    mails = [{**MAIL, "html": f"{number}{heavy}{number}"} for number in range(7)]
    results = email.send([envelope(str(number), content=mail) for number, mail in enumerate(mails)])
    assert [result.kind for result in results] == [Kind.SENT] * 7
    assert [len(request["BulkEmailEntries"]) for _, request in provider.asked] == [3, 3, 1]
    sent = [
        entry["Destination"]["ToAddresses"][0] for _, request in provider.asked for entry in request["BulkEmailEntries"]
    ]
    assert sent == [f"{number}@example.com" for number in range(7)]


@pytest.mark.parametrize("letter", ["x", "中", '"', "\n", "\x01"])
def test_no_call_is_larger_than_ses_takes_it_whatever_it_is_written_in(letter: str) -> None:
    email, provider = channel()
    mails = [{**MAIL, "html": f"{number}{letter * 30_000}{number}"} for number in range(50)]
    email.send([envelope(str(number), content=mail) for number, mail in enumerate(mails)])
    for _, request in provider.asked:
        drafts = ses_request.bulk(request, size=len(orjson.dumps(request)))  # refuses what SES would
        assert all(isinstance(draft, ses_request.Draft) for draft in drafts)
    assert sum(len(request["BulkEmailEntries"]) for _, request in provider.asked) == 50


@pytest.mark.parametrize("letter", ["x", "中", "{{", "\x01"])
def test_a_mail_that_is_sendable_by_its_length_alone_is_sent(letter: str) -> None:
    email, _ = channel()
    content = {**MAIL, "html": letter * (32_000 // len(letter))}
    assert email.unsendable(content) is None
    assert [result.kind for result in email.send([envelope("1", content=content)])] == [Kind.SENT]


def test_a_mail_with_more_in_it_than_ses_fills_in_goes_alone_and_holds_up_nobody() -> None:
    email, provider = channel()
    long, longer = ("x" * 300_000, "{{" + "x" * 300_000 + "}}")
    mails = [{**MAIL, "html": f"{number}{text}{number}"} for number, text in enumerate(["short", long, longer])]
    results = email.send([envelope(str(number), content=mail) for number, mail in enumerate(mails)])
    assert [result.reason for result in results] == [None, None, "content_too_large"]
    drafts = [draft for _, request in provider.asked for draft in ses_request.bulk(request, size=0)]
    sent = [mail.html for draft in drafts if isinstance(draft, ses_request.Draft) for mail in draft.mails]
    assert sent == [mails[0]["html"], mails[1]["html"]]


def test_a_part_that_a_mail_has_not_is_not_sent_as_an_empty_one() -> None:
    email, provider = channel()
    mails = [{"subject": "Hello", "text": "1"}, {**MAIL, "html": "<p>2"}, {**MAIL, "html": ""}, {"subject": ""}]
    results = email.send([envelope(str(number), content=mail) for number, mail in enumerate(mails)])
    assert [result.kind for result in results] == [Kind.SENT] * 4
    drafts = [draft for _, request in provider.asked for draft in ses_request.bulk(request, size=0)]
    sent = {mail.to: mail for draft in drafts if isinstance(draft, ses_request.Draft) for mail in draft.mails}
    assert [(sent[f"{number}@example.com"].html, sent[f"{number}@example.com"].text) for number in range(4)] == [
        (None, "1"),
        ("<p>2", "Hello"),
        (None, "Hello"),
        (None, ""),
    ]


def html_of(request: Any) -> list[str | None]:
    """The mails as SES fills them in."""
    drafts = ses_request.bulk(request, size=0)
    return [mail.html for draft in drafts if isinstance(draft, ses_request.Draft) for mail in draft.mails]


def test_what_all_mails_share_goes_to_ses_once() -> None:
    email, provider = channel()
    people = [f"user-{number}" for number in range(50)]
    heavy = "x" * 300_000
    email.send([envelope(each, content={**MAIL, "html": f"{heavy} {each} {heavy}"}) for each in people])
    ((_, request),) = provider.asked
    assert len(json.dumps(request)) < SES_CALL_BYTES
    assert len(json.dumps(request["BulkEmailEntries"])) < 50_000


def test_what_lies_between_the_own_words_of_mails_goes_to_ses_once_too() -> None:
    email, provider = channel()
    heavy = [" ".join(f"<p>{word}{number}</p>" for number in range(3_000)) for word in ("one", "two", "three")]
    own = [(f"user-{number}", "VIP" if number % 2 else "", f"https://shop.example/{number}") for number in range(50)]
    mails = [
        f"Dear {name}, {heavy[0]} {vip} {heavy[1]} <a href='{link}'>leave</a> {heavy[2]}" for name, vip, link in own
    ]
    email.send([envelope(str(number), content={**MAIL, "html": mail}) for number, mail in enumerate(mails)])
    ((_, request),) = provider.asked
    assert len(json.dumps(request["BulkEmailEntries"])) < 50_000
    assert html_of(request) == mails


def test_a_paragraph_that_one_mail_lacks_is_not_shared() -> None:
    email, provider = channel()
    first, second = ("<p>" + word * 30 + "</p>" for word in ("hello ", "thanks "))
    mails = [f"{name} {first} {second} {name}" for name in ("Ada", "Bob", "Eve")]
    mails += [f"Kim {second} Kim", f"Lee {first} Lee", f"Max {second} {first} Max"]
    email.send([envelope(str(number), content={**MAIL, "html": mail}) for number, mail in enumerate(mails)])
    ((_, request),) = provider.asked
    assert html_of(request) == mails


def test_of_a_text_that_one_mail_breaks_off_only_the_begin_is_shared() -> None:
    email, provider = channel()
    long = " ".join(f"word {number}" for number in range(200))
    mails = [f"Ada {long} Ada", f"Bob {long} Bob", f"Eve {long[:300]} {'Eve ' * 999}", f"Max {long} Max"]
    email.send([envelope(str(number), content={**MAIL, "html": mail}) for number, mail in enumerate(mails)])
    ((_, request),) = provider.asked
    assert html_of(request) == mails


def test_a_large_mail_of_another_message_leaves_the_small_ones_together() -> None:
    email, provider = channel()
    contents = [{**MAIL, "html": f"<p>{number}</p>"} for number in range(9)]
    contents.insert(4, {**MAIL, "html": "x" * 500_000})
    results = email.send([envelope(str(number), content=content) for number, content in enumerate(contents)])
    assert [result.kind for result in results] == [Kind.SENT] * 10
    assert [len(request["BulkEmailEntries"]) for _, request in provider.asked] == [9, 1]


@given(
    st.lists(
        st.lists(
            st.sampled_from(["{", "}", "\\", "{{html}}", "a", "ä", "<b>", "\n", *("/" + each * 70 for each in "xyz{")]),
            min_size=1,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_every_reader_gets_exactly_what_was_rendered(drawn: list[list[str]]) -> None:
    email, provider = channel()
    texts = ["".join(pieces) for pieces in drawn]
    email.send([envelope(str(place), content={**MAIL, "html": text}) for place, text in enumerate(texts)])
    ((_, request),) = provider.asked
    assert html_of(request) == texts
    template = request["DefaultContent"]["Template"]["TemplateContent"]["Html"]
    shared = re.split(r"\{\{html(?:_\d+)?\}\}", template)  # SES sees these places, with no mark next to them
    assert len(shared) > 1
    assert not any(re.search(r"\{\{|\}\}", text) for text in shared)
    assert not any(re.search(r"[{}\\]\Z", text) for text in shared[:-1])
    assert not any(re.match(r"[{}\\]", text) for text in shared[1:])


def test_a_mail_that_can_be_left_says_how_with_one_click() -> None:
    email, provider = channel()
    link = "https://notify.shop.example/v1/unsubscribe/token"
    email.send([envelope(content=MAIL, unsubscribe=link), envelope(content=MAIL)])
    first, second = provider.asked[0][1]["BulkEmailEntries"]
    assert first["ReplacementHeaders"] == [
        {"Name": "Auto-Submitted", "Value": "auto-generated"},
        {"Name": "List-Unsubscribe", "Value": f"<{link}>"},
        {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
    ]
    assert second["ReplacementHeaders"] == [{"Name": "Auto-Submitted", "Value": "auto-generated"}]


@pytest.mark.parametrize(
    ("topic", "list_id", "tag"),
    [
        ("orders.shipped", "<orders.shipped.shop.example>", "orders-2eshipped"),
        ("Orders:New_1", "<orders-3anew-5f1.shop.example>", "Orders-3aNew_1"),
        ("a-2e", "<a-2e.shop.example>", "a-2e"),
        (":" * 128, f"<{'-3a' * 128}.shop.example>", ("-3a" * 86)[:256]),
    ],
)
def test_mailbox_providers_see_of_which_topic_a_mail_is(topic: str, list_id: str, tag: str) -> None:
    provider = Provider(accepted)
    sender = "Shop <no-reply@Shop.example>"
    email = Email(provider, sender=sender, configuration_set=None, stage="prod")  # type: ignore[arg-type]
    email.send([envelope(content=MAIL, topic=topic)])
    (entry,) = provider.asked[0][1]["BulkEmailEntries"]
    assert {"Name": "List-Id", "Value": list_id} in entry["ReplacementHeaders"]
    tags = {each["Name"]: each["Value"] for each in entry["ReplacementTags"]}
    assert (tags["ses:feedback-id-a"], tags["ses:feedback-id-b"]) == (tag, "prod")
    ses_request.bulk(provider.asked[0][1], size=0)


@pytest.mark.parametrize(("status", "kind", "reason"), STATUSES)
def test_each_status_of_an_entry_means_one_thing_and_nothing_for_the_others(
    status: str, kind: Kind, reason: str | None
) -> None:
    email, _ = channel({"BulkEmailEntryResults": [{"Status": status, "MessageId": "id"}, {"Status": "SUCCESS"}]})
    first, second = email.send([envelope("ada", content=MAIL), envelope("bob", content=MAIL)])
    assert (first.kind, first.reason) == (kind, reason)
    assert second.kind is Kind.SENT


def test_every_status_and_error_in_the_model_of_ses_has_a_meaning() -> None:
    session: Any = botocore.session.get_session()
    statuses = session.get_service_model("sesv2").shape_for("BulkEmailStatus").enum
    assert {status for status, *_ in STATUSES} == {*statuses}
    errors = {code for code, *_ in [*OF_THE_ACCOUNT, *OF_THE_MAIL]}
    assert errors == modelled_errors("sesv2", "SendBulkEmail") | COMMON


def test_a_status_that_is_new_is_tried_again() -> None:
    email, _ = channel({"BulkEmailEntryResults": [{"Status": "SOMETHING_NEW"}]})
    assert email.send([envelope(content=MAIL)])[0].kind is Kind.TEMPORARY


@pytest.mark.parametrize(("code", "kind", "reason"), OF_THE_ACCOUNT)
def test_an_error_of_the_account_is_every_entry_s(code: str, kind: Kind, reason: str) -> None:
    email, provider = channel(refusal(code))
    assert email.send([envelope(content=MAIL)] * 2) == [SendResult(kind, Reason(reason))] * 2
    assert len(provider.asked) == 1


@pytest.mark.parametrize(("code", "kind", "reason"), OF_THE_MAIL)
def test_an_error_of_a_mail_that_went_alone_is_that_mail_s(code: str, kind: Kind, reason: str) -> None:
    email, _ = channel(refusal(code))
    assert email.send([envelope(content=MAIL)]) == [SendResult(kind, Reason(reason))]


class Ses:
    """SES with addresses it does not take: a call with one of them fails as a whole. It keeps whom it sent to."""

    def __init__(self, error: Exception, *bad: str) -> None:
        self.error = error
        self.bad = {f"{user_id}@example.com" for user_id in bad}
        self.sent: list[str] = []
        self.sizes: list[int] = []

    def send_bulk_email(self, **request: Any) -> Any:
        addresses = [entry["Destination"]["ToAddresses"][0] for entry in request["BulkEmailEntries"]]
        self.sizes.append(len(addresses))
        if self.bad & set(addresses):
            raise self.error
        self.sent += addresses
        return accepted("", request)

    def channel(self) -> Email:
        return Email(self, sender="Shop <hello@shop.example>", configuration_set=None)  # type: ignore[arg-type]


FIFTY = [envelope(f"user-{number}", content=MAIL) for number in range(50)]


@pytest.mark.parametrize(("code", "kind", "reason"), OF_THE_MAIL)
def test_one_mail_that_ses_refuses_costs_nobody_else_their_mail(code: str, kind: Kind, reason: str) -> None:
    ses = Ses(refusal(code), "user-17")
    results = ses.channel().send(FIFTY)
    assert results[17] == SendResult(kind, Reason(reason))
    assert [result.kind for result in results[:17] + results[18:]] == [Kind.SENT] * 49
    assert ses.sent == [f"user-{number}@example.com" for number in range(50) if number != 17]  # each once
    # in half six times, with two calls each, until mail 17 is alone
    assert ses.sizes == [50, 25, 12, 13, 6, 3, 3, 1, 2, 1, 1, 7, 25]


def test_mails_that_ses_refuses_are_found_wherever_they_are() -> None:
    ses = Ses(refusal("BadRequestException"), "user-0", "user-24", "user-25", "user-49")
    results = ses.channel().send(FIFTY)
    assert [place for place, result in enumerate(results) if result.kind is Kind.PERMANENT] == [0, 24, 25, 49]
    assert len(ses.sent) == len(set(ses.sent)) == 46


def test_if_ses_refuses_every_mail_each_is_asked_for_alone_and_no_more() -> None:
    ses = Ses(refusal("MessageRejected"), *(f"user-{number}" for number in range(50)))
    assert ses.channel().send(FIFTY) == [SendResult(Kind.PERMANENT, Reason("message_rejected"))] * 50
    assert ses.sizes.count(1) == 50
    assert len(ses.sizes) == 99


def test_a_half_that_would_not_end_in_time_is_not_asked_for() -> None:
    ses = Ses(refusal("BadRequestException"), "user-1")
    results = ses.channel().send(FIFTY[:4], in_time=lambda: len(ses.sizes) < 3)
    assert ses.sizes == [4, 2, 1]
    assert [result.kind for result in results] == [Kind.SENT, Kind.THROTTLED, Kind.THROTTLED, Kind.THROTTLED]
    assert results[1:] == [NOT_ASKED] * 3


@pytest.mark.parametrize(
    ("trouble", "result"),
    [
        (refusal("TooManyRequestsException", 429), SendResult(Kind.THROTTLED, Reason("throttled"))),
        (ReadTimeoutError(endpoint_url="ses"), SendResult(Kind.UNKNOWN, Reason("outcome_unknown"))),
        (refusal("InternalFailure", 500), SendResult(Kind.UNKNOWN, Reason("outcome_unknown"))),
        (ConnectTimeoutError(endpoint_url="ses"), SendResult(Kind.TEMPORARY, Reason("provider_unreachable"))),
    ],
    ids=str,
)
def test_what_one_half_meets_is_not_the_other_s(trouble: Exception, result: SendResult) -> None:
    email, provider = channel(refusal("BadRequestException"), trouble, accepted)
    results = email.send([envelope(user, content=MAIL) for user in ("ada", "bob", "cy", "dan")])
    assert results == [result, result, SendResult(Kind.SENT, None, "ses-0"), SendResult(Kind.SENT, None, "ses-1")]
    assert len(provider.asked) == 3


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ReadTimeoutError(endpoint_url="ses"), Kind.UNKNOWN),  # it may have been accepted
        (refusal("InternalFailure", 500), Kind.UNKNOWN),
        (refusal("502", 502), Kind.UNKNOWN),  # of a server in between: SES names its errors
        (refusal("503", 503), Kind.UNKNOWN),
        (refusal("504", 504), Kind.UNKNOWN),
        (refusal("SomethingNew", 400), Kind.TEMPORARY),
        (ConnectTimeoutError(endpoint_url="ses"), Kind.TEMPORARY),  # nothing was sent
        (EndpointConnectionError(endpoint_url="ses"), Kind.TEMPORARY),
    ],
    ids=str,
)
def test_an_answer_that_is_lost_is_unknown_and_one_that_never_went_out_is_not(error: Exception, kind: Kind) -> None:
    email, provider = channel(error)
    assert [result.kind for result in email.send([envelope(content=MAIL)] * 2)] == [kind] * 2
    assert len(provider.asked) == 1


@pytest.mark.parametrize(
    ("written", "reason"),
    [(None, "no_address"), ("", "no_address"), ("ada", "invalid_address"), ("ada@", "invalid_address")],
)
def test_who_has_no_address_is_not_written_to(written: str | None, reason: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        Email.address({"email": written})
    assert refused.value.reason == reason
    assert Email.identity({"email": written}) is None


def test_an_international_domain_goes_as_punycode_and_suppressions_know_it_in_lower_case() -> None:
    assert Email.address({"email": "Ada@bücher.example"}) == "Ada@xn--bcher-kva.example"
    assert Email.identity({"email": "Ada@Example.com"}) == "ada@example.com"


@given(st.text(min_size=1, max_size=128))
def test_a_tag_holds_any_user_id_in_the_letters_that_ses_allows(user_id: str) -> None:
    tag = tag_value(user_id)
    assert set(tag) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
    assert from_tag_value(tag) == user_id


# A name beyond ASCII: RFC 2047; a domain: IDNA 2008. SES takes nothing else:
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html, FromEmailAddress
@pytest.mark.parametrize(
    ("sender", "name", "address"),
    [
        ("Shop <hello@shop.example>", "Shop", "hello@shop.example"),
        ("hello@shop.example", "", "hello@shop.example"),
        ("Bücher & Größen <hallo@shop.example>", "Bücher & Größen", "hallo@shop.example"),
        ("書店 <hello@shop.example>", "書店", "hello@shop.example"),
        ("متجر <hello@shop.example>", "متجر", "hello@shop.example"),
        ('"Söhne, GmbH" <hallo@bücher.example>', "Söhne, GmbH", "hallo@xn--bcher-kva.example"),
        ('"Shop, Inc." <hello@faß.example>', "Shop, Inc.", "hello@xn--fa-hia.example"),
        ('"Ein sehr langer Name mit vielen Wörtern und Größen, der in keine Zeile passt" <a@b.example>',
         "Ein sehr langer Name mit vielen Wörtern und Größen, der in keine Zeile passt", "a@b.example"),
    ],
)  # fmt: skip
def test_the_sender_is_ascii_on_the_wire_and_reads_as_it_was_written(sender: str, name: str, address: str) -> None:
    provider = Provider(accepted)
    email = Email(provider, sender=sender, configuration_set=None)  # type: ignore[arg-type]
    email.send([envelope(content=MAIL)])
    ((_, request),) = provider.asked
    sent = request["FromEmailAddress"]
    assert sent.isascii()
    assert "\n" not in sent
    assert all(len(word) <= 75 for word in sent.split())
    encoded, found = parseaddr(sent)
    assert (str(make_header(decode_header(encoded))), found) == (name, address)


# Receipts


@pytest.mark.parametrize(("kind", "receipt", "was_sent"), EVENTS)
def test_each_event_is_one_receipt_which_may_prove_that_the_mail_was_sent(
    kind: str, receipt: Receipt, was_sent: bool
) -> None:
    read_as = Email.read_receipt(event(kind))
    assert read_as is not None
    assert (read_as.receipt, read_as.user_id, read_as.message_id) == (receipt, "ada", "message-1")
    assert (read_as.channel, read_as.provider_id) == ("email", "ses-1")
    assert read_as.at == datetime(2027, 1, 1, 8, tzinfo=UTC)
    assert (read_as.receipt in PROVES_SENT) is was_sent


@pytest.mark.parametrize(("kind", "receipt"), BOUNCES)
def test_only_a_permanent_bounce_is_hard_and_each_proves_that_the_mail_was_sent(kind: str, receipt: Receipt) -> None:
    read_as = Email.read_receipt(bounce(kind))
    assert read_as is not None
    assert read_as.receipt is receipt
    assert receipt in PROVES_SENT


@pytest.mark.parametrize(
    ("tag", "address_no", "recipient"),
    [
        ("2_0003-000012-00_49", 2, ("0003-000012-00", 49)),
        ("0_0000-short-00_0", 0, ("0000-short-00", 0)),
        ("2", 2, (None, 0)),  # of an earlier version, or a confirmation mail
    ],
)
def test_an_event_names_the_recipients_batch_and_place_unless_the_mail_is_of_an_earlier_version(
    tag: str, address_no: int, recipient: tuple[str | None, int]
) -> None:
    tagged = event("Delivery")
    tagged["detail"]["mail"]["tags"]["address_no"] = [tag]
    read_as = Email.read_receipt(tagged)
    assert read_as is not None
    assert (read_as.address_no, (read_as.batch_id, read_as.place)) == (address_no, recipient)


@pytest.mark.parametrize("tag", ["", "one", "0_", "0_0000-000000-00", "0_0000-000000-00_x", "0_0000_0", "0.0000-0-0.0"])
def test_an_event_with_a_place_that_has_no_meaning_is_not_read(tag: str) -> None:
    tagged = event("Delivery")
    tagged["detail"]["mail"]["tags"]["address_no"] = [tag]
    with pytest.raises(ValueError, match="address_no"):
        Email.read_receipt(tagged)


@pytest.mark.parametrize("kind", ["Open", "Click", "Subscription", "Something new"])
def test_events_that_are_no_receipt_are_left_alone(kind: str) -> None:
    assert Email.read_receipt(event(kind)) is None


@pytest.mark.parametrize("tags", [{}, {"message_id": ["message-1"]}, {"message_id": [], "user_id": []}])
def test_mail_that_carries_no_tags_of_ours_is_none_of_ours(tags: dict[str, Any]) -> None:
    foreign = event("Delivery")
    foreign["detail"]["mail"]["tags"] = tags
    assert Email.read_receipt(foreign) is None


def test_an_event_is_read_by_its_source() -> None:
    delivered = read(event("Delivery"))
    assert delivered is not None
    assert (delivered.receipt, delivered.channel) == (Receipt.DELIVERED, "email")
