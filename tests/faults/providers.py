"""The providers, as their clients are seen. They keep what they accepted."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from fanfare.channels.email_events import from_tag_value
from fanfare.channels.receipts import Receipt
from fanfare.clock import to_text

from tests.faults.times import RECEIPT_SECONDS, START

if TYPE_CHECKING:
    from tests.faults.world import World

IN_DIGEST = re.compile("<([0-9a-f]{8}-[0-9a-f-]{27})>")
OWN = "own data of "  # before the id of the user in the data that one recipient has
ENDPOINT = "arn:aws:sns:eu-central-1:123456789012:endpoint/GCM/fanfare"
# What SES calls an event of each kind. https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html
SES_EVENT: Mapping[Receipt, Mapping[str, Any]] = {
    Receipt.DELIVERED: {"eventType": "Delivery"},
    Receipt.DELAYED: {"eventType": "DeliveryDelay"},
    Receipt.BOUNCED: {"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}},
}


@dataclass(frozen=True)
class Sent:
    """A piece that the provider took. `excused`: its answer, or the record of it, fell to a fault."""

    message: str
    user: str
    channel: str = "email"
    excused: bool = False
    items: tuple[str, ...] = ()  # messages that a digest names


@dataclass
class Provider:
    """SES, SNS and the users' own servers."""

    world: World
    accepted: list[Sent] = field(default_factory=list)
    rejects: frozenset[str] = frozenset()  # users whose mails it refuses, until they are taken out
    puts_off: Counter[str] = field(default_factory=Counter)  # how often it can't take a user's mail at the moment
    receipts: bool = True
    quota_until: datetime = START  # until then its daily quota is used up
    asleep: frozenset[str] = frozenset()  # who must not be reached between the two times of the night
    night: tuple[datetime, datetime] = (START, START)
    taken_at: list[tuple[datetime, str, str]] = field(default_factory=list)  # when, of which message, for whom

    def _take(self, message: str, user: str, channel: str, items: tuple[str, ...] = ()) -> str:
        """The id of what was taken."""
        world = self.world
        world.taken.append(len(self.accepted))
        self.accepted.append(Sent(message, user, channel, items=items))
        self.taken_at.append((world.now, message, user))
        if user in self.asleep and self.night[0] <= world.now < self.night[1]:
            world.wrong.append(f"{user} was reached at {world.now}, in their quiet hours")
        return f"{channel}-{len(self.accepted)}"

    # SES

    def send_bulk_email(self, **request: Any) -> Any:
        return self.world.memory.call("ses:SendBulkEmail", lambda: self._accept(request))

    def _accept(self, request: Mapping[str, Any]) -> Any:
        shared = str(request["DefaultContent"])  # what the mails of a call have in common is in its template
        return {"BulkEmailEntryResults": [self._result(entry, shared) for entry in request["BulkEmailEntries"]]}

    def _result(self, entry: Mapping[str, Any], said: str) -> Mapping[str, str]:
        tags = {tag["Name"]: tag["Value"] for tag in entry["ReplacementTags"]}
        message, user = tags["message_id"], from_tag_value(tags["user_id"])
        data = json.loads(entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"])
        for name, value in data.items():
            said = re.sub(rf"{{{{+{name}}}}}+", str(value), said)
        if OWN in said and f"{OWN}{user}." not in said:
            self.world.wrong.append(f"{user} got the data of somebody else")
        if user in self.rejects:
            return {"Status": "MESSAGE_REJECTED"}
        if self.world.now < self.quota_until:
            return {"Status": "ACCOUNT_DAILY_QUOTA_EXCEEDED"}
        if self.puts_off[user]:
            self.puts_off[user] -= 1
            return {"Status": "TRANSIENT_FAILURE"}
        mail = self._take(message, user, "email", tuple(IN_DIGEST.findall(said)))
        if self.receipts:
            self.world.report(tags, mail, Receipt.DELIVERED, after=RECEIPT_SECONDS)
        return {"Status": "SUCCESS", "MessageId": mail}

    # SNS

    def publish(self, **request: Any) -> Any:
        attributes = {name: each["StringValue"] for name, each in request["MessageAttributes"].items()}
        message, user = attributes["fanfare.message_id"], attributes["fanfare.user_id"]
        channel = "sms" if "PhoneNumber" in request else "push"
        return self.world.memory.call("sns:Publish", lambda: {"MessageId": self._take(message, user, channel)})

    def create_platform_endpoint(self, **request: Any) -> Any:
        return self.world.memory.call(
            "sns:CreatePlatformEndpoint", lambda: {"EndpointArn": f"{ENDPOINT}/{request['Token']}"}
        )

    # The users' own servers

    def connection(self, _target: object) -> Any:
        return _Connection(self)

    def posted(self, identity: str) -> Any:
        message, _, user = identity.partition("_")
        user = from_tag_value(user)
        return self.world.memory.call("https:POST", lambda: self._take(message, user, "webhook"))

    # What it did

    def copies(self, message: str, channel: str | None = None) -> Counter[str]:
        """How many pieces of a message it took for whom, on a channel or on all."""
        return Counter(
            sent.user for sent in self.accepted if sent.message == message and channel in (None, sent.channel)
        )

    def reached(self, message: str) -> Counter[tuple[str, str]]:
        """How many pieces of a message it took, by user and channel."""
        return Counter((sent.user, sent.channel) for sent in self.accepted if sent.message == message)


class _Connection:
    """To a user's own server, which takes whatever is posted."""

    sock = None
    handle = None

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    def connect(self) -> None:
        self.provider.world.memory.call("https:connect", lambda: None)

    def request(self, _method: str, _path: str, *, headers: Mapping[str, str], **_: Any) -> None:
        self.provider.posted(headers["webhook-id"])

    def getresponse(self) -> Any:
        return SimpleNamespace(status=204)

    def close(self) -> None:
        pass


def ses_event(tags: Mapping[str, str], mail: str, receipt: Receipt, at: datetime) -> Any:
    """An event of SES as EventBridge delivers it, by the rule of the stack: without addresses."""
    told = {name: [value] for name, value in tags.items()}
    detail = {**SES_EVENT[receipt], "mail": {"messageId": mail, "tags": told}}
    return {"source": "aws.ses", "time": to_text(at), "detail": detail}
