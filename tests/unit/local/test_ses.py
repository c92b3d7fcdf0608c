"""The stand-in answers as SES v2 does: asked by the SDK's own client."""

from __future__ import annotations

import json
from email.message import EmailMessage
from typing import Any

import pytest
from botocore.exceptions import ClientError, HTTPClientError
from fanfare.channels.base import Envelope
from fanfare.channels.email import Email
from fanfare.channels.email_events import tag_value

from .conftest import World

TEMPLATE = {"Subject": "{{subject}}", "Html": "<p>{{ html }}</p>", "Text": "{{text}}"}
DATA = {"subject": "Hi", "html": "<b>&</b> {{text}}", "text": "plain"}


def entry(to: str, *, data: dict[str, str] | None = None, message: str = "m-1", **more: Any) -> dict[str, Any]:
    replaced = {"ReplacementTemplateData": json.dumps(DATA if data is None else data)}
    return {
        "Destination": {"ToAddresses": [to]},
        "ReplacementEmailContent": {"ReplacementTemplate": replaced},
        "ReplacementTags": [
            {"Name": "message_id", "Value": message},
            {"Name": "user_id", "Value": tag_value(f"user:{to}")},
        ],
        **more,
    }


def send(world: World, *entries: dict[str, Any], **more: Any) -> list[str]:
    answer = world.client("sesv2").send_bulk_email(
        FromEmailAddress="Fanfare <no-reply@example.com>",
        DefaultContent={"Template": {"TemplateContent": TEMPLATE, "TemplateData": "{}"}},
        BulkEmailEntries=list(entries),
        **more,
    )
    return [result["Status"] for result in answer["BulkEmailEntryResults"]]


def refused(world: World, *entries: dict[str, Any]) -> str:
    with pytest.raises(ClientError) as caught:
        send(world, *entries)
    return caught.value.response["Error"]["Code"]


def test_a_mail_is_kept_whole(world: World) -> None:
    headers = [{"Name": "List-Unsubscribe", "Value": "<https://example.com/u>"}]
    defaults = [{"Name": "stage", "Value": "local"}]
    assert send(world, entry("ada@example.com", ReplacementHeaders=headers), DefaultEmailTags=defaults) == ["SUCCESS"]
    (mail,) = world.mails
    assert (mail.to, mail.subject, mail.text) == ("ada@example.com", "Hi", "plain")
    assert mail.html == "<p><b>&</b> {{text}}</p>"  # as it stands: not escaped, not looked at twice
    assert mail.headers == {"List-Unsubscribe": "<https://example.com/u>"}
    assert mail.tags["stage"] == "local"
    assert (mail.message_id, mail.user_id) == ("m-1", "user:ada@example.com")
    assert world.told == ["Send", "Delivery"]


def test_data_of_the_entry_replaces_that_of_the_call(world: World) -> None:
    answer = world.client("sesv2").send_bulk_email(
        FromEmailAddress="a@example.com",
        DefaultContent={"Template": {"TemplateContent": TEMPLATE, "TemplateData": json.dumps(DATA)}},
        BulkEmailEntries=[entry("ada@example.com", data={"subject": "Other"})],
    )
    assert answer["BulkEmailEntryResults"][0]["MessageId"]
    assert (world.mails[0].subject, world.mails[0].text) == ("Other", "plain")


def test_an_entry_that_cannot_be_rendered_is_accepted_and_never_leaves(world: World) -> None:
    assert send(world, entry("ada@example.com", data={"subject": "only"})) == ["SUCCESS"]
    assert world.mails == []
    assert world.told == ["Rendering Failure"]


def test_fifty_entries_pass_and_one_more_is_refused(world: World) -> None:
    fifty = [entry(f"u{n}@example.com") for n in range(50)]
    assert send(world, *fifty) == ["SUCCESS"] * 50
    assert refused(world, *fifty, entry("ada@example.com")) == "BadRequestException"
    assert len(world.mails) == 50


def test_a_call_above_one_megabyte_is_refused(world: World) -> None:
    big = DATA | {"html": "x" * 250_000}
    assert refused(world, *[entry(f"u{n}@example.com", data=big) for n in range(5)]) == "BadRequestException"


@pytest.mark.parametrize(
    "more",
    [
        {"ReplacementTags": [{"Name": "user", "Value": "a@b"}]},
        {"ReplacementHeaders": [{"Name": "X-A", "Value": "line\nbreak"}]},
        {"ReplacementHeaders": [{"Name": "X A", "Value": "v"}]},
        {"ReplacementHeaders": [{"Name": f"X-{n}", "Value": "v"} for n in range(16)]},
    ],
)
def test_what_ses_does_not_take_is_refused(world: World, more: dict[str, Any]) -> None:
    assert refused(world, entry("ada@example.com", **more)) == "BadRequestException"
    assert world.mails == []


def test_a_bad_address_fails_alone(world: World) -> None:
    assert send(world, entry("nobody"), entry("ada@example.com")) == ["INVALID_PARAMETER", "SUCCESS"]


def test_an_unverified_recipient_refuses_the_call_and_the_channel_isolates_it(world: World) -> None:
    mailed = ["ada@example.com", "unverified+bob@simulator.example.com", "grace@example.com"]
    assert refused(world, *map(entry, mailed)) == "MessageRejected"
    email = Email(world.client("sesv2"), sender="Fanfare <no-reply@example.com>", configuration_set=None)
    content = {"subject": "Hi", "html": "<p>Hi</p>", "text": "Hi"}
    envelopes = [Envelope(message_id="m", user_id=to, address=to, content=content) for to in mailed]
    assert [str(result.reason) for result in email.send(envelopes)] == ["None", "recipient_not_verified", "None"]


def test_throttle_is_refused_once_for_a_message(world: World) -> None:
    to = "throttle+ada@simulator.example.com"
    assert send(world, entry(to), entry("ada@example.com")) == ["ACCOUNT_THROTTLED", "SUCCESS"]
    assert send(world, entry(to)) == ["SUCCESS"]
    assert send(world, entry(to, message="m-2")) == ["ACCOUNT_THROTTLED"]


def test_timeout_then_accepted_takes_the_mails_and_loses_the_answer_once(world: World) -> None:
    lost = entry("timeout-then-accepted@simulator.example.com")
    with pytest.raises(HTTPClientError):
        send(world, lost, entry("ada@example.com"))
    assert [mail.to for mail in world.mails] == [lost["Destination"]["ToAddresses"][0], "ada@example.com"]
    assert send(world, lost) == ["SUCCESS"]


def test_down_fails_until_it_is_healed(world: World) -> None:
    down = entry("down@simulator.example.com")
    assert send(world, down) == send(world, down) == ["TRANSIENT_FAILURE"]
    world.simulator.change({"down_address": False})
    assert send(world, down) == ["SUCCESS"]


def test_a_provider_that_is_down_answers_503(world: World) -> None:
    world.simulator.change({"down": ["email"]})
    assert refused(world, entry("ada@example.com")) == "ServiceUnavailable"
    world.simulator.change({"down": []})
    assert send(world, entry("ada@example.com")) == ["SUCCESS"]


def test_above_the_rate_the_whole_call_is_refused(world: World) -> None:
    world.simulator.change({"rate": 3})
    assert send(world, entry("a@example.com"), entry("b@example.com")) == ["SUCCESS", "SUCCESS"]
    assert refused(world, entry("c@example.com"), entry("d@example.com")) == "TooManyRequestsException"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("success", ["Send", "Delivery"]),
        ("bounce+label", ["Send", "Bounce"]),
        ("complaint", ["Send", "Delivery", "Complaint"]),
        ("ooto", ["Send", "Delivery", "Bounce"]),
        ("suppressionlist", ["Send", "Bounce"]),
    ],
)
def test_the_simulators_of_ses_tell_what_became_of_a_mail(world: World, name: str, told: list[str]) -> None:
    send(world, entry(f"{name}@simulator.amazonses.com"), ConfigurationSetName="set-1")
    assert world.told == told
    configuration_set, event = world.events.events[-1]
    assert configuration_set == "set-1"
    assert event["mail"]["tags"]["message_id"] == ["m-1"]
    assert event["mail"]["messageId"] == world.mails[0].provider_id


@pytest.mark.parametrize(
    ("name", "receipt", "bounce"),
    [
        ("bounce@simulator.amazonses.com", "bounced", "permanent"),
        ("ooto@simulator.amazonses.com", "bounced_soft", "soft_or_reply"),
        ("suppressionlist@simulator.amazonses.com", "bounced", "permanent"),
        ("no-mailbox@simulator.example.com", "bounced", "no_mailbox"),
        ("full@simulator.example.com", "bounced_soft", "soft"),
        ("content@simulator.example.com", "bounced_soft", "content"),
        ("listed@simulator.example.com", "bounced", "on_account_list"),
    ],
)
def test_the_simulators_bounce_as_the_channel_reads_it(world: World, name: str, receipt: str, bounce: str) -> None:
    send(world, entry(name), ConfigurationSetName="set-1")
    _, event = world.events.events[-1]
    read = Email.read_receipt({"source": "aws.ses", "time": "2027-01-01T08:00:00Z", "detail": event})
    assert read is not None
    assert (read.receipt, read.bounce) == (receipt, bounce)


def test_a_reader_who_takes_a_mail_out_of_the_spam_folder_is_no_complaint(world: World) -> None:
    send(world, entry("not-spam@simulator.example.com"), ConfigurationSetName="set-1")
    _, event = world.events.events[-1]
    assert event["complaint"]["complaintFeedbackType"] == "not-spam"
    assert Email.read_receipt({"source": "aws.ses", "time": "2027-01-01T08:00:00Z", "detail": event}) is None


def test_ses_is_silent_when_told_to_be(world: World) -> None:
    world.simulator.change({"receipts": False})
    assert send(world, entry("success@simulator.amazonses.com"), ConfigurationSetName="set-1") == ["SUCCESS"]
    assert world.told == []


def test_a_simple_mail(world: World) -> None:
    body = {"Text": {"Data": "plain"}, "Html": {"Data": "<p>rich</p>"}}
    answer = world.client("sesv2").send_email(
        FromEmailAddress="no-reply@example.com",
        Destination={"ToAddresses": ["ada@example.com"], "CcAddresses": ["grace@example.com"]},
        ReplyToAddresses=["help@example.com"],
        Content={"Simple": {"Subject": {"Data": "Hi"}, "Body": body}},
    )
    assert [mail.to for mail in world.mails] == ["ada@example.com", "grace@example.com"]
    assert {mail.provider_id for mail in world.mails} == {answer["MessageId"]}
    assert world.mails[0].headers == {"Reply-To": "help@example.com"}


def test_a_raw_mail(world: World) -> None:
    mime = EmailMessage()
    mime["From"], mime["To"], mime["Subject"] = "no-reply@example.com", "Ada <ada@example.com>", "Grüße"
    mime.set_content("plain")
    mime.add_alternative("<p>rich</p>", subtype="html")
    world.client("sesv2").send_email(Content={"Raw": {"Data": mime.as_bytes()}})
    (mail,) = world.mails
    assert (mail.to, mail.subject) == ("ada@example.com", "Grüße")
    assert ((mail.text or "").strip(), (mail.html or "").strip()) == ("plain", "<p>rich</p>")
    assert "multipart/alternative" in (mail.raw or "")
