"""A reader's own ceilings, as the preference page offers them: the number of messages a channel and day."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from fanfare.aws.retries import until_settled
from fanfare.data_classes import dataclass
from fanfare.schemas.scalars import HOUR
from fanfare.schemas.self_service import CEILING_LIMIT
from fanfare.store.audience import Audience
from fanfare.store.audience.users import claim_preferences

OFFERED: Final = (1, 2, 3, 5, 10, 20)
SEPARATOR: Final = "/"  # in the values of the form: not allowed in ids
NUMBER: Final = re.compile("[1-9][0-9]{0,3}")


@dataclass(frozen=True, kw_only=True)
class Ceilings:
    """`at_most`: channel → number of messages in 24 hours, None without a ceiling. `digest_at`: when the rest comes, by
    the reader's clock; None: as the topic says."""

    at_most: Mapping[str, int | None]
    digest_at: str | None

    @property
    def channels(self) -> list[tuple[str, int | None, list[int]]]:
        """Each channel, its ceiling, and the numbers to choose from."""
        return [(name, count, sorted({*OFFERED, *([count] if count else [])})) for name, count in self.at_most.items()]


@dataclass(frozen=True, kw_only=True)
class ChooseCeilings:
    audience: Audience

    def run(self, user_id: str, form: Mapping[str, Iterable[str]], *, channels: Collection[str]) -> None:
        """Store what a form says of `channels`; of others, and what it says otherwise, nothing changes."""
        counts = _counts(form.get("at_most", ()), channels)
        hours = [each for each in form.get("digest_at", ()) if not each or re.fullmatch(HOUR, each)]

        def attempt() -> None:
            user = self.audience.users.get(user_id)
            if user is None:  # erased meanwhile
                return
            own = user.preferences
            before, hour = own.get("at_most", {}), own.get("digest_at")
            after = {name: count for name, count in {**before, **counts}.items() if count}
            chosen_hour = (hours[-1] or None) if hours else hour
            if (after, chosen_hour) != (before, hour):
                claim_preferences(self.audience.table, user_id, own, at_most=after, digest_at=chosen_hour)

        until_settled(attempt, sleep=self.audience.table.sleep)


def _counts(said: Iterable[str], channels: Collection[str]) -> dict[str, int | None]:
    """Channel → number; None: no ceiling."""
    found: dict[str, int | None] = {}
    for each in said:
        channel, _, number = each.partition(SEPARATOR)
        if channel in channels and not number:
            found[channel] = None
        elif channel in channels and NUMBER.fullmatch(number) and int(number) <= CEILING_LIMIT:
            found[channel] = int(number)
    return found
