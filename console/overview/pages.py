"""The page of the overview."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from flask import Blueprint, Response, current_app, render_template, request

from ..api import A_PAGE, InternalApi
from ..exports import csv_file
from ..filters import Times
from ..host import Host, Metrics
from ..messages.verdict import verdict
from ..words import CHANNELS
from .chart import HEIGHT, WIDTH, bars, top_of
from .figures import PERIODS, Overview, Reader, buckets_of, measured, overview

WORTH: Final = 8  # messages that are worth a look
FIGURES: Final = ("messages", "sent", "delivered", "bounced", "complained", "failed", "skipped")


def pages(api: InternalApi, host: Host) -> Blueprint:
    """The page."""
    part = Blueprint("overview", __name__, url_prefix="/overview")
    views = OverviewPages(api, Reader(api), host.metrics)
    part.add_url_rule("", view_func=views.index)
    part.add_url_rule("/-/export.csv", view_func=views.export)
    part.add_url_rule("/-/<any(topics, channels):by>.csv", view_func=views.export_by)
    return part


@dataclass(frozen=True)
class OverviewPages:
    """The views, over the internal API."""

    api: InternalApi
    reader: Reader
    metrics: Metrics | None

    def index(self) -> str:
        asked = _asked()
        times: Times = current_app.extensions["times"]
        found = self._read(asked, times)
        return render_template(
            "overview.html",
            asked=asked,
            periods=PERIODS,
            found=found,
            bars=[*bars(found.buckets)],
            top=top_of(found.buckets),
            size=(WIDTH, HEIGHT),
            worth=_worth(found, times),
            scheduled=self._scheduled(asked["topic"]),
            channels=CHANNELS,
            topics=self.api.get("topics", limit=A_PAGE)["items"],
        )

    def export(self) -> Response:
        found = self._read(_asked(), current_app.extensions["times"])
        rows = ({"from": each.begin.isoformat(), **vars(each.figures)} for each in found.buckets)
        return csv_file("overview", ("from", *FIGURES), rows)

    def export_by(self, by: str) -> Response:
        """The figures of topics or of channels."""
        found = self._read(_asked(), current_app.extensions["times"])
        figures = found.topics if by == "topics" else found.channels
        rows = ({"name": name, **vars(each)} for name, each in figures.items())
        return csv_file(f"overview-{by}", ("name", *FIGURES), rows)

    def _read(self, asked: dict[str, str], times: Times) -> Overview:
        period, now = PERIODS[asked["period"]], datetime.now(UTC)
        buckets = buckets_of(period, times, now)
        messages, partial = self.reader.newest(buckets[0].begin, asked["topic"])
        found = overview(messages, buckets, on=asked["channel"], partial=partial)
        if self.metrics is None or asked["topic"] or asked["channel"]:
            return found
        by_time = self.metrics(buckets[0].begin, now, min(period.seconds, 3_600))
        if not by_time:
            return found
        measured(by_time, buckets)
        return Overview(**{**vars(found), "source": "CloudWatch, which counts each delivery and receipt at its time"})

    def _scheduled(self, topic: str) -> list[Any]:
        waiting = self.api.get("messages", state="pending", topic=topic, limit=50)["items"]
        return [each for each in waiting if each["send_at"]]


def _asked() -> dict[str, str]:
    asked = {name: request.args.get(name, "") for name in ("period", "topic", "channel")}
    return asked | {"period": asked["period"] if asked["period"] in PERIODS else "week"}


def _worth(found: Overview, times: Times) -> list[Any]:
    return [each for each in found.messages if verdict(each, times, "").tone in ("bad", "warn")][:WORTH]
