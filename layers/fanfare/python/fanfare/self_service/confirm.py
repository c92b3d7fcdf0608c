"""Confirm an address, a subscription or choices by a link. GET changes nothing; POST confirms, or refuses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from fanfare.channels import Email
from fanfare.clock import Clock, to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.audience import By, Subscription, User
from fanfare.domain.catalogue import Topic
from fanfare.errors import NotFound
from fanfare.ids import random_uuid
from fanfare.self_service.addresses import use_address
from fanfare.self_service.preferences.page import GiveChoices
from fanfare.signing.links import Links
from fanfare.store.audience import Audience
from fanfare.store.audience.confirmations import Confirmations, Pending, PendingChoices, SignUp
from fanfare.store.catalogue import Catalogue

NEWCOMER: Final = timedelta(hours=1)  # two links of one address opened at the same time create one user


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a link confirms: a subscription to a topic, an address, or choices; and when it was asked."""

    at: datetime
    sign_up: SignUp | None = None
    topic: Topic | None = None
    pending: Pending | None = None
    choices: PendingChoices | None = None
    offered: Sequence[tuple[Topic, str]] = ()  # topics and channels of the choices
    locale: str | None = None  # of whoever asked


@dataclass(frozen=True, kw_only=True)
class Confirmed:
    """What was confirmed. `user`: whose preferences the page links to; None if the link was used before."""

    topic: Topic | None = None
    choices: bool = False
    opted_out: bool = False
    user: User | None = None
    locale: str | None = None


@dataclass(frozen=True, kw_only=True)
class Confirm:
    """What a link confirms (`ask`), whether that is done already (`done`), and the confirmation (`run`)."""

    audience: Audience
    catalogue: Catalogue
    confirmations: Confirmations
    give: GiveChoices
    links: Links
    clock: Clock

    def ask(self, token: str) -> Asked:
        """What the link is for. Raises NotFound."""
        about, at = self.links.open_confirmation(token, now=self.clock())
        if "sign_up" in about:
            sign_up = self.confirmations.sign_up(about["sign_up"])
            if sign_up is None:
                raise _too_old()
            return Asked(at=at, sign_up=sign_up, topic=self._offered(sign_up.topic), locale=sign_up.lang)
        if "choices" in about:
            choices = self.give.look(about["choices"], about["secret"])
            locale = self._locale(choices.user_id)
            return Asked(at=at, choices=choices, offered=self.give.offered(choices), locale=locale)
        pending = self._pending(about)
        return Asked(at=at, pending=pending, locale=self._locale(pending.user_id))

    def _locale(self, user_id: str) -> str | None:
        user = self.audience.users.get(user_id)
        return user.profile.get("locale") if user else None

    def done(self, asked: Asked) -> Confirmed | None:
        """The result if the link was used before and still holds; None if not."""
        if asked.pending is not None and asked.pending.address is None:
            return Confirmed(locale=asked.locale)
        if asked.choices is not None and asked.choices.done:
            return Confirmed(choices=True, locale=asked.locale)
        user_id = asked.sign_up.user_id if asked.sign_up else None
        if user_id is None or asked.topic is None:
            return None
        user = self.audience.users.get(user_id)
        if user is None or self.audience.subscriptions.get(user_id, asked.topic.id, Email.name) is None:
            return None
        return Confirmed(topic=asked.topic, opted_out=user.opted_out, locale=asked.locale)

    def run(self, token: str) -> Confirmed:
        """Confirm. A repeat changes nothing more. Raises NotFound."""
        asked = self.ask(token)
        if asked.sign_up is not None and asked.topic is not None:
            return replace(self._subscribe(asked.sign_up, asked.topic), locale=asked.locale)
        if asked.choices is not None:
            user = None if asked.choices.done else self.give.run(asked.choices)
            return Confirmed(choices=True, user=user, locale=asked.locale)
        if asked.pending is None:
            raise _too_old()
        return replace(self._use(asked.pending), locale=asked.locale)

    def refuse(self, token: str) -> None:
        """Forget what was asked: it was somebody else. What was confirmed before stays. Raises NotFound."""
        asked = self.ask(token)
        if asked.sign_up is not None and asked.sign_up.address is not None:
            self.confirmations.drop_sign_up(asked.sign_up.id)
        elif asked.choices is not None and not asked.choices.done:
            self.confirmations.end_choices(asked.choices, done=False)
        elif asked.pending is not None and asked.pending.address is not None:
            self.confirmations.drop_pending(asked.pending.user_id, asked.pending.channel)

    def _subscribe(self, sign_up: SignUp, topic: Topic) -> Confirmed:
        user = self._whose(sign_up)
        if self.audience.subscriptions.get(user.id, topic.id, Email.name) is None:
            now = to_text(self.clock())
            yes = Subscription(user_id=user.id, topic=topic.id, channel=Email.name, created_at=now, by=By.CONFIRMATION)
            self.audience.subscriptions.add(yes, shards=topic.shards)
        self.confirmations.followed(sign_up.id, user.id)
        first = sign_up.address is not None
        return Confirmed(topic=topic, opted_out=user.opted_out, user=user if first else None)

    def _whose(self, sign_up: SignUp) -> User:
        """The user of sign-ups with the address, created if missing. Raises NotFound if they were erased since."""
        user_id = sign_up.user_id
        if sign_up.address is not None:
            forget = int((self.clock() + NEWCOMER).timestamp())
            profile = {"email": sign_up.address, **({"locale": sign_up.lang} if sign_up.lang else {})}
            user_id = self.audience.users.signed_up(Email.name, profile, new=random_uuid(), forget=forget)
        user = self.audience.users.get(user_id) if user_id else None
        if user is None:
            raise _too_old()
        return user

    def _use(self, pending: Pending) -> Confirmed:
        if pending.address is None:
            return Confirmed()
        user = use_address(pending.user_id, pending.channel, pending.address, audience=self.audience)
        if user is None:
            raise _too_old()
        self.confirmations.confirmed(pending)
        return Confirmed(user=user)

    def _offered(self, topic_id: str) -> Topic:
        topic = self.catalogue.read_topic(topic_id)
        if topic is None or not topic.public or Email.name not in topic.channels:
            raise NotFound("Topic is no longer offered.", code="topic_not_found")
        return topic

    def _pending(self, about: dict[str, Any]) -> Pending:
        pending = self.confirmations.pending(about["user"], about["channel"], now=self.clock())
        if pending is None or pending.secret != about["secret"]:
            raise _too_old()
        return pending


def _too_old() -> NotFound:
    return NotFound("Link has expired or was replaced by a newer one.", code="link_expired")
