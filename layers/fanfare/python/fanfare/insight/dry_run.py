"""Dry runs: the expected outcome of a message, by the candidates and rules of the fan-out. Nothing is stored."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from fanfare.channels import CHANNELS
from fanfare.clock import Clock, from_text, to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.audience import User
from fanfare.domain.eligibility import Action, Candidate, decide
from fanfare.domain.message import Message, Payload
from fanfare.errors import Fault, TemplateError
from fanfare.insight import cost
from fanfare.pipeline.build_message import BuildMessage
from fanfare.pipeline.context import LinkMaker, MessageContexts
from fanfare.pipeline.fan_out.candidates import Candidates, counted
from fanfare.schemas.dry_runs import CostLineView, CostView, DryRunView, SampleView
from fanfare.schemas.templates import warning_views
from fanfare.templates.body import locales, nearest, offers
from fanfare.templates.renderer import Renderer

if TYPE_CHECKING:
    from fanfare.domain.catalogue import Topic
    from fanfare.schemas.messages import SubmitRequest

LOOKED_AT: Final = 10_000  # subscriptions that are decided; what is beyond is extrapolated
ROWS: Final = 2_000  # read at once
COUNTED: Final = 1_000_000  # rows of a shard that are counted at most, to know how many there are
SAMPLES_CHARACTERS: Final = 1_000_000  # of all samples together: an answer has its limits
PREVIEW_READER: Final = {"id": "preview", "name": ""}


@dataclass
class _Forecast:
    """Counts so far, by channel and reason."""

    looked_at: int = 0
    factor: float = 1.0
    limited: bool = False  # whether a rate limit applies to any user
    smart: bool = False  # whether the topic has typographic characters replaced in texts
    deliver: Counter[str] = field(default_factory=Counter)
    deferred: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    digested: Counter[str] = field(default_factory=Counter)
    skipped: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    readers: Counter[tuple[str, str | None]] = field(default_factory=Counter)  # not skipped, by channel and locale
    first: dict[tuple[str, str | None], User] = field(default_factory=dict)

    def add(self, candidate: Candidate, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Count a candidate. Returns the user's limits including its charge, or None."""
        verdict = decide(candidate)
        channel = candidate.channel.name
        if verdict.action is Action.SKIP or candidate.user is None:
            self.skipped[channel][verdict.reason or ""] += 1
            return None
        if verdict.action is Action.DIGEST:
            self.digested[channel] += 1
            return None
        if verdict.action is Action.DEFER:
            self.deferred[channel][verdict.reason or ""] += 1
        else:
            self.deliver[channel] += 1
        place = channel, nearest(body, channel, candidate.user.profile.get("locale"))
        self.readers[place] += 1
        self.first.setdefault(place, candidate.user)
        self.limited |= verdict.limits is not None
        return verdict.limits

    def let_through(self, channel: str) -> int:
        return self.deliver[channel] + self.deferred[channel].total()

    def scaled(self, number: int) -> int:
        """Extrapolate a count to the whole audience."""
        return round(number * self.factor)


@dataclass(frozen=True, kw_only=True)
class DryRun:
    build: BuildMessage
    candidates: Candidates
    renderer: Renderer
    clock: Clock
    prices: Mapping[str, float]
    links: LinkMaker | None = None

    def run(self, request: SubmitRequest, *, caller: str) -> DryRunView:
        """The expected outcome of the message at its due time. Raises Invalid like `Submit`."""
        now = self.clock()
        message, payload = self.build.run(request, caller=caller, now=now, dry=True)
        at = from_text(message.send_at) if message.send_at else now
        body = self.candidates.body(message, payload)
        forecast = self._forecast(message, payload, body, at)
        contexts = {channel: self._contexts(message, payload, channel) for channel in message.channels}
        samples, left_out = self._samples(payload, body, forecast, contexts)
        segments = _segments(samples)
        return DryRunView(
            at=to_text(at),
            sampled=forecast.factor != 1.0,
            looked_at=forecast.looked_at,
            audience={
                channel: forecast.scaled(
                    forecast.let_through(channel) + forecast.digested[channel] + forecast.skipped[channel].total()
                )
                for channel in message.channels
            },
            deliver={channel: forecast.scaled(forecast.deliver[channel]) for channel in message.channels},
            deferred=_by_reason(forecast.deferred, forecast),
            digested={channel: forecast.scaled(number) for channel, number in forecast.digested.items()},
            skipped=_by_reason(forecast.skipped, forecast),
            segments=segments,
            samples=samples,
            samples_left_out=left_out,
            estimated_cost=_cost(message, forecast, segments, self.prices),
            warnings=warning_views(dict.fromkeys(self._warnings(message, payload, body, contexts))),
        )

    def _forecast(self, message: Message, payload: Payload, body: Mapping[str, Any], at: datetime) -> _Forecast:
        """Evaluate the first rows of each shard, and estimate the size of the whole audience."""
        forecast = _Forecast()
        topic = self.candidates.topic(message, at)
        forecast.smart = topic is not None and topic.sms_smart
        cut: list[int] = []  # shards with more rows than were read
        whole = 0
        for shard in range(message.shards):
            read, more = self._look_at(forecast, message, payload, topic, shard, body, at)
            forecast.looked_at += read
            if more:
                cut.append(shard)
            else:
                whole += read
        if cut and message.topic:
            # users are spread evenly over the shards: the others have about the size of this one
            each = self.candidates.audience.subscriptions.count(message.topic, cut[0], most=COUNTED)
            forecast.factor = max(1.0, (whole + each * len(cut)) / forecast.looked_at)
        return forecast

    def _look_at(
        self,
        forecast: _Forecast,
        message: Message,
        payload: Payload,
        topic: Topic | None,
        shard: int,
        body: Mapping[str, Any],
        at: datetime,
    ) -> tuple[int, bool]:
        """Evaluate the first rows of a shard. Returns how many were read, and whether there are more."""
        quota = max(1, LOOKED_AT // message.shards)
        cursor, read, more = None, 0, True
        while more and read < quota:
            rows = self.candidates.next_rows(message, payload, shard, cursor, now=at, limit=min(ROWS, quota - read))
            limits: dict[str, Mapping[str, Any]] = {}
            subscribers = payload.recipients is None
            for row, candidate in self.candidates.of(
                message, payload, topic, rows.rows, now=at, subscribers=subscribers
            ):
                if candidate is None:
                    continue
                charged = forecast.add(counted(candidate, limits.get(row.user_id)), body)
                if charged is not None:
                    limits[row.user_id] = charged
            cursor = rows.rows[-1].position if rows.rows else cursor
            read, more = read + rows.read, rows.more
        return read, more

    def _contexts(self, message: Message, payload: Payload, channel: str) -> MessageContexts:
        topic = self.candidates.catalogue.topic(message.topic) if message.topic else None
        return MessageContexts(message=message, topic=topic, pinned=payload.pinned, channel=channel, links=self.links)

    def _samples(
        self,
        payload: Payload,
        body: Mapping[str, Any],
        forecast: _Forecast,
        contexts: Mapping[str, MessageContexts],
    ) -> tuple[list[SampleView], int]:
        """A sample per channel and locale, and the number of samples whose content was left out for lack of room."""
        samples: list[SampleView] = []
        room, left_out = SAMPLES_CHARACTERS, 0
        for channel, context in contexts.items():
            if not offers(body, channel):
                continue
            for locale in (None, *locales(body, channel)):
                sample = self._sample(locale, payload, body, forecast, context)
                size = sum(len(part) for part in (sample.content or {}).values())
                if size > room:
                    left_out += 1
                    sample = sample.model_copy(update={"content": None})
                else:
                    room -= size
                samples.append(sample)
        return samples, left_out

    def _warnings(
        self, message: Message, payload: Payload, body: Mapping[str, Any], contexts: Mapping[str, MessageContexts]
    ) -> Iterator[Fault]:
        """Of the template, or of the inline content, with this data."""
        from fanfare.templates.advice.review import warnings_of  # noqa: PLC0415 - not for each start

        for channel in message.channels:
            if not offers(body, channel):
                continue
            for locale in (None, *locales(body, channel)):
                reader, context = PREVIEW_READER | {"locale": locale or ""}, contexts[channel].of()
                try:
                    found = list(
                        warnings_of(self.renderer, body, channel, data=payload.data, user=reader, context=context)
                    )
                except TemplateError:  # its sample says so
                    continue
                for each in found:
                    where = (
                        "/template" + each.pointer if message.template else "/content/" + each.pointer.split("/")[-1]
                    )
                    yield replace(each, pointer=where)

    def _sample(
        self,
        locale: str | None,
        payload: Payload,
        body: Mapping[str, Any],
        forecast: _Forecast,
        contexts: MessageContexts,
    ) -> SampleView:
        channel = contexts.channel
        user = forecast.first.get((channel, locale))
        reader = {**user.profile, "id": user.id} if user else PREVIEW_READER | {"locale": locale or ""}
        content, error = None, None
        on = CHANNELS[channel]
        try:
            data = payload.data_of(user.id if user else None)
            context = contexts.of(user or User(id=PREVIEW_READER["id"], profile=reader))
            content = self.renderer.render(
                body, channel, locale=reader.get("locale"), data=data, user=reader, context=context
            )
        except TemplateError as broken:
            error = str(broken)
        if content is not None and forecast.smart:
            content = on.smart(content)
        if content is not None and (refused := on.unsendable(content)) is not None:
            error = f"{refused.reason}: {refused.detail}"
        encoding = on.encoding(content) if content else None
        return SampleView(
            channel=channel,
            locale=locale,
            recipients=forecast.scaled(forecast.readers[channel, locale]),
            user_id=user.id if user else None,
            content=content,
            segments=on.segments(content) if content else None,
            encoding=encoding.name if encoding else None,
            encoding_because=encoding.because if encoding else None,
            error=error,
        )


def _segments(samples: list[SampleView]) -> dict[str, int]:
    """Billed segments by channel, if all users of a locale have as many as the sample."""
    segments: Counter[str] = Counter()
    for sample in samples:
        if sample.segments is not None:
            segments[sample.channel] += sample.segments * sample.recipients
    return dict(segments)


def _by_reason(reasons: Mapping[str, Counter[str]], forecast: _Forecast) -> dict[str, dict[str, int]]:
    return {
        channel: {reason: forecast.scaled(count) for reason, count in sorted(counts.items())}
        for channel, counts in reasons.items()
        if counts
    }


def _cost(message: Message, forecast: _Forecast, segments: Mapping[str, int], prices: Mapping[str, float]) -> CostView:
    letting = {channel: forecast.scaled(forecast.let_through(channel)) for channel in message.channels}
    lines = list(cost.estimate({**letting, **segments}, letting, limited=forecast.limited, prices=prices))
    return CostView(
        currency=cost.CURRENCY,
        total=round(float(sum(line.amount for line in lines)), 6),
        as_of=cost.AS_OF,
        lines=list(_lines(lines)),
    )


def _lines(lines: list[cost.Line]) -> Iterator[CostLineView]:
    for line in lines:
        yield CostLineView(
            what=line.what,
            quantity=line.quantity,
            unit=line.price.unit,
            price=float(line.price.amount),
            per=line.price.per,
            amount=round(float(line.amount), 6),
            source=line.price.source,
        )
