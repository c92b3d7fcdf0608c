"""The preference page: every public topic and every topic of the user, by channel.

It takes away at once. It gives only after a link to the user's present address confirms it: a forwarded mail or a log
must not subscribe anybody. A link to an earlier address shows no choices and gives nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final

from fanfare.channels import CHANNELS, Email
from fanfare.channels.base import AddressRefused
from fanfare.clock import Clock, to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.audience import By, Consent, Subscription, User
from fanfare.domain.catalogue import Topic
from fanfare.errors import NotFound
from fanfare.ids import random_uuid
from fanfare.management.masking import masked_email
from fanfare.self_service.changes import CountChanges
from fanfare.self_service.pages.lists import Choice, Way
from fanfare.self_service.preferences.ceilings import SEPARATOR, Ceilings, ChooseCeilings
from fanfare.self_service.preferences.known import Known, known_of
from fanfare.self_service.unsubscribe import reader_of
from fanfare.self_service.verification_mail import OwnMail, VerificationMail
from fanfare.signing.links import CONFIRM_WITHIN, Links
from fanfare.store.audience import Audience
from fanfare.store.audience.confirmations import Allowance, Confirmations, PendingChoices
from fanfare.store.catalogue import Catalogue
from fanfare.translations import language_of

log = logging.getLogger(__name__)

BY_READER: Final = Allowance("choices", 10, timedelta(days=1))
CONSENTS_LIMIT: Final = 1_000  # on one page
Wish = tuple[str, str, str | None]  # topic, channel, frequency


class Asking(StrEnum):
    """The result of a wish for more."""

    NOTHING = "nothing"  # nothing was asked for
    MAILED = "mailed"
    NO_ADDRESS = "no_address"
    TOO_MANY = "too_many"
    OLD_LINK = "old_link"  # the link belongs to an earlier address


@dataclass(frozen=True, kw_only=True)
class AskForChoices:
    confirmations: Confirmations
    mail: VerificationMail
    own_mail: OwnMail
    links: Links
    clock: Clock

    def run(self, user: User, give: Sequence[Wish], *, opt_in: bool, language: str) -> Asking:
        """Keep the wish and mail a link that confirms it. The result is the same if nothing may be mailed there."""
        try:
            address = str(user.address(Email))
        except AddressRefused:
            return Asking.NO_ADDRESS
        now = self.clock()
        if not self.confirmations.allows(BY_READER, user.id, now=now):
            return Asking.TOO_MANY
        wish = PendingChoices(
            user_id=user.id,
            secret=random_uuid(),
            give=[(topic, channel) for topic, channel, _ in give],
            frequencies={f"{topic}{SEPARATOR}{channel}": often for topic, channel, often in give if often},
            opt_in=opt_in,
            address_no=user.readdressed.get(Email.name, 0),
        )
        self.confirmations.put_choices(wish, until=now + CONFIRM_WITHIN)
        refused = self.own_mail.run(Email.name, address)
        if refused is None:
            link = self.links.confirmation_link({"choices": user.id, "secret": wish.secret}, now=now)
            refused = self.mail.confirm_choices(address, link, language=language).reason
        log.info("link to confirm choices", extra={"refused": refused})
        return Asking.MAILED


@dataclass(frozen=True, kw_only=True)
class GiveChoices:
    audience: Audience
    catalogue: Catalogue
    confirmations: Confirmations
    clock: Clock

    def look(self, user_id: str, secret: str) -> PendingChoices:
        """The choices of a link. Raises NotFound if they were replaced, or the user has another address by now."""
        choices = self.confirmations.choices(user_id, secret)
        user = self.audience.users.get(user_id) if choices else None
        if choices is None or user is None or user.readdressed.get(Email.name, 0) != choices.address_no:
            raise NotFound("Link has expired or was replaced by a newer one.", code="link_expired")
        return choices

    def offered(self, choices: PendingChoices) -> list[tuple[Topic, str]]:
        """The topics and channels of the choices that are still offered."""
        topics = {name: self.catalogue.read_topic(name) for name in dict.fromkeys(name for name, _ in choices.give)}
        return [
            (topic, channel)
            for name, channel in choices.give
            if (topic := topics[name]) is not None and channel in topic.channels
        ]

    def run(self, choices: PendingChoices) -> User:
        """Give them. Raises NotFound if the user was erased meanwhile."""
        now, held = to_text(self.clock()), self.audience.subscriptions
        for topic, channel in self.offered(choices):
            if held.get(choices.user_id, topic.id, channel) is None:
                yes = Subscription(
                    user_id=choices.user_id,
                    topic=topic.id,
                    channel=channel,
                    created_at=now,
                    by=By.CONFIRMATION,
                    frequency=choices.frequencies.get(f"{topic.id}{SEPARATOR}{channel}"),
                )
                held.add(yes, shards=topic.shards)
        if choices.opt_in:
            self.audience.users.opt_out(choices.user_id, False)
        self.confirmations.end_choices(choices, done=True)
        user = self.audience.users.get(choices.user_id)
        if user is None:
            raise NotFound("Link has expired or was replaced by a newer one.", code="link_expired")
        return user


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """What the user of a link may choose from, and has. `current`: the link was sent to the address in use; if not,
    there are no topics."""

    known: Known
    current: bool

    @property
    def user(self) -> User:
        return self.known.user

    @property
    def without_topics(self) -> Preferences:
        return replace(self, known=Known(user=self.user, topics={}, yeses={}))

    def choices(self, language: str) -> list[Choice]:
        """Topics with the channels that can reach the user, as the page shows them."""
        known = self.known
        reaching = known.reaching()
        return [
            Choice(
                topic=topic.id,
                title=topic.title_in(language),
                description=topic.description_in(language),
                category=topic.category,
                required=topic.required,
                frequencies=topic.frequencies,
                ways=tuple(
                    Way(
                        channel=channel,
                        subscribed=(topic.id, channel) in known.yeses,
                        frequency=known.frequency(topic, channel),
                    )
                    for channel in known.channels(topic)
                    if channel in reaching
                ),
            )
            for topic in known.topics.values()
            if reaching & set(known.channels(topic))
        ]

    def ceilings(self) -> Ceilings:
        """The ceilings of the channels that can reach the user with a topic that can be left."""
        known, own = self.known, self.user.preferences
        leavable = {name for topic in known.topics.values() if not topic.required for name in known.channels(topic)}
        reaching = known.reaching() & leavable
        counts = own.get("at_most", {})
        return Ceilings(
            at_most={name: counts.get(name) for name in CHANNELS if name in reaching}, digest_at=own.get("digest_at")
        )

    @property
    def whose(self) -> str | None:
        """The user's masked e-mail address; None without one."""
        try:
            return masked_email(str(self.user.address(Email)))
        except AddressRefused:
            return None

    @property
    def locale(self) -> str | None:
        """The user's locale."""
        return self.user.profile.get("locale")


@dataclass(frozen=True, kw_only=True)
class ChoosePreferences:
    audience: Audience
    catalogue: Catalogue
    links: Links
    ask: AskForChoices
    count_changes: CountChanges
    choose_ceilings: ChooseCeilings

    def show(self, token: str) -> Preferences:
        """Topics and subscriptions of the link's user. Changes nothing. Raises NotFound."""
        known = self._known(token)
        return known if known.current else known.without_topics

    def change(
        self, token: str, form: Mapping[str, Sequence[str]], *, languages: Sequence[str] = ()
    ) -> tuple[Preferences, Asking]:
        """Take away what the form takes away, and ask for a confirmation of what it gives.

        How often topics come (`often`) changes at once; of new ones, with the confirmation. That is mailed in the
        user's language, or in one of `languages`. Ceilings (`at_most`, `digest_at`) change at once. Topics that the
        page did not show (`shown`) stay unchanged. Raises NotFound, and TooManyRequests if it gives too much.
        """
        before, nothing = self._known(token), form.get("nothing") == ["yes"]
        wanted, give, chosen = set(form.get("yes", ())), [], _frequencies(before.known, form.get("often", ()))
        for topic, channel in _offered(before.known, form.get("shown", ())):
            has, wants = (topic.id, channel) in before.known.yeses, f"{topic.id}{SEPARATOR}{channel}" in wanted
            if wants and not has:
                give.append((topic.id, channel))
            elif has and not wants:
                self.audience.subscriptions.remove(before.user.id, topic.id, channel, by=By.PAGE)
        for (topic_id, channel), frequency in chosen.items() if before.current else ():
            self.audience.subscriptions.come_as(before.user.id, topic_id, channel, frequency)
        if before.current:
            self.choose_ceilings.run(before.user.id, form, channels=before.known.reaching())
        if nothing and not before.user.opted_out:
            self.audience.users.opt_out(before.user.id, True)
        opt_in = before.user.opted_out and not nothing
        language = language_of(before.locale, *languages)
        asking = self._asked(before, [(*pair, chosen.get(pair)) for pair in give], opt_in=opt_in, language=language)
        return self.show(token), asking

    def _asked(self, before: Preferences, give: Sequence[Wish], *, opt_in: bool, language: str) -> Asking:
        if not give and not opt_in:
            return Asking.NOTHING
        self.count_changes.run(before.user.id, len(give) + opt_in)
        if not before.current:
            return Asking.OLD_LINK
        return self.ask.run(before.user, give, opt_in=opt_in, language=language)

    def consents(self, token: str) -> tuple[Preferences, list[tuple[Consent, Topic | None]]]:
        """All consents of the link's user, newest first, each with its topic if there still is one. Raises NotFound.

        A link to an earlier address shows none.
        """
        known = self._known(token)
        if not known.current:
            return known, []
        found = self.audience.consents.of_user(known.user.id, yeses=known.known.yeses.values())
        return known, [
            (each, known.known.topics.get(each.topic) or self.catalogue.topic(each.topic))
            for each in found[:CONSENTS_LIMIT]
        ]

    def _known(self, token: str) -> Preferences:
        link = self.links.open_preferences(token)
        user = reader_of(link, self.audience)
        return Preferences(known=known_of(user, self.audience, self.catalogue), current=link.is_current(user))


def _offered(known: Known, shown: Iterable[str]) -> Sequence[tuple[Topic, str]]:
    """(Topic, channel) pairs of a form that the user may choose; a form may contain anything."""
    seen = set(shown)
    return [
        (topic, channel)
        for topic in known.topics.values()
        if not topic.required
        for channel in known.channels(topic)
        if f"{topic.id}{SEPARATOR}{channel}" in seen
    ]


def _frequencies(known: Known, often: Iterable[str]) -> dict[tuple[str, str], str]:
    """(Topic, channel) → frequency, of those that a form chooses and the topics offer, if they differ from before."""
    found = {}
    for each in often:
        name, _, rest = each.partition(SEPARATOR)
        channel, _, frequency = rest.partition(SEPARATOR)
        topic = known.topics.get(name)
        if topic and frequency in topic.frequencies and frequency != known.frequency(topic, channel):
            found[name, channel] = frequency
    return found
