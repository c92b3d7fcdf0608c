"""What codes mean, in the words that operators read. A code that has none here is shown as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fanfare.domain.lifecycle import MEANING, State
from fanfare.self_service.pages.texts import CHANNELS

__all__ = ["CHANNELS", "MEANING", "STATES"]

STATES: Final = tuple(state.value for state in State)
AT_REST: Final = ("sent", "failed", "deleted")
STATUSES: Final = ("sent", "failed", "skipped", "deleted", "pending")
NOBODY: Final = "There was nobody to send it to: no recipient was let through"
COUNTS: Final = ("sent", "failed", "skipped", "deleted", "outstanding")

REASONS: Final[Mapping[str, str]] = {
    "access_denied": "AWS does not let Fanfare send: look at its grants",
    "account_suspended": "The provider has suspended the account",
    "batch_lost": "A batch was found lost, and sent again",
    "configuration_set_not_found": "SES has no such configuration set",
    "content_too_large": "It is larger than the provider takes it",
    "daily_quota_exceeded": "The provider’s daily quota is used up",
    "deleted_by_service": "Cancelled",
    "endpoint_broke_off": "The webhook broke off",
    "endpoint_deleted": "The device’s endpoint at SNS was deleted",
    "endpoint_disabled": "The device is disabled",
    "endpoint_failed": "The webhook answered with an error",
    "endpoint_gone": "The webhook is gone",
    "endpoint_not_found": "The webhook was not found",
    "endpoint_redirects": "The webhook leads elsewhere, which is not followed",
    "endpoint_refused": "The webhook refused it",
    "endpoint_throttled": "The webhook takes no more for now",
    "endpoint_timed_out": "The webhook did not answer in time",
    "endpoint_too_early": "The webhook asked to come later",
    "endpoint_unreachable": "The webhook can’t be reached",
    "expired": "Too late: the message had expired",
    "fan_out_lost": "The fan-out was found lost, and started again",
    "forbidden_address": "The address is not a public one",
    "forbidden_port": "The webhook’s port is not allowed",
    "inbox_unavailable": "The table of inboxes was not available",
    "internal_error": "Something broke here while it was being sent",
    "invalid_address": "The address is not one",
    "invalid_endpoint": "The platform does not know the device",
    "invalid_parameter": "The provider did not understand it",
    "message_rejected": "The provider rejected it",
    "no_address": "No address on this channel",
    "no_content": "The template says nothing on this channel",
    "no_time_left": "The worker’s time was up before the provider could be asked",
    "not_https": "The webhook is not https",
    "not_in_the_audience": "Not subscribed when the message was fanned out",
    "not_named": "Not among the recipients that the service named",
    "not_subscribed": "Not subscribed to the topic on this channel",
    "opted_out": "Has opted out of everything",
    "outcome_unknown": "The provider’s answer was lost; it may have arrived",
    "platform_disabled": "The push platform is disabled",
    "platform_not_configured": "No push platform is configured for the device",
    "platform_not_found": "The push platform’s application is not there",
    "provider_failed": "Something broke at the provider",
    "provider_unavailable": "The provider was not available",
    "provider_unreachable": "The provider could not be reached",
    "quiet_hours": "Waits for the end of their quiet hours",
    "rate_limited": "Over the limit",
    "redriven_by_service": "Sent again, to those who failed",
    "sender_not_verified": "SES has not verified the sender",
    "sending_paused": "Sending is paused at the provider",
    "sending_pool_not_found": "SES has no such pool of addresses",
    "spend_limit_reached": "The month’s spending limit is reached",
    "suppressed": "The address is suppressed",
    "suppressed_bounce": "The address is suppressed: it bounced",
    "suppressed_complaint": "The address is suppressed: its reader complained",
    "suppressed_manual": "The address is suppressed: by hand",
    "suppressed_opt_out": "The address is suppressed: its owner opted out",
    "template_error": "The template did not render for them",
    "throttled": "The provider takes no more for now",
    "unknown_user": "There is no such user",
}
RECEIPTS: Final[Mapping[str, str]] = {
    "accepted": "Accepted by the receiver",
    "bounced": "Bounced for good",
    "bounced_soft": "Bounced for now",
    "complained": "Reader complained",
    "delayed": "Delayed",
    "delivered": "Delivered",
    "opted_out": "Owner opted out",
    "rejected": "Rejected by the provider",
}
STEPS: Final[Mapping[str, str]] = {
    "audience": "Asked for",
    "batch": "Batch",
    "choice": "Chosen",
    "delivery": "Delivery",
    "fan_out": "Fan-out",
    "receipt": "Provider reports",
}
RESULTS: Final[Mapping[str, str]] = {
    "begun": "has begun",
    "stopped": "was stopped, as the message was deleted",
    "being_sent": "at the provider at this moment",
    "ended": "has come to its end",
    "let_through": "let through",
    "none": "not chosen",
    "not_begun": "has not begun",
    "not_named": "not named by the service",
}
RULES: Final[Mapping[str, str]] = {
    "address": "Has an address",
    "content": "The template says something here",
    "known": "Is known",
    "limit": "Within the limits",
    "opt_out": "Has not opted out",
    "subscription": "Is subscribed",
    "suppression": "Address is not suppressed",
    "time": "May be reached at this time",
}
RECORDED: Final[Mapping[str, str]] = {
    "deleted": "Withheld, as the message was cancelled",
    "failed": "Failed",
    "not_chosen": "Not chosen",
    "not_reached": "Not reached yet",
    "pending": "On its way",
    "sent": "Sent",
    "skipped": "Skipped",
}
ACTIONS: Final[Mapping[str, str]] = {
    "defer": "would be sent later",
    "deliver": "would be sent",
    "skip": "would be skipped",
}
CAUSES: Final[Mapping[str, str]] = {
    "bounce": "Bounce",
    "complaint": "Complaint",
    "manual": "By hand",
    "opt_out": "Opt-out",
}
QUEUES: Final[Mapping[str, str]] = {"fan_out": "Fan-out", "record_receipt": "Receipts"}


def queue(name: str) -> str:
    return QUEUES.get(name) or CHANNELS.get(name, name)
