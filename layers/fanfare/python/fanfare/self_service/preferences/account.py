"""All that the caller chooses, as one document that is read and replaced.

A version that was read is replaced once: replacements count themselves, and what has changed is compared before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from fanfare.clock import Clock, to_text
from fanfare.data_classes import dataclass
from fanfare.domain.audience import By, Subscription, User
from fanfare.domain.catalogue import Topic
from fanfare.errors import ConditionFailed, Conflict, Fault, Invalid, PreconditionFailed, PreconditionRequired
from fanfare.management.subscriptions import ManageSubscriptions
from fanfare.schemas.self_service import CeilingView, ChoiceView, ChosenTopic, PreferencesView, PutPreferencesRequest
from fanfare.self_service.changes import CountChanges
from fanfare.self_service.preferences.known import Known, known_of
from fanfare.store.audience import Audience
from fanfare.store.audience.users import claim_preferences
from fanfare.store.catalogue import Catalogue


@dataclass(frozen=True, kw_only=True)
class MyPreferences:
    audience: Audience
    catalogue: Catalogue
    subscriptions: ManageSubscriptions
    count_changes: CountChanges
    clock: Clock

    def read(self, user_id: str) -> PreferencesView:
        """What the caller has chosen; the defaults for a new user."""
        return _view(self._known(user_id))

    def put(self, user_id: str, request: PutPreferencesRequest, *, if_match: str | None) -> PreferencesView:
        """Replace what `if_match` names. What is taken away is taken away first.

        Raises PreconditionRequired, PreconditionFailed, Invalid, Conflict for a no to a required topic, and
        TooManyRequests.
        """
        if if_match is None:
            raise PreconditionRequired("If-Match is missing. Send the ETag of GET /v1/me/preferences.")
        known = self._known(user_id)
        before = _view(known)
        if if_match.strip() != "*" and tag_of(before) not in [each.strip() for each in if_match.split(",")]:
            raise _changed()
        if faults := list(_faults(known, request)):
            raise Invalid("Request has invalid fields.", errors=faults)
        nos, yeses = list(_nos(known, request)), list(self._yeses(known, request))
        gives = len(yeses) + (before.opted_out and not request.opted_out)
        self.count_changes.run(user_id, gives)
        self._claim(known.user, request)
        for topic, channel in nos:
            self.audience.subscriptions.remove(user_id, topic, channel, by=By.PERSON)
        quiet = request.quiet_hours.model_dump(mode="json") if request.quiet_hours else None
        if quiet != known.user.profile.get("quiet_hours"):
            self.audience.users.change(user_id, lambda profile: {**profile, "quiet_hours": quiet})
        if before.opted_out != bool(request.opted_out):
            self.audience.users.opt_out(user_id, bool(request.opted_out))
        for yes in yeses:
            if (yes.topic, yes.channel) in known.yeses:
                self.audience.subscriptions.come_as(user_id, yes.topic, yes.channel, str(yes.frequency))
            else:
                self.subscriptions.give(yes)
        return self.read(user_id)

    def _known(self, user_id: str) -> Known:
        user = self.audience.users.get(user_id) or User(id=user_id, profile={})
        return known_of(user, self.audience, self.catalogue)

    def _claim(self, user: User, request: PutPreferencesRequest) -> None:
        """Store ceilings. Raises PreconditionFailed if another document was put since the read, or the user erased."""
        if not user.rev:
            self.audience.users.change(user.id, dict)
        try:
            claim_preferences(
                self.audience.table,
                user.id,
                user.preferences,
                at_most={channel: each.count for channel, each in (request.at_most or {}).items()},
                digest_at=request.digest_at,
            )
        except ConditionFailed as failed:
            raise _changed() from failed

    def _yeses(self, known: Known, request: PutPreferencesRequest) -> Iterator[Subscription]:
        """New subscriptions, and those with another frequency."""
        for topic, channel, chosen in _chosen(request, known):
            has = (topic.id, channel) in known.yeses
            wanted = chosen.frequency or topic.frequency
            if chosen.on and (not has or wanted != known.frequency(topic, channel)):
                yield Subscription(
                    user_id=known.user.id,
                    topic=topic.id,
                    channel=channel,
                    created_at=to_text(self.clock()),
                    by=By.PERSON,
                    frequency=chosen.frequency or (topic.frequency if has else None),
                )


def tag_of(view: PreferencesView) -> str:
    """The version of a document (RFC 9110, section 8.8.3)."""
    return f'"{hashlib.sha256(view.model_dump_json().encode()).hexdigest()[:32]}"'


def _changed() -> PreconditionFailed:
    return PreconditionFailed("Your preferences have changed since they were read. Read them again.")


def _view(known: Known) -> PreferencesView:
    own = known.user.preferences
    return PreferencesView(
        topics={
            name: {
                channel: ChoiceView.model_validate(
                    {"on": (name, channel) in known.yeses, "frequency": known.frequency(topic, channel)}
                )
                for channel in known.channels(topic)
            }
            for name, topic in sorted(known.topics.items())
        },
        quiet_hours=known.user.profile.get("quiet_hours"),
        at_most={channel: CeilingView(count=count) for channel, count in sorted(own.get("at_most", {}).items())},
        digest_at=own.get("digest_at"),
        opted_out=known.user.opted_out,
    )


def _chosen(request: PutPreferencesRequest, known: Known) -> Iterator[tuple[Topic, str, ChosenTopic]]:
    """What the document says of each topic and channel that can be chosen."""
    for name, topic in known.topics.items():
        for channel in known.channels(topic):
            left_out = ChosenTopic(on=topic.required and (name, channel) in known.yeses, frequency=None)
            yield topic, channel, request.topics.get(name, {}).get(channel, left_out)


def _faults(known: Known, request: PutPreferencesRequest) -> Iterator[Fault]:
    for name, channels in request.topics.items():
        topic = known.topics.get(name)
        if topic is None:
            yield Fault(f"/topics/{name}", "topic_not_found", "No such topic.")
            continue
        for channel, chosen in channels.items():
            where = f"/topics/{name}/{channel}"
            if channel not in known.channels(topic):
                yield Fault(where, "channel_not_offered", "The topic is not sent on this channel.")
            elif chosen.frequency not in (None, known.frequency(topic, channel), *topic.frequencies):
                offered = ", ".join(topic.frequencies) or "no frequency"
                yield Fault(f"{where}/frequency", "frequency_not_offered", f"The topic offers {offered}.")


def _nos(known: Known, request: PutPreferencesRequest) -> Iterator[tuple[str, str]]:
    """What is taken away. Raises Conflict for a required topic."""
    for topic, channel, chosen in _chosen(request, known):
        if (topic.id, channel) in known.yeses and not chosen.on:
            if topic.required:
                raise Conflict("This topic is required; you can't unsubscribe from it.", code="topic_required")
            yield topic.id, channel
