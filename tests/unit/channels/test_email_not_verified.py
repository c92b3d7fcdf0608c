"""SES answers an address that is not verified with MessageRejected: the sender's, or in the sandbox a recipient's.

The words are SES's: https://github.com/aws/aws-sdk-net/issues/3526, https://github.com/faiscadev/fakecloud/issues/945
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from fanfare.channels.base import Kind, SendResult
from fanfare.channels.email import Email
from fanfare.channels.reasons import Reason

from tests.unit.channels.fakes import Provider, envelope, refusal

WORDS = "Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: {}"
MAIL = {"subject": "Hello", "html": "<p>Hello</p>", "text": "Hello"}
WAITS = SendResult(Kind.TEMPORARY, Reason("sender_not_verified"))
REFUSED = SendResult(Kind.PERMANENT, Reason("recipient_not_verified"))


def send(*answers: Any, users: Sequence[str] = ("ada",)) -> tuple[list[SendResult], Provider]:
    provider = Provider(*answers)
    email = Email(provider, sender="Shop <hello@mail.shop.example>", configuration_set=None)  # type: ignore[arg-type]
    return email.send([envelope(user, content=MAIL) for user in users]), provider


@pytest.mark.parametrize(
    "named",
    [
        "hello@mail.shop.example",
        "Shop <Hello@mail.shop.example>",
        "mail.shop.example",
        "shop.example",
        "ada@example.com, hello@mail.shop.example",
        "",
    ],
)
def test_mail_waits_until_the_sender_is_verified(named: str) -> None:
    results, provider = send(refusal("MessageRejected", message=WORDS.format(named)), users=("ada", "grace"))
    assert results == [WAITS, WAITS]
    assert len(provider.asked) == 1  # one call says it of all


def test_an_entry_says_the_same() -> None:
    answer = {"BulkEmailEntryResults": [{"Status": "MESSAGE_REJECTED", "Error": WORDS.format("shop.example")}]}
    assert send(lambda *_: answer)[0] == [WAITS]


def test_in_the_sandbox_a_recipient_is_refused_alone() -> None:
    def sandbox(_: str, request: Any) -> Any:
        addresses = [entry["Destination"]["ToAddresses"][0] for entry in request["BulkEmailEntries"]]
        if "grace@example.com" in addresses:
            raise refusal("MessageRejected", message=WORDS.format("grace@example.com"))
        return {"BulkEmailEntryResults": [{"Status": "SUCCESS", "MessageId": address} for address in addresses]}

    results, _ = send(sandbox, users=("ada", "grace", "bob"))
    sent = [SendResult(Kind.SENT, None, f"{name}@example.com") for name in ("ada", "bob")]
    assert results == [sent[0], REFUSED, sent[1]]


def test_an_address_that_only_ends_like_the_senders_domain_is_a_recipients() -> None:
    assert send(refusal("MessageRejected", message=WORDS.format("workshop.example")))[0] == [REFUSED]


def test_a_virus_is_still_refused_for_good() -> None:
    said = refusal("MessageRejected", message="Message contains a virus.")
    assert send(said)[0] == [SendResult(Kind.PERMANENT, Reason("message_rejected"))]
