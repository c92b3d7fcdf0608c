"""The stand-in answers Publish, CreatePlatformEndpoint and DeleteEndpoint as SNS does."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError, HTTPClientError

from local.providers.sns import APPLICATIONS

from .conftest import World

PHONE = "+436641234567"
IDS = {
    f"fanfare.{name}": {"DataType": "String", "StringValue": value}
    for name, value in {"message_id": "m-1", "user_id": "ada"}.items()
}
NOTIFICATION = {"title": "Hi", "body": "Hello"}
BOTH = {
    "default": "Hello",
    "GCM": json.dumps({"fcmV1Message": {"message": {"notification": NOTIFICATION}}}),
    "APNS": json.dumps({"aps": {"alert": NOTIFICATION}}),
}


def text(world: World, phone: str = PHONE, said: str = "Hi ü", more: Mapping[str, Any] | None = None) -> Any:
    return world.client("sns").publish(PhoneNumber=phone, Message=said, MessageAttributes={**IDS, **(more or {})})


def endpoint(world: World, token: str, platform: str = "fcm") -> str:
    application = APPLICATIONS[f"push_{platform}_application_arn"]
    answer = world.client("sns").create_platform_endpoint(PlatformApplicationArn=application, Token=token)
    return str(answer["EndpointArn"])


def push(world: World, target: str, message: dict[str, str] | None = None) -> Any:
    message = BOTH if message is None else message
    return world.client("sns").publish(
        TargetArn=target, Message=json.dumps(message), MessageStructure="json", MessageAttributes=IDS
    )


def refused(call: Callable[..., Any], *arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(*arguments)
    return str(caught.value.response["Error"]["Code"])


def test_a_text_message_is_kept(world: World) -> None:
    answer = text(world, more={"AWS.SNS.SMS.SenderID": {"DataType": "String", "StringValue": "Fanfare"}})
    (mail,) = world.mails
    assert (mail.channel, mail.to, mail.text) == ("sms", PHONE, "Hi ü")
    assert (mail.message_id, mail.user_id) == ("m-1", "ada")
    assert (mail.sender, mail.provider_id) == ("Fanfare", answer["MessageId"])


@pytest.mark.parametrize(("phone", "said"), [("12345", "Hi"), (PHONE, "x" * 1601)])
def test_what_sns_does_not_take_is_refused(world: World, phone: str, said: str) -> None:
    assert refused(text, world, phone, said) == "InvalidParameter"


def test_a_phone_that_throttles_does_so_once(world: World) -> None:
    assert refused(text, world, "+12025550101") == "Throttled"
    assert text(world, "+12025550101")["MessageId"]


def test_a_phone_whose_answer_is_lost_gets_the_text_all_the_same(world: World) -> None:
    with pytest.raises(HTTPClientError):
        text(world, "+12025550102")
    assert [mail.to for mail in world.mails] == ["+12025550102"]


def test_a_phone_that_is_down_is_healed_by_the_switch(world: World) -> None:
    assert refused(text, world, "+12025550103") == "ServiceUnavailable"
    world.simulator.change({"down_address": False})
    assert text(world, "+12025550103")["MessageId"]


def test_who_has_opted_out_gets_no_text(world: World) -> None:
    assert refused(text, world, "+12025550104") == "OptedOut"
    assert world.mails == []


@pytest.mark.parametrize("platform", ["fcm", "apns"])
def test_a_device_shows_what_its_own_service_is_told(world: World, platform: str) -> None:
    push(world, endpoint(world, "token-1", platform))
    (mail,) = world.mails
    assert (mail.channel, mail.to, mail.subject, mail.text) == ("push", "token-1", "Hi", "Hello")
    assert (mail.message_id, mail.user_id) == ("m-1", "ada")


def test_a_device_has_one_endpoint_however_often_it_is_registered(world: World) -> None:
    assert endpoint(world, "token-1") == endpoint(world, "token-1") != endpoint(world, "token-2")


def test_devices_that_are_gone_are_refused(world: World) -> None:
    assert refused(endpoint, world, "invalid-1") == "InvalidParameter"
    assert refused(push, world, endpoint(world, "disabled-1")) == "EndpointDisabled"
    assert refused(push, world, endpoint(world, "token-1")[:-1]) == "NotFound"


def test_an_endpoint_that_was_deleted_is_not_there_until_it_is_made_again(world: World) -> None:
    arn = endpoint(world, "token-1")
    for _ in range(2):  # a repeat is no error
        world.client("sns").delete_endpoint(EndpointArn=arn)
    assert refused(push, world, arn) == "NotFound"
    push(world, endpoint(world, "token-1"))
    assert [mail.to for mail in world.mails] == ["token-1"]


def test_a_payload_that_no_service_understands_is_refused(world: World) -> None:
    assert refused(push, world, endpoint(world, "token-1"), {"default": "Hello", "GCM": "{"}) == "InvalidParameter"


@pytest.mark.parametrize("channel", ["sms", "push"])
def test_a_provider_that_is_down_answers_503(world: World, channel: str) -> None:
    world.simulator.change({"down": [channel]})
    call = (text, world) if channel == "sms" else (endpoint, world, "token-1")
    assert refused(*call) == "ServiceUnavailable"
