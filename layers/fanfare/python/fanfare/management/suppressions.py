"""Suppressed addresses, managed by services: nothing is sent to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import unquote

from pydantic import ValidationError

from fanfare.channels import CHANNELS
from fanfare.clock import Clock, to_text
from fanfare.data_classes import dataclass
from fanfare.domain.audience import Suppression
from fanfare.errors import Invalid, NotFound
from fanfare.management.users import written
from fanfare.pagination import take
from fanfare.schemas.errors import faults, item_error
from fanfare.schemas.suppressions import PutSuppressionRequest, SuppressionItem, SuppressionResultView
from fanfare.store.audience import Audience


@dataclass(frozen=True, kw_only=True)
class ManageSuppressions:
    audience: Audience
    clock: Clock

    def put(self, channel: str, address: str, request: PutSuppressionRequest | None = None) -> tuple[Suppression, bool]:
        """The suppression, and whether it is new. The first cause is kept. Raises Invalid."""
        request = request or PutSuppressionRequest.model_validate({})
        known = _address(channel, unquote(address), "{address}")
        if request.channel not in (None, channel):
            raise Invalid.field("/channel", "differs_from_path", f"Must be {channel}, as in the path, or left out.")
        if request.address is not None and CHANNELS[channel].normalised(request.address) != known:
            raise Invalid.field("/address", "differs_from_path", f"Must be {known}, as in the path, or left out.")
        return self._suppress(self._told(channel, known, request.cause, request.created_at, "/created_at"))

    def put_many(self, items: Sequence[Any]) -> list[SuppressionResultView]:
        """Suppress or reject each address; results are in the order of the items."""
        checked = [self._checked(item, f"/items/{place}") for place, item in enumerate(items)]
        new = self.audience.suppressions.add_many(each for each in checked if isinstance(each, Suppression))
        results = []
        for item, outcome in zip(items, checked, strict=True):
            told = {name: written(item, name) for name in ("channel", "address")}
            status, error = 200, None
            if isinstance(outcome, Invalid):
                status, error = 422, item_error(outcome)
            elif (pair := (outcome.channel, outcome.address)) in new:
                status = 201
                new.discard(pair)  # a repeated address is suppressed already
            results.append(SuppressionResultView.model_validate({**told, "status": status, "error": error}))
        return results

    def _checked(self, item: Any, at: str) -> Suppression | Invalid:
        try:
            checked = SuppressionItem.model_validate(item)
            known = _address(checked.channel, checked.address, f"{at}/address", f"{at}/channel")
            return self._told(checked.channel, known, checked.cause, checked.at, f"{at}/at")
        except ValidationError as error:
            return Invalid("Invalid suppression.", errors=faults(error.errors(), at=at))
        except Invalid as refused:
            return refused

    def _told(self, channel: str, address: str, cause: str | None, since: datetime | None, pointer: str) -> Suppression:
        """Raises Invalid."""
        now = self.clock()
        if since is not None and since > now:
            raise Invalid.field(pointer, "in_the_future", "Must not be in the future.")
        return Suppression(channel=channel, address=address, cause=cause or "manual", created_at=to_text(since or now))

    def _suppress(self, told: Suppression) -> tuple[Suppression, bool]:
        channel, address = told.channel, told.address
        if self.audience.suppressions.add(channel, address, told.cause, at=told.created_at):
            return told, True
        return self.audience.suppressions.get(channel, address) or told, False  # removed meanwhile

    def get(self, channel: str, address: str) -> Suppression:
        """The suppression of an address. Raises NotFound."""
        known = _known(channel, address)
        found = self.audience.suppressions.get(channel, known) if known else None
        if found is None:
            raise NotFound("Address is not suppressed.", code="suppression_not_found")
        return found

    def delete(self, channel: str, address: str) -> None:
        """Allow sending to the address again. Idempotent."""
        known = _known(channel, address)
        if known is not None:
            self.audience.suppressions.remove(channel, known, at=to_text(self.clock()))

    def page(
        self, *, channel: str | None, after: Sequence[str] | None, limit: int
    ) -> tuple[list[Suppression], list[str] | None]:
        """A page of suppressions, by channel and address, and the (channel, address) to continue after."""
        names = [name for name, each in CHANNELS.items() if each.suppressible and channel in (None, name)]
        found: list[Suppression] = []
        for name in names[names.index(after[0]) if after else 0 :]:
            position = after[1] if after and name == after[0] else None
            room = limit + 1 - len(found)
            found += islice(self.audience.suppressions.of_channel(name, after=position, limit=room), room)
            if len(found) > limit:
                break
        return take(found, limit, lambda last: [last.channel, last.address])


def _address(channel: str, address: str, pointer: str, of_channel: str = "{channel}") -> str:
    """The normalised address. Raises Invalid."""
    known = CHANNELS[channel].normalised(address)
    if known is not None:
        return known
    if not CHANNELS[channel].suppressible:
        raise Invalid.field(of_channel, "not_suppressible", "Addresses of this channel can't be suppressed.")
    raise Invalid.field(pointer, "invalid_address", "Invalid address for this channel.")


def _known(channel: str, address: str) -> str | None:
    """The address in a path, normalised as in the suppressions; None if it is invalid for the channel.

    API Gateway decodes every percent-encoded character of a path except `%25`; decoding the rest is also correct
    without API Gateway.
    """
    return CHANNELS[channel].normalised(unquote(address))
