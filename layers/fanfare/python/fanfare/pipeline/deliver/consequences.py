"""Remembers what results say about addresses: refused for good, gone, or endpoints that fail for days."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from fanfare.channels.base import Channel, Kind, SendResult
from fanfare.clock import Clock
from fanfare.data_classes import dataclass
from fanfare.domain.audience import EndpointHealth, User, after_failure
from fanfare.pipeline.deliver.work import Work
from fanfare.pipeline.refusals import remember
from fanfare.store.audience import Audience

log = logging.getLogger(__name__)

Tell = Callable[[str, str, EndpointHealth], None]  # user id, channel, state


@dataclass(frozen=True, kw_only=True)
class Consequences:
    """`tell` is called for each endpoint that is switched off."""

    channel: Channel
    audience: Audience
    clock: Clock
    tell: Tell | None = None

    def remember(self, work: Work, results: Mapping[str, SendResult], users: dict[str, User]) -> None:
        """Store what the results, by user id, say about the addresses of a batch. `users` are updated."""
        for user_id, result in results.items():
            user = users.get(user_id)
            if self.channel.faults and user is not None:
                self._remember_endpoint(user, result, users)
            if result.reason in self.channel.suppresses:
                recipient = user_id, self.channel.name, work.message.id
                person = work.people.get(user_id)
                remember(result.reason, *recipient, audience=self.audience, clock=self.clock, person=person)
            if result.gone:
                self.audience.users.forget_devices(user_id, result.gone)

    def _remember_endpoint(self, user: User, result: SendResult, users: dict[str, User]) -> None:
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
