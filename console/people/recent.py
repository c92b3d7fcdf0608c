"""Why a person got messages or nothing: the newest ones, or those of one day, each with its outcome for the person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, Final

from flask import Response, current_app, request

from ..api import A_PAGE, InternalApi
from ..exports import csv_file
from ..filters import Times
from ..parts import part

SHOWN: Final = 12  # messages that are explained at once
LOOKED_AT: Final = 500  # messages of a day, among them those to topics
COLUMNS: Final = ("message_id", "created_at", "summary", "topic", "channel", "status", "reason", "receipt", "advice")


@dataclass(frozen=True)
class Day:
    """A day by the operator's clock; `on` None: any."""

    on: date | None
    times: Times

    @classmethod
    def asked(cls) -> Day:
        times: Times = current_app.extensions["times"]
        try:
            return cls(date.fromisoformat(request.args.get("day", "")), times)
        except ValueError:
            return cls(None, times)

    @property
    def text(self) -> str:
        return self.on.isoformat() if self.on else ""

    @property
    def choices(self) -> dict[str, str]:
        today = datetime.now(UTC).astimezone(self.times.zone).date()
        return {"": "Newest", today.isoformat(): "Today", (today - timedelta(days=1)).isoformat(): "Yesterday"}

    @property
    def limits(self) -> dict[str, str]:
        """As the list of messages takes them."""
        if self.on is None:
            return {}
        following = self.on + timedelta(days=1)
        return {"created_after": self._midnight(self.on), "created_before": self._midnight(following)}

    def has(self, at: str) -> bool:
        return self.on is None or self.times.local(at).date() == self.on

    def _midnight(self, day: date) -> str:
        return self.times.utc(f"{day.isoformat()}T00:00")


@dataclass(frozen=True)
class RecentPages:
    """The views, over the internal API."""

    api: InternalApi

    def recent(self, user_id: str) -> str:
        day, skip = Day.asked(), request.args.get("skip", 0, type=int)
        found = [*islice(self._messages(user_id, day), skip, skip + SHOWN + 1)]
        return part(
            "user_recent.html",
            user_id=user_id,
            day=day,
            explained=self._explained(user_id, found[:SHOWN]),
            more=skip + SHOWN if len(found) > SHOWN else None,
        )

    def export(self, user_id: str) -> Response:
        day = Day.asked()
        found = [*islice(self._messages(user_id, day), A_PAGE)]
        return csv_file(f"why-{user_id}", COLUMNS, _rows(self._explained(user_id, found)))

    def _messages(self, user_id: str, day: Day) -> Iterator[Mapping[str, Any]]:
        """Messages to topics, and those that name this person; newest first.

        Of a day: those posted on it, then older ones that had their outcome for the person on it.
        """
        known = self.api.get("users", user_id, "deliveries", limit=A_PAGE)["items"]
        of_person = {each["message_id"]: each["updated_at"] for each in known}
        for message in islice(self.api.every("messages", **day.limits), LOOKED_AT):
            on_day = day.has(message["created_at"])
            if on_day and (message["topic"] or message["id"] in of_person):
                of_person.pop(message["id"], None)
                yield message
        if day.on:
            ended = [message_id for message_id, at in of_person.items() if day.has(at)]
            yield from filter(None, self.api.get_many(("messages", each) for each in ended))

    def _explained(self, user_id: str, messages: list[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], Any]]:
        found = self.api.get_many(("messages", message["id"], "explanations", user_id) for message in messages)
        return [(message, each) for message, each in zip(messages, found, strict=True) if each]


def _rows(explained: list[tuple[Mapping[str, Any], Any]]) -> Iterator[Mapping[str, Any]]:
    for message, explanation in explained:
        for each in explanation["channels"]:
            yield {**message, **each["recorded"], "message_id": message["id"], "channel": each["channel"]}
