"""The stand-in answers Publish as SNS does."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from .conftest import World


def test_a_text_message_is_kept(world: World) -> None:
    attributes = {
        "AWS.SNS.SMS.SenderID": {"DataType": "String", "StringValue": "Fanfare"},
        "message_id": {"DataType": "String", "StringValue": "m-1"},
    }
    answer = world.client("sns").publish(PhoneNumber="+436641234567", Message="Hi ü", MessageAttributes=attributes)
    (mail,) = world.mails
    assert (mail.channel, mail.to, mail.text) == ("sms", "+436641234567", "Hi ü")
    assert (mail.sender, mail.message_id, mail.provider_id) == ("Fanfare", "m-1", answer["MessageId"])


@pytest.mark.parametrize(("phone", "text"), [("12345", "Hi"), ("+436641234567", "x" * 1601)])
def test_what_sns_does_not_take_is_refused(world: World, phone: str, text: str) -> None:
    with pytest.raises(ClientError) as caught:
        world.client("sns").publish(PhoneNumber=phone, Message=text)
    assert caught.value.response["Error"]["Code"] == "InvalidParameter"


def test_a_provider_that_is_down_answers_503(world: World) -> None:
    world.simulator.change({"down": ["sms"]})
    with pytest.raises(ClientError) as caught:
        world.client("sns").publish(PhoneNumber="+436641234567", Message="Hi")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
