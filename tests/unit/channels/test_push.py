from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from fanfare.channels.base import NOT_ASKED, AddressRefused, Envelope, Kind
from fanfare.channels.push import Push, payload

from tests.unit.channels.fakes import Provider, envelope, modelled_errors, refusal

APPLICATIONS = {"fcm": "arn:app/GCM/shop", "apns": "arn:app/APNS/shop"}
PHONE, TABLET = ("fcm", "phone"), ("apns", "tablet")

# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors, by the code that goes over the wire
# and by the name of the exception; and whether the device is gone
ERRORS = [
    ("Throttled", Kind.THROTTLED, "throttled", False),
    ("ThrottledException", Kind.THROTTLED, "throttled", False),
    ("EndpointDisabled", Kind.PERMANENT, "endpoint_disabled", True),
    ("EndpointDisabledException", Kind.PERMANENT, "endpoint_disabled", True),
    ("NotFound", Kind.TEMPORARY, "endpoint_deleted", False),
    ("NotFoundException", Kind.TEMPORARY, "endpoint_deleted", False),
    ("InvalidParameter", Kind.PERMANENT, "invalid_parameter", False),
    ("InvalidParameterException", Kind.PERMANENT, "invalid_parameter", False),
    ("ParameterValueInvalid", Kind.PERMANENT, "invalid_parameter", False),
    ("PlatformApplicationDisabled", Kind.TEMPORARY, "platform_disabled", False),
    ("PlatformApplicationDisabledException", Kind.TEMPORARY, "platform_disabled", False),
    ("AuthorizationError", Kind.TEMPORARY, "access_denied", False),
]
# https://docs.aws.amazon.com/sns/latest/api/API_CreatePlatformEndpoint.html#API_CreatePlatformEndpoint_Errors
CREATE_ERRORS = [
    ("NotFound", "platform_not_found"),
    ("NotFoundException", "platform_not_found"),
    ("InvalidParameter", "platform_not_found"),
    ("InvalidParameterException", "platform_not_found"),
    ("AuthorizationError", "access_denied"),
]
# Of topics, of us, and those that say by their HTTP status what they mean
OF_NO_DEVICE = {
    *("KMSAccessDenied", "KMSDisabled", "KMSInvalidState", "KMSNotFound", "KMSOptInRequired", "KMSThrottling"),
    *("InternalError", "InvalidSecurity", "ValidationException"),
}


def note(*devices: tuple[str, str]) -> Envelope:
    return envelope(address=devices or (PHONE,), content={"title": "Order A-17", "body": "It has left"})


class Sns:
    """Devices by their token: what publishing to each is answered."""

    def __init__(self, *, create: Any = None, delete: Any = None, **answers: Any) -> None:
        self.create = create
        self.delete = {} if delete is None else delete
        self.answers = answers
        self.provider = Provider(self.answer)

    def answer(self, operation: str, request: Any) -> Any:
        if operation == "create_platform_endpoint" and self.create is not None:
            return self.create
        if operation == "delete_endpoint":
            return self.delete
        if operation == "create_platform_endpoint":
            return {"EndpointArn": f"{request['PlatformApplicationArn']}/{request['Token']}"}
        answer = self.answers.get(request["TargetArn"].rpartition("/")[2], {"MessageId": "sns-1"})
        return answer() if callable(answer) else answer

    def channel(self, **applications: str) -> Push:
        return Push(self.provider, applications=applications or APPLICATIONS)  # type: ignore[arg-type]

    def published(self) -> list[str]:
        return [request["TargetArn"] for operation, request in self.provider.asked if operation == "publish"]

    def deleted(self) -> list[str]:
        return [request["EndpointArn"] for operation, request in self.provider.asked if operation == "delete_endpoint"]


def test_every_device_of_a_user_is_reached() -> None:
    sns = Sns()
    (result,) = sns.channel().send([note(PHONE, TABLET)])
    assert (result.kind, result.provider_id, result.gone) == (Kind.SENT, "sns-1", ())
    assert sns.published() == ["arn:app/GCM/shop/phone", "arn:app/APNS/shop/tablet"]


def test_devices_that_there_is_no_time_for_are_not_asked_and_nobody_is_in_doubt() -> None:
    sns = Sns()
    reached, late = sns.channel().send([note(PHONE, TABLET), note(TABLET)], in_time=lambda: not sns.published())
    assert (reached.kind, late) == (Kind.SENT, NOT_ASKED)
    assert sns.published() == ["arn:app/GCM/shop/phone"]


def test_a_device_has_its_endpoint_made_once() -> None:
    sns = Sns()
    push = sns.channel()
    push.send([note(), note()])
    push.send([note()])
    assert [operation for operation, _ in sns.provider.asked].count("create_platform_endpoint") == 1


def test_a_device_that_is_gone_is_named_and_the_user_reached_on_another() -> None:
    (result,) = Sns(phone=refusal("EndpointDisabled")).channel().send([note(PHONE, TABLET)])
    assert result.kind is Kind.SENT
    assert result.gone == (PHONE,)


def test_a_user_whose_every_device_is_gone_is_not_tried_again() -> None:
    disabled = refusal("EndpointDisabled")
    (result,) = Sns(phone=disabled, tablet=disabled).channel().send([note(PHONE, TABLET)])
    assert result.kind is Kind.PERMANENT
    assert result.gone == (PHONE, TABLET)


def test_a_device_that_is_gone_may_come_back_with_the_same_token() -> None:
    sns = Sns(phone=refusal("EndpointDisabled"))
    push = sns.channel()
    assert push.send([note()])[0].gone == (PHONE,)
    assert sns.deleted() == ["arn:app/GCM/shop/phone"]
    del sns.answers["phone"]  # registered again: a new endpoint is enabled
    assert push.send([note()])[0].kind is Kind.SENT
    made = [request["Token"] for operation, request in sns.provider.asked if operation == "create_platform_endpoint"]
    assert made == ["phone", "phone"]


@pytest.mark.parametrize("said", [refusal("AuthorizationError", 403), ReadTimeoutError(endpoint_url="sns")])
def test_an_endpoint_that_can_t_be_deleted_is_told_and_its_device_gone(
    said: Any, caplog: pytest.LogCaptureFixture
) -> None:
    sns = Sns(phone=refusal("EndpointDisabled"), delete=said)
    assert sns.channel().send([note()])[0].gone == (PHONE,)
    (told,) = caplog.records
    assert told.getMessage() == "endpoint of a removed device not deleted"


def test_an_endpoint_that_there_is_no_time_to_delete_stays() -> None:
    sns = Sns(phone=refusal("EndpointDisabled"))
    assert sns.channel().send([note()], in_time=lambda: not sns.published())[0].gone == (PHONE,)
    assert sns.deleted() == []


def test_what_is_no_device_is_gone() -> None:
    said = "Invalid parameter: Token Reason: iOS device tokens must be no more than 400 hexadecimal characters"
    (result,) = Sns(create=refusal("InvalidParameter", message=said)).channel().send([note()])
    assert (result.kind, result.reason, result.gone) == (Kind.PERMANENT, "invalid_endpoint", (PHONE,))


@pytest.mark.parametrize("said", ["Invalid parameter: Message too long", "Invalid parameter: Message Reason: not JSON"])
def test_a_message_that_sns_does_not_take_costs_nobody_their_device(said: str) -> None:
    (result,) = Sns(phone=refusal("InvalidParameter", message=said)).channel().send([note()])
    assert (result.kind, result.reason, result.gone) == (Kind.PERMANENT, "invalid_parameter", ())


@pytest.mark.parametrize(
    "said",
    [
        refusal("NotFound", 404, message="PlatformApplication does not exist"),
        refusal(
            "InvalidParameter", message="Invalid parameter: PlatformApplicationArn Reason: Wrong number of slashes"
        ),
    ],
    ids=["not found", "invalid"],
)
def test_an_application_that_is_not_there_costs_nobody_their_device(said: Any) -> None:
    (result,) = Sns(create=said).channel().send([note()])
    assert (result.kind, result.reason, result.gone) == (Kind.TEMPORARY, "platform_not_found", ())


DELETED = (
    refusal("NotFound", 404, message="Endpoint does not exist"),
    refusal("InvalidParameter", message="Invalid parameter: TargetArn Reason: No endpoint found for the target arn"),
)


@pytest.mark.parametrize("deleted", DELETED, ids=["not found", "invalid"])
def test_an_endpoint_that_somebody_deleted_is_made_again(deleted: Any) -> None:
    sns = Sns()
    push = sns.channel()
    assert push.send([note()])[0].kind is Kind.SENT
    answers = iter([deleted, {"MessageId": "sns-2"}])
    sns.answers["phone"] = lambda: next(answers)
    (result,) = push.send([note()])
    assert (result.provider_id, result.gone) == ("sns-2", ())
    made = [operation for operation, _ in sns.provider.asked if operation == "create_platform_endpoint"]
    assert (len(made), len(sns.published())) == (2, 3)


@pytest.mark.parametrize("deleted", DELETED, ids=["not found", "invalid"])
def test_an_endpoint_that_was_just_made_and_is_not_found_is_tried_again_later(deleted: Any) -> None:
    sns = Sns(phone=deleted)
    (result,) = sns.channel().send([note()])
    assert (result.kind, result.reason, result.gone) == (Kind.TEMPORARY, "endpoint_deleted", ())
    assert len(sns.published()) == 1


def test_an_endpoint_that_another_program_made_is_taken() -> None:
    arn = "arn:aws:sns:eu-central-1:123456789012:endpoint/GCM/shop/480e971c-7c2c-3b7b-bc02-7b9dbe0e1c1e"
    said = (
        f"Invalid parameter: Token Reason: Endpoint {arn} already exists with the same Token, but different attributes."
    )
    sns = Sns(create=refusal("InvalidParameter", message=said))
    assert sns.channel().send([note()])[0].kind is Kind.SENT
    assert sns.published() == [arn]


def test_a_worker_keeps_the_endpoints_it_used_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanfare.channels.push.ENDPOINTS_KEPT", 2)
    sns = Sns()
    push = sns.channel()
    first, second, third = (("fcm", name) for name in ("first", "second", "third"))
    push.send([note(each) for each in (first, second, first, third, first, second)])
    made = [request["Token"] for operation, request in sns.provider.asked if operation == "create_platform_endpoint"]
    assert made == ["first", "second", "third", "second"]


def test_a_device_in_trouble_is_not_taken_for_gone() -> None:
    (result,) = Sns(phone=refusal("PlatformApplicationDisabled")).channel().send([note()])
    assert (result.kind, result.gone) == (Kind.TEMPORARY, ())


def test_a_lost_answer_is_unknown_unless_another_device_was_reached() -> None:
    lost = ReadTimeoutError(endpoint_url="sns")
    assert Sns(phone=lost).channel().send([note()])[0].kind is Kind.UNKNOWN
    assert Sns(phone=lost, tablet=refusal("Throttled")).channel().send([note(PHONE, TABLET)])[0].kind is Kind.UNKNOWN
    assert Sns(phone=lost).channel().send([note(PHONE, TABLET)])[0].kind is Kind.SENT


def test_an_endpoint_that_could_not_be_made_leaves_no_doubt() -> None:
    push = Push(Provider(ReadTimeoutError(endpoint_url="sns")), applications=APPLICATIONS)  # type: ignore[arg-type]
    assert push.send([note()])[0].kind is Kind.TEMPORARY


def test_a_platform_that_is_not_deployed_is_said_to_be_so() -> None:
    (result,) = Sns().channel(fcm="arn:app/GCM/shop").send([note(TABLET)])
    assert (result.kind, result.reason, result.gone) == (Kind.PERMANENT, "platform_not_configured", ())


@pytest.mark.parametrize(("code", "kind", "reason", "gone"), ERRORS)
def test_each_error_means_one_thing(code: str, kind: Kind, reason: str, gone: bool) -> None:
    (result,) = Sns(phone=refusal(code)).channel().send([note()])
    assert (result.kind, result.reason) == (kind, reason)
    assert result.gone == ((PHONE,) if gone else ())


@pytest.mark.parametrize(("code", "reason"), CREATE_ERRORS)
def test_an_endpoint_that_is_refused_is_tried_again_and_its_device_is_not_gone(code: str, reason: str) -> None:
    (result,) = Sns(create=refusal(code)).channel().send([note()])
    assert (result.kind, result.reason, result.gone) == (Kind.TEMPORARY, reason, ())


def test_every_error_in_the_model_of_sns_has_a_meaning() -> None:
    assert modelled_errors("sns", "Publish") - OF_NO_DEVICE <= {code for code, *_ in ERRORS}
    assert modelled_errors("sns", "CreatePlatformEndpoint") - OF_NO_DEVICE <= {code for code, _ in CREATE_ERRORS}


@pytest.mark.parametrize(
    ("platform", "endpoint"),
    [
        ("fcm", "arn:app/GCM/shop/t"),
        ("android", "arn:app/GCM/shop/t"),
        ("web", "arn:app/GCM/shop/t"),
        ("apns", "arn:app/APNS/shop/t"),
        ("ios", "arn:app/APNS/shop/t"),
    ],
)
def test_a_device_is_reached_by_the_service_of_its_platform(platform: str, endpoint: str) -> None:
    assert Push.address({"push": [{"platform": platform, "token": "t"}]}) == ((platform, "t"),)
    sns = Sns()
    assert sns.channel().send([note((platform, "t"))])[0].kind is Kind.SENT
    assert sns.published() == [endpoint]


@pytest.mark.parametrize(
    ("devices", "reason"),
    [
        (None, "no_address"),
        ([], "no_address"),
        ([{"platform": "pager", "token": "t"}], "invalid_address"),
        ([{"platform": "fcm", "token": ""}], "invalid_address"),
    ],
)
def test_who_has_no_device_is_not_written_to(devices: Any, reason: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        Push.address({"push": devices})
    assert refused.value.reason == reason


def test_each_platform_gets_the_payload_that_it_knows() -> None:
    told = payload(note())
    assert told["default"] == "It has left"
    fcm = json.loads(told["GCM"])["fcmV1Message"]["message"]
    assert fcm["notification"] == {"title": "Order A-17", "body": "It has left"}
    assert fcm["data"] == {"message_id": "message-1"}
    for name in ("APNS", "APNS_SANDBOX"):
        assert json.loads(told[name])["aps"]["alert"] == {"title": "Order A-17", "body": "It has left"}


# What is stored may be older than the checks of today, or of another program
@pytest.mark.parametrize(
    ("stored", "reached"),
    [
        ([("fcm", "phone"), ("huawei", "watch")], ["phone"]),
        ([("", "watch"), ("apns", "tablet")], ["tablet"]),
        ([("fcm", ""), ("apns", "tablet")], ["tablet"]),
        ([("FCM", "phone"), ("ios", "tablet"), ("web", "browser")], ["tablet", "browser"]),
        ([("fcm", "phone"), ("fcm", "phone")], ["phone"]),
        ([("fcm", "phone"), ("android", "phone")], ["phone"]),  # one service by two names
        ([("ios", "tablet"), ("fcm", "phone"), ("apns", "tablet")], ["tablet", "phone"]),
        ([("fcm", "same"), ("apns", "same")], ["same", "same"]),  # two services: two devices
    ],
)
def test_each_known_device_rings_once_and_an_unknown_one_silences_no_other(
    stored: list[tuple[str, str]], reached: list[str]
) -> None:
    sns = Sns()
    devices = Push.address({"push": [{"platform": platform, "token": token} for platform, token in stored]})
    (result,) = sns.channel().send([note(*devices)])
    assert result.kind is Kind.SENT
    assert [arn.rpartition("/")[2] for arn in sns.published()] == reached


@pytest.mark.parametrize("stored", [[("huawei", "watch")], [("fcm", "")], [("huawei", "a"), ("", "b")]])
def test_who_has_no_known_device_can_not_be_reached(stored: list[tuple[str, str]]) -> None:
    with pytest.raises(AddressRefused, match="invalid_address"):
        Push.address({"push": [{"platform": platform, "token": token} for platform, token in stored]})


@pytest.mark.parametrize(
    ("title", "body"),
    [("Größe", "Ihre Bestellung ist unterwegs: 5 €"), ("注文", "発送しました 🎉"), ("שלום", "مرحبا"), ('"', "\\ \n")],
)
def test_a_payload_has_the_letters_as_they_are_and_no_more_bytes_than_needed(title: str, body: str) -> None:
    sns = Sns()
    sns.channel().send([envelope(address=(PHONE,), content={"title": title, "body": body})])
    ((_, request),) = [each for each in sns.provider.asked if each[0] == "publish"]
    assert "\\u" not in request["Message"]
    told = json.loads(request["Message"])
    shown = {"title": title, "body": body}
    assert json.loads(told["APNS"]) == {"aps": {"alert": shown}, "message_id": "message-1"}
    assert json.loads(told["GCM"]) == {
        "fcmV1Message": {"message": {"notification": shown, "data": {"message_id": "message-1"}}}
    }
    assert ": " not in told["APNS"].replace(body, "")


def of_bytes(size: int, letter: str) -> dict[str, str]:
    """Content whose payload for FCM, the longer one, has so many bytes."""
    empty = {"notification": {"title": "", "body": ""}, "data": {"message_id": "0" * 36}}
    frame = len(json.dumps(empty, separators=(",", ":")))
    each = len(letter.encode())
    body = letter * ((size - frame) // each)
    return {"title": "x" * (size - frame - len(body.encode())), "body": body}


# https://developer.apple.com/documentation/usernotifications/generating-a-remote-notification: 4 KB
@pytest.mark.parametrize("letter", ["a", "ö", "文", "🎉"])
def test_a_payload_of_more_than_4_096_bytes_is_refused_and_costs_no_call(letter: str) -> None:
    fits, large = of_bytes(4_096, letter), of_bytes(4_097, letter)
    assert Push.unsendable(fits) is None
    refused = Push.unsendable(large)
    assert refused is not None
    assert (refused.reason, refused.part) == ("content_too_large", "body")
    assert refused.detail == "Payload is 4,097 bytes; the limit of the platforms is 4,096."
    sns = Sns()
    (result,) = sns.channel().send([envelope(address=(PHONE,), content=large)])
    assert (result.kind, result.reason, sns.provider.asked) == (Kind.PERMANENT, "content_too_large", [])
