"""Remembers how users' own endpoints answered, and switches off those that fail for days."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fanfare.channels.base import Channel, Kind, SendResult
from fanfare.clock import Clock
from fanfare.domain.audience import EndpointHealth, User, after_failure
from fanfare.store.audience import Audience

log = logging.getLogger(__name__)

Tell = Callable[[str, str, EndpointHealth], None]  # user id, channel, state


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """`tell` is called for each endpoint that is switched off."""

    channel: Channel
    audience: Audience
    clock: Clock
    tell: Tell | None = None

    def remember(self, results: Mapping[str, SendResult], users: dict[str, User]) -> None:
        """Store what the results, by user id, say about the endpoints. `users` are updated."""
        if not self.channel.faults:
            return
        for user_id, result in results.items():
            user = users.get(user_id)
            if user is not None:
                self._remember(user, result, users)

    def _remember(self, user: User, result: SendResult, users: dict[str, User]) -> None:
        name = self.channel.name
        before = EndpointHealth.read(user.endpoints.get(name))
        after = self._after(before, result)
        if after == before:
            return
        changed = self.audience.endpoints.store(user, name, after.stored() if after else None)
        if changed is None:
            return  # the user has changed meanwhile, maybe the endpoint too: the next answer decides
        users[user.id] = changed
        if after is not None and after.off is not None:
            log.warning("endpoint switched off", extra={"user_id": user.id, "channel": name, "reason": after.off})
            if self.tell is not None:
                self.tell(user.id, name, after)

    def _after(self, before: EndpointHealth | None, result: SendResult) -> EndpointHealth | None:
        if result.kind is Kind.SENT:
            return None
        return after_failure(before, self.clock()) if result.reason in self.channel.faults else before
