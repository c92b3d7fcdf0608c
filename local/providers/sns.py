"""The stand-in for Amazon SNS: Publish to phone numbers and devices, and device endpoints.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
https://docs.aws.amazon.com/sns/latest/api/API_CreatePlatformEndpoint.html
https://docs.aws.amazon.com/sns/latest/api/API_DeleteEndpoint.html
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from local.emulator.ministack import ACCOUNT, REGION
from local.http import Answer, HangUp, Request
from local.providers.outbox import Mail, Outbox
from local.providers.simulator import Simulator, is_

E164: Final = re.compile(r"\+[1-9]\d{6,14}")
SMS_CHARACTERS: Final = 1_600
PUSH_BYTES: Final = 262_144
PLATFORM_BYTES: Final = 4_096  # of what a platform is given
NAMESPACE: Final = "http://sns.amazonaws.com/doc/2010-03-31/"
# Platform applications in which the functions register devices. https://docs.aws.amazon.com/sns/latest/dg/mobile-push-send-register.html
APPLICATIONS: Final = {
    f"push_{name}_application_arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:app/{service}/fanfare-local"
    for name, service in {"fcm": "GCM", "apns": "APNS"}.items()
}


class Refused(Exception):
    """SNS rejects the call."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Device:
    service: str  # GCM or APNS
    token: str


class Sns:
    """Stores accepted messages in the outbox. The endpoint ARN is derived from the token, so it is stable."""

    def __init__(self, *, outbox: Outbox, simulator: Simulator) -> None:
        self.outbox = outbox
        self.simulator = simulator
        self._devices: dict[str, Device] = {}

    def handle(self, request: Request) -> Answer:
        form = {name: values[-1] for name, values in parse_qs(request.body.decode(), keep_blank_values=True).items()}
        actions: dict[str, Callable[[Mapping[str, str]], Answer]] = {
            "Publish": self._publish,
            "CreatePlatformEndpoint": self._create_endpoint,
            "DeleteEndpoint": self._delete_endpoint,
        }
        try:
            if form.get("Action", "") not in actions:
                raise Refused(400, "InvalidAction", f"The stand-in does not support {form.get('Action')}.")
            return actions[form["Action"]](form)
        except Refused as refused:
            return _error(refused)

    def _publish(self, form: Mapping[str, str]) -> Answer:
        mail = self._to_device(form) if "TargetArn" in form else self._to_phone(form)
        if self.simulator.fails(mail.to):
            raise Refused(503, "ServiceUnavailable", "Simulated failure: this address is down.")
        if self.simulator.throttles(mail.to, mail.message_id):
            raise Refused(429, "Throttled", "Simulated throttling, once per message.")
        self.outbox.add(mail)
        if self.simulator.loses_the_answer(mail.to, mail.message_id):
            raise HangUp
        return _result("Publish", f"<MessageId>{mail.provider_id}</MessageId>")

    def _to_phone(self, form: Mapping[str, str]) -> Mail:
        self._must_be_up("sms")
        phone, text = form.get("PhoneNumber", ""), form.get("Message", "")
        if not E164.fullmatch(phone):
            raise _invalid("PhoneNumber")
        if not text or len(text) > SMS_CHARACTERS:
            raise _invalid("Message is empty or too long")
        if is_(phone, "opted-out"):
            raise Refused(400, "OptedOut", "The owner of this number has opted out.")
        return _mail("sms", phone, form, text=text)

    def _to_device(self, form: Mapping[str, str]) -> Mail:
        self._must_be_up("push")
        device = self._devices.get(form["TargetArn"])
        if device is None:
            raise Refused(404, "NotFound", "No endpoint found for the target arn specified")
        if is_(device.token, "disabled"):
            raise Refused(400, "EndpointDisabled", "Endpoint is disabled")
        if len(form.get("Message", "").encode()) > PUSH_BYTES:
            raise _invalid("Message too long")
        title, body = _notification(device, form)
        return _mail("push", device.token, form, subject=title, text=body, raw=form["Message"])

    def _create_endpoint(self, form: Mapping[str, str]) -> Answer:
        self._must_be_up("push")
        application, token = form.get("PlatformApplicationArn", ""), form.get("Token", "")
        if application not in APPLICATIONS.values():
            raise Refused(404, "NotFound", "PlatformApplication does not exist")
        if not token or is_(token, "invalid"):
            raise _invalid("Token Reason: not a device token")
        service, name = application.split("/")[1:]
        endpoint = (
            f"{application.partition(':app/')[0]}:endpoint/{service}/{name}/{uuid.uuid5(uuid.NAMESPACE_URL, token)}"
        )
        self._devices[endpoint] = Device(service, token)
        return _result("CreatePlatformEndpoint", f"<EndpointArn>{endpoint}</EndpointArn>")

    def _delete_endpoint(self, form: Mapping[str, str]) -> Answer:
        self._devices.pop(form.get("EndpointArn", ""), None)
        return _result("DeleteEndpoint", "")

    def _must_be_up(self, channel: str) -> None:
        if self.simulator.is_down(channel):
            raise Refused(503, "ServiceUnavailable", "Simulated failure: the channel is switched off.")


def _notification(device: Device, form: Mapping[str, str]) -> tuple[str, str]:
    """Title and body as the device's push service would show them."""
    try:
        by_service = json.loads(form["Message"]) if form.get("MessageStructure") == "json" else {}
        if device.service not in by_service:
            return "", str(by_service.get("default", form["Message"]))
        payload: dict[str, Any] = json.loads(by_service[device.service])
        given = (
            json.dumps(payload["fcmV1Message"]["message"], ensure_ascii=False, separators=(",", ":"))
            if device.service == "GCM"
            else by_service[device.service]
        )
        if len(given.encode()) > PLATFORM_BYTES:
            raise _invalid(f"Message too long for the platform: {len(given.encode())} bytes")
        shown = (
            payload["fcmV1Message"]["message"]["notification"] if device.service == "GCM" else payload["aps"]["alert"]
        )
        return shown.get("title", ""), shown.get("body", "")
    except (KeyError, TypeError, ValueError) as error:
        raise _invalid(f"Message Structure - {error}") from error


def _mail(
    channel: str, to: str, form: Mapping[str, str], *, text: str, subject: str | None = None, raw: str | None = None
) -> Mail:
    attributes = _attributes(form)
    return Mail(
        channel=channel,
        to=to,
        provider_id=str(uuid.uuid4()),
        sender=attributes.get("AWS.SNS.SMS.SenderID"),
        tags=attributes,
        message_id=attributes.get("fanfare.message_id"),
        user_id=attributes.get("fanfare.user_id"),
        text=text,
        subject=subject,
        raw=raw,
    )


def _attributes(form: Mapping[str, str]) -> dict[str, str]:
    """The message attributes from `MessageAttributes.entry.1.Name` and `.Value.StringValue`."""
    prefix = "MessageAttributes.entry."
    named = (key for key in form if key.startswith(prefix) and key.endswith(".Name"))
    return {form[key]: form.get(key.removesuffix("Name") + "Value.StringValue", "") for key in named}


def _invalid(what: str) -> Refused:
    return Refused(400, "InvalidParameter", f"Invalid parameter: {what}")


def _error(refused: Refused) -> Answer:
    kind = "Sender" if refused.status < 500 else "Receiver"
    error = f"<Type>{kind}</Type><Code>{refused.code}</Code><Message>{escape(str(refused))}</Message>"
    return _xml(refused.status, "ErrorResponse", f"<Error>{error}</Error>")


def _result(action: str, inner: str) -> Answer:
    return _xml(200, f"{action}Response", f"<{action}Result>{inner}</{action}Result>")


def _xml(status: int, root: str, inner: str) -> Answer:
    request_id = str(uuid.uuid4())
    metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    body = f'<{root} xmlns="{NAMESPACE}">{inner}{metadata}</{root}>'
    return Answer(status, body.encode(), {"Content-Type": "text/xml", "x-amzn-RequestId": request_id})
