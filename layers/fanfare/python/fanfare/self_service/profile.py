"""The caller's own things: addresses, subscriptions, inbox, history. Who it is, the token alone decides.

Whom the pool of accounts knows, and Fanfare does not yet, has nothing, and is created with the first change.
An address is not used before it is confirmed: until then all else goes to the one before.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from fanfare.channels import CHANNELS, Email, Sms
from fanfare.channels.base import AddressRefused, Kind, SendResult
from fanfare.channels.webhook import secret
from fanfare.clock import Clock
from fanfare.domain.audience import Subscription, User
from fanfare.domain.catalogue import Topic
from fanfare.errors import Conflict, Fault, Invalid, NotFound, TooManyRequests, Unavailable
from fanfare.insight.deliveries import list_user_deliveries
from fanfare.insight.messages import known_id
from fanfare.management.subscriptions import subscribe
from fanfare.management.users import user_view
from fanfare.schemas.messages import UserDeliveryView
from fanfare.schemas.self_service import MeView, MyWebhookView, PendingView
from fanfare.self_service.verification_mail import VerificationMail
from fanfare.signing.keyed_hash import Keys, digest, matches
from fanfare.signing.links import CONFIRM_WITHIN, Links
from fanfare.store.audience import Audience
from fanfare.store.audience.confirmations import TRIES, Allowance, Confirmations, Pending
from fanfare.store.catalogue import Catalogue
from fanfare.store.deliveries import Deliveries
from fanfare.store.inbox import Inboxes, Note

if TYPE_CHECKING:
    from fanfare.schemas.self_service import PatchMeRequest

# Channels whose address is confirmed before it is used, and the field of the profile that has it
CONFIRMED: Final[Mapping[str, str]] = {name: each.field for name, each in CHANNELS.items() if each.field}
CODE_WITHIN: Final = timedelta(minutes=10)
# A function answers with 6 MB at most. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ANSWER_BYTES: Final = 5_000_000
BY_USER: Final = Allowance("address_of_user", 10, timedelta(days=1))
BY_ADDRESS: Final = Allowance("address", 3, timedelta(hours=1))


class Me:
    """The collaborators of whoever changes their own addresses."""

    def __init__(
        self,
        *,
        audience: Audience,
        confirmations: Confirmations,
        letters: VerificationMail,
        links: Links,
        keys: Keys,
        clock: Clock,
    ) -> None:
        self.audience = audience
        self.confirmations = confirmations
        self.letters = letters
        self.links = links
        self.keys = keys
        self.clock = clock

    def view(self, user_id: str) -> MeView:
        """What is known of the user; of a new one, nothing."""
        user = self.audience.users.get(user_id) or User(id=user_id, profile={})
        waiting = {
            field: self.confirmations.pending(user_id, channel, now=self.clock())
            for channel, field in CONFIRMED.items()
        }
        pending = PendingView.model_validate({field: each and each.address for field, each in waiting.items()})
        return MeView.model_validate(user_view(user).model_dump() | {"opted_out": user.opted_out, "pending": pending})

    def change(self, user_id: str, request: PatchMeRequest) -> MeView:
        """Change what is named; a new address waits until it is confirmed. Raises Invalid, TooManyRequests."""
        changes = request.changes()
        user = self.audience.users.get(user_id)
        profile = user.profile if user else {}
        addresses = {
            channel: _address(channel, changes.pop(field)) for channel, field in CONFIRMED.items() if field in changes
        }
        known = {channel: _known(channel, profile) for channel in addresses}
        fresh = {channel: address for channel, address in addresses.items() if address not in (None, known[channel])}
        for channel, address in fresh.items():
            self._check_allowance(user_id, channel, str(address))
        opted_out = bool(changes.pop("opted_out")) if "opted_out" in changes else None
        changes |= {CONFIRMED[channel]: None for channel, address in addresses.items() if address is None}
        if request.model_fields_set:
            self.audience.users.change(user_id, lambda before: {**before, **changes})
        if opted_out is not None:
            self.audience.users.opt_out(user_id, opted_out)
        for channel in addresses.keys() - fresh.keys():
            self.confirmations.drop_pending(user_id, channel)
        for channel, address in fresh.items():
            self._ask(user_id, channel, str(address))
        return self.view(user_id)

    def confirm(self, user_id: str, channel: str, code: str) -> MeView:
        """Use the address that the code was sent to. Raises Invalid for a wrong code, Conflict where nothing waits."""
        pending = self.confirmations.try_code(user_id, channel, now=self.clock())
        if pending is None or pending.address is None:
            raise _nothing_to_confirm()
        if not matches(pending.secret, user_id, pending.address, code, keys=self.keys, purpose="code"):
            raise Invalid(
                "this is not the code", errors=[Fault("/code", "wrong_code", "is not the code that was sent")]
            )
        if use_address(user_id, channel, pending.address, audience=self.audience) is None:
            raise _nothing_to_confirm()
        self.confirmations.drop_pending(user_id, channel)
        return self.view(user_id)

    def _check_allowance(self, user_id: str, channel: str, address: str) -> None:
        identity = CHANNELS[channel].identity({CONFIRMED[channel]: address}) or address
        now = self.clock()
        if not (
            self.confirmations.allows(BY_USER, user_id, now=now)
            and self.confirmations.allows(BY_ADDRESS, identity, now=now)
        ):
            raise TooManyRequests("addresses were changed too often; try again later")

    def _ask(self, user_id: str, channel: str, address: str) -> None:
        """Store the address, and send the proof to it: unless it must not be written to, which nobody is told."""
        by = {Email.name: self._ask_by_link, Sms.name: self._ask_by_code}
        identity = CHANNELS[channel].identity({CONFIRMED[channel]: address}) or address
        silent = self.audience.suppressions.get(channel, identity) is not None
        result = by[channel](user_id, channel, address, silent)
        if result.kind is Kind.PERMANENT:
            self.confirmations.drop_pending(user_id, channel)
            detail = "nothing can be sent to this address"
            raise Invalid(detail, errors=[Fault(f"/{CONFIRMED[channel]}", "undeliverable", detail)])
        if result.kind in (Kind.TEMPORARY, Kind.THROTTLED):
            raise Unavailable("the confirmation could not be sent just now; try again")

    def _ask_by_link(self, user_id: str, channel: str, address: str, silent: bool) -> SendResult:
        now = self.clock()
        secret = str(uuid4())
        self.confirmations.put_pending(
            Pending(user_id=user_id, channel=channel, address=address, secret=secret, until=now + CONFIRM_WITHIN)
        )
        link = self.links.confirmation({"user": user_id, "channel": channel, "secret": secret}, now=now)
        return SendResult(Kind.SENT) if silent else self.letters.confirm_address(address, link)

    def _ask_by_code(self, user_id: str, channel: str, address: str, silent: bool) -> SendResult:
        code = f"{secrets.randbelow(1_000_000):06d}"
        secret = digest(user_id, address, code, keys=self.keys, purpose="code")
        until = self.clock() + CODE_WITHIN
        self.confirmations.put_pending(
            Pending(user_id=user_id, channel=channel, address=address, secret=secret, until=until)
        )
        minutes = int(CODE_WITHIN.total_seconds() // 60)
        return SendResult(Kind.SENT) if silent else self.letters.code(address, code, minutes=minutes)


def _nothing_to_confirm() -> Conflict:
    return Conflict(
        f"no address waits for a code: it is confirmed, or the code is too old or was tried {TRIES} times",
        code="nothing_to_confirm",
    )


def use_address(user_id: str, channel: str, address: str, *, audience: Audience) -> User | None:
    """From now on the channel writes there; None for who was erased meanwhile, of whom nothing is kept."""
    return audience.users.change_known(user_id, lambda profile: {**profile, CONFIRMED[channel]: address})


# Topics and subscriptions


def list_public_topics(*, after: str | None, limit: int, catalogue: Catalogue) -> tuple[list[Topic], str | None]:
    """A page of public topics, and the id to go on after."""
    found = catalogue.topics(after=after, limit=limit + 1, public=True)
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def list_my_subscriptions(
    user_id: str, *, after: Sequence[str] | None, limit: int, audience: Audience
) -> tuple[list[Subscription], list[str] | None]:
    """A page of the user's subscriptions, and the (topic, channel) to go on after."""
    position = (after[0], after[1]) if after else None
    found = list(islice(audience.subscriptions.of_user(user_id, after=position), limit + 1))
    last = found[limit - 1] if len(found) > limit else None
    return found[:limit], [last.topic, last.channel] if last else None


def subscribe_me(
    user_id: str, topic_id: str, channel: str, *, audience: Audience, catalogue: Catalogue, clock: Clock
) -> tuple[Subscription, bool]:
    """Store the yes, and say whether it is new. A topic that is not public is there only for who has it already."""
    before = audience.subscriptions.get(user_id, topic_id, channel)
    if before is not None:
        return before, False
    topic = catalogue.read_topic(topic_id)
    if topic is None or not topic.public:
        raise NotFound("there is no such topic", code="topic_not_found")
    if channel in topic.channels and audience.users.get(user_id) is None:
        audience.users.change(user_id, dict)
    return subscribe(user_id, topic_id, channel, audience=audience, catalogue=catalogue, clock=clock)


def unsubscribe_me(user_id: str, topic_id: str, channel: str, *, audience: Audience, catalogue: Catalogue) -> None:
    """Take the yes back; a repeat changes nothing. Raises Conflict for a required topic that the user can see."""
    topic = catalogue.read_topic(topic_id)
    if topic is not None and topic.required:
        if topic.public or audience.subscriptions.get(user_id, topic_id, channel) is not None:
            raise Conflict("the service needs people to have this topic", code="topic_required")
        return
    audience.subscriptions.remove(user_id, topic_id, channel)


# The user's own server


def show_my_webhook(user_id: str, *, audience: Audience, keys: Keys) -> MyWebhookView:
    """Where it listens, and the secret that it verifies by. Raises NotFound."""
    user = audience.users.get(user_id)
    webhook = user.profile.get("webhook") if user else None
    if not webhook:
        raise NotFound("you have no webhook", code="webhook_not_found")
    return MyWebhookView(url=webhook["url"], secret=secret(keys, user_id))


# What came


def list_my_inbox(
    user_id: str, *, before: str | None, limit: int, inboxes: Inboxes
) -> tuple[list[Note], str | None, int]:
    """A page of the inbox, the message to go on before, and how many of all notes are unread.

    Large notes make a short page.
    """
    unread = inboxes.unread(user_id)
    page: list[Note] = []
    size = 0
    for note in inboxes.of_user(user_id, before=before, limit=limit + 1):
        size += _answered_bytes(note)
        if page and (len(page) == limit or size > ANSWER_BYTES):
            return page, page[-1].message_id, unread
        page.append(note)
    return page, None, unread


def _answered_bytes(note: Note) -> int:
    """How much of a function's answer it takes, which is JSON with JSON in it."""
    return len(json.dumps(json.dumps([note.title, note.body])))


def read_note(user_id: str, message_id: str, *, inboxes: Inboxes) -> Note:
    """Mark a note as read; a repeat keeps the first time. Raises NotFound."""
    note = inboxes.read(user_id, known_id(message_id))
    if note is None:
        raise NotFound("there is no such message", code="message_not_found")
    return note


def list_my_deliveries(
    user_id: str, *, before: str | None, limit: int, audience: Audience, deliveries: Deliveries
) -> tuple[list[UserDeliveryView], str | None]:
    """A page of what the user got or did not get, the newest first, and the position to go on before."""
    if audience.users.get(user_id) is None:
        return [], None
    return list_user_deliveries(user_id, before=before, limit=limit, audience=audience, deliveries=deliveries)


def _address(channel: str, written: Any) -> str | None:
    """What is to be used, as it is written to. Raises Invalid."""
    field = CONFIRMED[channel]
    if written is None:
        return None
    try:
        return str(CHANNELS[channel].address({field: written}))
    except AddressRefused as refused:
        raise Invalid.field(f"/{field}", f"invalid_{field}", "there is no such address") from refused


def _known(channel: str, profile: Mapping[str, Any]) -> str | None:
    try:
        return str(CHANNELS[channel].address(profile))
    except AddressRefused:
        return None
