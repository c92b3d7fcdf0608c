"""What a provider refuses for good because the person or the endpoint wants nothing more: it is remembered."""

from __future__ import annotations

from fanfare.channels import CHANNELS
from fanfare.channels.reasons import Reason
from fanfare.clock import Clock, to_text
from fanfare.domain.audience import By, User
from fanfare.store.audience import Audience


def remember(
    reason: Reason | None,
    user_id: str,
    channel: str,
    message_id: str,
    *,
    audience: Audience,
    clock: Clock,
    person: User | None = None,
) -> None:
    """Suppress the user's address and, after a stop, end their subscriptions on the channel. Idempotent.

    `person`: a recipient by address, who has no subscriptions.
    """
    known = CHANNELS[channel]
    cause = known.suppresses.get(reason) if reason else None
    user = person or audience.users.get(user_id) if cause else None
    address = known.identity(user.profile) if user else None
    if cause is not None and address is not None:
        audience.suppressions.add(channel, address, cause, at=to_text(clock()))
        if person is None:  # an earlier version stored no row by which a suppression finds the users of a webhook
            audience.users.copy_suppression(user_id, channel, address, cause)
    if user is not None and person is None and reason in known.stops:
        stop(user_id, channel, message_id, audience=audience)


def stop(user_id: str, channel: str, message_id: str, *, audience: Audience) -> None:
    """End all subscriptions of a user on a channel, as the person said to the provider. Idempotent."""
    for yes in list(audience.subscriptions.of_user(user_id)):
        if yes.channel == channel:
            audience.subscriptions.remove(user_id, yes.topic, channel, by=By.STOP, message_id=message_id)
