"""Reads candidates with all input of the rules, for the fan-out, dry runs and explanations.

All three call `decide` with the same candidates, so dry runs and explanations agree with the fan-out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from functools import partial
from typing import Any

from fanfare.aws.dynamodb import GET_LIMIT
from fanfare.channels import CHANNELS
from fanfare.clock import from_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.audience import User
from fanfare.domain.catalogue import Topic
from fanfare.domain.digests.gathering import Frequency, Gathering
from fanfare.domain.digests.windows import Group
from fanfare.domain.eligibility import Candidate
from fanfare.domain.limits.applied import Overflow
from fanfare.domain.message import Message, Payload, people_of
from fanfare.domain.schedule import due_for
from fanfare.ids import shard_of
from fanfare.store.audience import Audience
from fanfare.store.catalogue import CACHE_SECONDS, FRESH_SECONDS, Catalogue
from fanfare.store.windows import Windows
from fanfare.templates.body import inline_body, offers


@dataclass(frozen=True)
class Row:
    """One candidate of the audience. `position` is the cursor after it."""

    position: str
    user_id: str
    channel: str
    frequency: str | None = None  # as its reader chose


@dataclass(frozen=True)
class CandidatePage:
    """Consecutive rows of a shard. `read` also counts rows on channels that the message does not use."""

    rows: Sequence[Row]
    more: bool
    read: int


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """`overall`: channel → rate limit per user across all topics. `countries`: allowed for texts; None for all.

    `windows`: None if no message can go into a digest. `time_zone`: of users without one.
    """

    audience: Audience
    catalogue: Catalogue
    overall: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    countries: Collection[str] | None = None
    windows: Windows | None = None
    time_zone: str = "UTC"

    def next_rows(
        self, message: Message, payload: Payload, shard: int, cursor: str | None, *, now: datetime, limit: int
    ) -> CandidatePage:
        """The next rows of a shard of the audience after the cursor."""
        if payload.recipients is not None:
            pairs = [
                (user, channel)
                for user in dict.fromkeys(payload.recipients)
                if shard_of(user, message.shards) == shard
                for channel in message.channels
            ]
            first = int(cursor or 0)
            rows = [Row(str(i + 1), user, channel) for i, (user, channel) in enumerate(pairs)][first:]
            return CandidatePage(rows, more=False, read=len(rows))
        if message.topic is None or message.expired(now):
            return CandidatePage([], more=False, read=0)
        found, more = self.audience.subscriptions.with_frequencies(message.topic, shard, after=cursor, limit=limit)
        wanted = [Row(*row) for row in found if row[2] in message.channels]
        if found and (not wanted or wanted[-1].position != found[-1][0]) and more:
            # the last row is on a channel that the message does not use, but the cursor must pass it
            wanted.append(Row(found[-1][0], "", ""))
        return CandidatePage(wanted, more, len(found))

    def topic(self, message: Message, now: datetime) -> Topic | None:
        """The topic, read after the message was accepted."""
        if message.topic is None:
            return None
        age = (now - from_text(message.created_at)).total_seconds()
        return self.catalogue.topic(message.topic, max_age=min(FRESH_SECONDS, age))

    def body(self, message: Message, payload: Payload) -> Mapping[str, Any]:
        """The template body of the message: the pinned version, or its inline content."""
        if message.template is not None:
            template = self.catalogue.template(message.template["id"], message.template["version"])
            return template.body if template else {}
        return inline_body(payload.content or {})

    def of(
        self,
        message: Message,
        payload: Payload,
        topic: Topic | None,
        rows: Sequence[Row],
        *,
        now: datetime,
        subscribers: bool,
    ) -> Iterator[tuple[Row, Candidate | None]]:
        """The rows with their candidates at `now` (None for a row to pass). Users are read lazily, 100 per call.

        `subscribers`: the rows are the topic's subscriptions, so these are not read again.
        """
        body = self.body(message, payload)
        offered = {channel: offers(body, channel) for channel in message.channels}
        gatherings = self.gatherings(message, topic)
        candidate = partial(_candidate_of(message), now=now, topic=topic, countries=self.countries)
        for some in (rows[start : start + GET_LIMIT] for start in range(0, len(rows), GET_LIMIT)):
            users, yeses = self._read(
                message, payload, topic, some, subscribers=subscribers, frequencies=bool(gatherings)
            )
            places = self._places(message, payload, gatherings, some, users, yeses)
            for row in some:
                if not row.user_id:
                    yield row, None
                    continue
                user = users.get(row.user_id)
                found = candidate(
                    user=user,
                    channel=CHANNELS[row.channel],
                    subscribed=subscribers or yeses is None or (row.user_id, row.channel) in yeses,
                    offered=offered[row.channel],
                    overall=self.overall.get(row.channel),
                    erased=payload.own.get(row.user_id, True) is None,
                    due=due_for(message, user, row.channel, self.time_zone),
                    **places.get((row.user_id, row.channel), {}),
                )
                yield row, found

    def _read(
        self,
        message: Message,
        payload: Payload,
        topic: Topic | None,
        rows: Sequence[Row],
        *,
        subscribers: bool,
        frequencies: bool,
    ) -> tuple[dict[str, User], Mapping[tuple[str, str], str | None] | None]:
        """The users of the rows, stored or by address, and frequencies of subscribed (user, channel) pairs; None if not
        needed."""
        user_ids = {row.user_id for row in rows if row.user_id}
        persons = people_of(user_ids, payload.own)
        wanted = sorted(user_ids - persons.keys())
        if message.topic is None or subscribers or (topic and topic.required and not frequencies):
            return self.audience.users.get_many(wanted) | self.audience.people.read(persons), None
        pairs = [(row.user_id, row.channel) for row in rows]
        stored, subscribed = self.audience.with_yeses(wanted, message.topic, pairs)
        return stored | self.audience.people.read(persons), subscribed

    def _places(
        self,
        message: Message,
        payload: Payload,
        gatherings: Mapping[str, Gathering],
        rows: Sequence[Row],
        users: Mapping[str, User],
        yeses: Mapping[tuple[str, str], str | None] | None,
    ) -> dict[tuple[str, str], dict[str, Any]]:
        """(User id, channel) → fields of the candidate about digests, for readers of them."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for row in rows:
            gathering, pair = gatherings.get(row.channel), (row.user_id, row.channel)
            user = users.get(row.user_id)
            if gathering is None or user is None or message.topic is None:
                continue
            frequency = yeses.get(pair) if yeses is not None else row.frequency
            if gathering.takes_rest(user, row.channel) or gathering.frequency_of(frequency) is not Frequency.IMMEDIATE:
                group = Group(row.user_id, message.topic, row.channel, gathering.key_of(payload.data_of(row.user_id)))
                found[pair] = {"gathering": gathering, "frequency": frequency, "group": group}
        current = self.windows.current(each["group"] for each in found.values()) if self.windows and found else {}
        return {pair: {**each, "current": current[each["group"]]} for pair, each in found.items()}

    def gatherings(self, message: Message, topic: Topic | None) -> dict[str, Gathering]:
        """Channel → how the topic makes digests, on the channels on which the message can go into one."""
        if self.windows is None or topic is None or not topic.digest or not message.can_be_gathered:
            return {}
        template = self.catalogue.template_head(topic.digest["template"]["id"], max_age=CACHE_SECONDS)
        gathering = gathering_of(topic, self.time_zone)
        return {channel: gathering for channel in message.channels if template and offers(template.body, channel)}


def gathering_of(topic: Topic, zone: str) -> Gathering:
    """How the topic makes digests."""
    stored = topic.digest or {}
    return Gathering(
        template=stored["template"]["id"],
        every=stored["every"],
        key=stored.get("key"),
        day=stored["day"],
        frequency=topic.frequency or Frequency.DIGEST,
        frequencies=topic.frequencies,
        overflows=topic.limit is not None and topic.limit["overflow"] == Overflow.DIGEST,
        zone=zone,
    )


def _candidate_of(message: Message) -> Callable[..., Candidate]:
    return partial(
        Candidate,
        critical=message.priority == "critical",
        named=message.topic is None,
        ends_at=message.ends_at,
        keep_until=message.keep_until,
        is_digest=message.digest_of is not None,
    )


def counted(candidate: Candidate, limits: Mapping[str, Any] | None) -> Candidate:
    """The candidate with limits that include the other channels of the same message."""
    if limits is None or candidate.user is None:
        return candidate
    return replace(candidate, user=replace(candidate.user, limits=limits))
