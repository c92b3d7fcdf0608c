"""Mobile push through Amazon SNS platform endpoints, to every device of a user (FCM and APNs)."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from botocore.exceptions import BotoCoreError, ClientError

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
    isolated,
)
from fanfare.channels.reasons import Reason
from fanfare.channels.sns import publish_to_sns
from fanfare.data_classes import replace
from fanfare.json_text import written

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

log = logging.getLogger(__name__)

# https://developer.apple.com/documentation/usernotifications/generating-a-remote-notification and
# https://firebase.google.com/docs/cloud-messaging/concept-options
PAYLOAD_BYTES: Final = 4_096
NO_ID: Final = "0" * 36  # stands for a message's id, which has as many characters
SERVICES: Final = ("fcm", "apns")
# Platform of a device → service that reaches it
PLATFORMS: Final[dict[str, str]] = {"fcm": "fcm", "apns": "apns", "android": "fcm", "web": "fcm", "ios": "apns"}

# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors
PUBLISH_ERROR: Final[dict[str, SendResult]] = {
    "Throttled": SendResult(Kind.THROTTLED, Reason.THROTTLED),
    "ThrottledException": SendResult(Kind.THROTTLED, Reason.THROTTLED),
    "EndpointDisabled": SendResult(Kind.PERMANENT, Reason.ENDPOINT_DISABLED),
    "EndpointDisabledException": SendResult(Kind.PERMANENT, Reason.ENDPOINT_DISABLED),
    "NotFound": SendResult(Kind.TEMPORARY, Reason.ENDPOINT_DELETED),
    "NotFoundException": SendResult(Kind.TEMPORARY, Reason.ENDPOINT_DELETED),
    "InvalidParameter": SendResult(Kind.PERMANENT, Reason.INVALID_PARAMETER),
    "InvalidParameterException": SendResult(Kind.PERMANENT, Reason.INVALID_PARAMETER),
    "ParameterValueInvalid": SendResult(Kind.PERMANENT, Reason.INVALID_PARAMETER),
    "PlatformApplicationDisabled": SendResult(Kind.TEMPORARY, Reason.PLATFORM_DISABLED),
    "PlatformApplicationDisabledException": SendResult(Kind.TEMPORARY, Reason.PLATFORM_DISABLED),
    "AuthorizationError": SendResult(Kind.TEMPORARY, Reason.ACCESS_DENIED),
}
# https://docs.aws.amazon.com/sns/latest/api/API_CreatePlatformEndpoint.html#API_CreatePlatformEndpoint_Errors
CREATE_ERROR: Final[dict[str, SendResult]] = {
    **PUBLISH_ERROR,
    "NotFound": SendResult(Kind.TEMPORARY, Reason.PLATFORM_NOT_FOUND),
    "NotFoundException": SendResult(Kind.TEMPORARY, Reason.PLATFORM_NOT_FOUND),
    "InvalidParameter": SendResult(Kind.TEMPORARY, Reason.PLATFORM_NOT_FOUND),  # for tokens, see `_of_create`
    "InvalidParameterException": SendResult(Kind.TEMPORARY, Reason.PLATFORM_NOT_FOUND),
}
GONE: Final = frozenset({Reason.ENDPOINT_DISABLED, Reason.INVALID_ENDPOINT})  # reasons for which a device is removed

# Recommended by AWS for endpoints that another program created:
# https://docs.aws.amazon.com/sns/latest/dg/mobile-platform-endpoint.html
_MADE_BY_ANOTHER: Final = re.compile(r"Endpoint (arn:aws\S*:sns:\S+) already exists with the same [Tt]oken")
ENDPOINTS_KEPT: Final = 10_000  # per worker, most recently used devices: about 3 MB


class Push(Channel):
    name: ClassVar[str] = "push"
    title: ClassVar[str] = "Push notification"
    by: ClassVar[str] = "as a push notification"
    summary: ClassVar[str] = "Amazon SNS platform endpoints (FCM, APNs), one call per device"
    grants: ClassVar[Grants] = {
        "push_applications": ("sns:CreatePlatformEndpoint",),
        "push_endpoints": ("sns:Publish", "sns:DeleteEndpoint"),
        # to remove devices that no longer exist from their users
        "audience": (
            "dynamodb:BatchGetItem",
            "dynamodb:ConditionCheckItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:UpdateItem",
        ),
    }
    batch_size: ClassVar[int] = 25
    parts: ClassVar[Mapping[str, bool]] = {"title": False, "body": False}
    needs: ClassVar[tuple[tuple[str, ...], ...]] = (("title", "body"),)
    inline: ClassVar[Mapping[str, str]] = {"title": "subject", "body": "text"}

    def __init__(self, client: SNSClient, *, applications: Mapping[str, str]) -> None:
        self.client = client
        self.applications = applications  # service → ARN of the platform application
        self._endpoints: dict[tuple[str, str], str] = {}

    @classmethod
    def open(cls, opening: Opening) -> Push:
        named = {name: opening.environment.get(f"FANFARE_PUSH_{name.upper()}_APPLICATION_ARN") for name in SERVICES}
        return cls(opening.client("sns"), applications={name: arn for name, arn in named.items() if arn})

    @staticmethod
    def address(profile: Profile) -> tuple[tuple[str, str], ...]:
        """The user's devices, as (platform, token), each once. Devices that can't be reached are left out."""
        stored = [(device["platform"], device["token"]) for device in profile.get("push") or ()]
        if not stored:
            raise AddressRefused(Reason.NO_ADDRESS)
        # `ios` and `apns` are names of one service, so a token stored under both is one device
        known: dict[tuple[str, str], tuple[str, str]] = {}
        for platform, token in stored:
            if token and platform in PLATFORMS:
                known.setdefault((PLATFORMS[platform], token), (platform, token))
        if not known:
            raise AddressRefused(Reason.INVALID_ADDRESS)
        return tuple(known.values())

    @classmethod
    def unsendable(cls, content: Mapping[str, str]) -> Unsendable | None:
        largest = max(len(each.encode()) for each in _notifications(content, NO_ID).values())
        if largest <= PAYLOAD_BYTES:
            return None
        detail = f"Payload is {largest:,} bytes; the limit of the platforms is {PAYLOAD_BYTES:,}."
        return Unsendable(Reason.CONTENT_TOO_LARGE, "body", detail)

    def send(self, envelopes: Sequence[Envelope], *, in_time: InTime = always) -> list[SendResult]:
        return [isolated(lambda each: self._send(each, in_time), envelope) for envelope in envelopes]

    def _send(self, envelope: Envelope, in_time: InTime) -> SendResult:
        """Send to all devices. The best result counts; devices that no longer exist are in `gone`."""
        if (refused := self.unsendable(envelope.content)) is not None:
            return refused.result
        results = {device: self._to_device(device, envelope, in_time) for device in envelope.address}
        gone = tuple(device for device, result in results.items() if result.reason in GONE)
        best = min(results.values(), key=lambda result: _PREFERENCE.index(result.kind))
        return replace(best, gone=gone)

    def _to_device(self, device: tuple[str, str], envelope: Envelope, in_time: InTime) -> SendResult:
        if PLATFORMS[device[0]] not in self.applications:
            return SendResult(Kind.PERMANENT, Reason.PLATFORM_NOT_CONFIGURED)
        kept = device in self._endpoints
        endpoint = self._endpoint(device) if in_time() else NOT_ASKED
        if isinstance(endpoint, SendResult):
            return endpoint
        if not in_time():
            return NOT_ASKED

        def publish() -> str:
            answer = self.client.publish(
                TargetArn=endpoint,
                MessageStructure="json",
                Message=written(payload(envelope)),
                MessageAttributes={
                    "fanfare.message_id": {"DataType": "String", "StringValue": envelope.message_id},
                    "fanfare.user_id": {"DataType": "String", "StringValue": envelope.user_id},
                },
            )
            return answer["MessageId"]

        result = publish_to_sns(publish, PUBLISH_ERROR, told=_of_publish)
        if result.reason == Reason.ENDPOINT_DELETED:  # deleted at SNS; the device may still exist
            self._endpoints.pop(device, None)
            if kept:
                return self._to_device(device, envelope, in_time)
        if result.reason == Reason.ENDPOINT_DISABLED:
            self._endpoints.pop(device, None)
            if in_time():
                self._delete(endpoint)
        return result

    def _delete(self, endpoint: str) -> None:
        """Delete the endpoint of a device that no longer exists: if its token returned, it would stay disabled.

        A failure is only logged; the next message to such a device tries again.
        """
        try:
            self.client.delete_endpoint(EndpointArn=endpoint)
        except (ClientError, BotoCoreError) as error:
            log.warning("endpoint of a removed device not deleted", extra={"endpoint": endpoint, "error": str(error)})

    def _endpoint(self, device: tuple[str, str]) -> str | SendResult:
        """The device's endpoint, or the result if there is none. Creating an existing endpoint returns it."""
        if device in self._endpoints:
            self._endpoints[device] = self._endpoints.pop(device)  # now the most recently used
            return self._endpoints[device]
        platform, token = device
        application = self.applications[PLATFORMS[platform]]

        def create() -> str:
            try:
                answer = self.client.create_platform_endpoint(PlatformApplicationArn=application, Token=token)
            except ClientError as error:
                found = _MADE_BY_ANOTHER.search(error.response["Error"].get("Message", ""))
                if found is None:
                    raise
                return found[1]
            return answer["EndpointArn"]

        created = publish_to_sns(create, CREATE_ERROR, told=_of_create)
        if created.kind is Kind.UNKNOWN:  # creating an endpoint sends nothing
            return SendResult(Kind.TEMPORARY, Reason.PROVIDER_UNAVAILABLE)
        if created.provider_id is None:
            return created
        self._endpoints[device] = created.provider_id
        if len(self._endpoints) > ENDPOINTS_KEPT:
            del self._endpoints[next(iter(self._endpoints))]
        return created.provider_id


def _of_publish(said: str) -> SendResult | None:
    return PUBLISH_ERROR["NotFound"] if "TargetArn Reason" in said else None


def _of_create(said: str) -> SendResult | None:
    return SendResult(Kind.PERMANENT, Reason.INVALID_ENDPOINT) if "Token Reason" in said else None


_PREFERENCE: Final = (Kind.SENT, Kind.UNKNOWN, Kind.THROTTLED, Kind.TEMPORARY, Kind.PERMANENT)


def payload(envelope: Envelope) -> dict[str, str]:
    """The message for each platform.

    https://docs.aws.amazon.com/sns/latest/dg/sns-send-custom-platform-specific-payloads-mobile-devices.html
    """
    content = envelope.content
    notifications = _notifications(content, envelope.message_id)
    return {
        "default": content.get("body", "") or content.get("title", ""),
        "GCM": f'{{"fcmV1Message":{{"message":{notifications["fcm"]}}}}}',
        "APNS": notifications["apns"],
        "APNS_SANDBOX": notifications["apns"],
    }


def _notifications(content: Mapping[str, str], message_id: str) -> dict[str, str]:
    """Service → what it is given, as JSON in UTF-8: the services limit its bytes, and an escape has six of them."""
    shown = {"title": content.get("title", ""), "body": content.get("body", "")}
    return {
        "apns": written({"aps": {"alert": shown}, "message_id": message_id}),
        "fcm": written({"notification": shown, "data": {"message_id": message_id}}),
    }
