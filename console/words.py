"""Display texts of codes. A code without a text is shown unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fanfare.domain.lifecycle import MEANING, State
from fanfare.self_service.pages.texts import CHANNELS

__all__ = ["CHANNELS", "MEANING", "STATES"]

STATES: Final = tuple(state.value for state in State)
AT_REST: Final = ("sent", "failed", "deleted")
STATUSES: Final = ("sent", "failed", "skipped", "deleted", "pending")
NO_RECIPIENTS: Final = "No recipients: every candidate was skipped"
COUNTS: Final = ("sent", "failed", "skipped", "deleted", "outstanding")

REASONS: Final[Mapping[str, str]] = {
    "access_denied": "AWS denied the call: check the function’s permissions",
    "account_suspended": "Account suspended by the provider",
    "batch_lost": "A lost batch was found and re-sent",
    "configuration_set_not_found": "SES configuration set not found",
    "content_too_large": "Too large for the provider",
    "daily_quota_exceeded": "The provider’s daily sending quota is used up",
    "deleted_by_service": "Cancelled",
    "endpoint_broke_off": "The webhook closed the connection",
    "endpoint_deleted": "The device’s SNS endpoint was deleted",
    "endpoint_disabled": "The device is disabled",
    "endpoint_failed": "The webhook answered with an error",
    "endpoint_gone": "The webhook no longer exists (410)",
    "endpoint_not_found": "The webhook was not found (404)",
    "endpoint_redirects": "The webhook redirects; redirects are not followed",
    "endpoint_refused": "The webhook rejected the request",
    "endpoint_throttled": "Throttled by the webhook",
    "endpoint_timed_out": "The webhook timed out",
    "endpoint_too_early": "The webhook asked for a later retry (425)",
    "endpoint_unreachable": "The webhook can’t be reached",
    "expired": "The message expired before it could be sent",
    "fan_out_lost": "A lost fan-out was found and restarted",
    "forbidden_address": "The webhook’s address is not public",
    "forbidden_port": "The webhook’s port is not allowed",
    "inbox_unavailable": "The inbox table was not available",
    "internal_error": "Internal error while sending",
    "invalid_address": "Invalid address",
    "invalid_endpoint": "The push platform does not know the device",
    "invalid_parameter": "Rejected by the provider: invalid parameter",
    "message_rejected": "Rejected by the provider",
    "no_address": "No address for this channel",
    "no_content": "The template has no content for this channel",
    "no_time_left": "The worker ran out of time before it called the provider",
    "not_https": "The webhook’s URL is not https",
    "not_in_the_audience": "Not subscribed at the time of the fan-out",
    "not_named": "Not one of the recipients that the service named",
    "not_subscribed": "Not subscribed to the topic on this channel",
    "opted_out": "Opted out of all messages",
    "outcome_unknown": "The provider’s answer was lost; the message may have been sent",
    "platform_disabled": "The push platform is disabled",
    "platform_not_configured": "No push platform is configured for the device",
    "platform_not_found": "The push platform’s application does not exist",
    "provider_failed": "Internal error at the provider",
    "provider_unavailable": "The provider was not available",
    "provider_unreachable": "The provider could not be reached",
    "quiet_hours": "Waiting for the end of the user’s quiet hours",
    "rate_limited": "Over the rate limit",
    "redriven_by_service": "Re-sent to the failed recipients",
    "sender_not_verified": "The sender is not verified in SES",
    "sending_paused": "Sending is paused at the provider",
    "sending_pool_not_found": "SES dedicated IP pool not found",
    "spend_limit_reached": "The monthly spending limit is reached",
    "suppressed": "The address is suppressed",
    "suppressed_bounce": "The address is suppressed: bounce",
    "suppressed_complaint": "The address is suppressed: complaint",
    "suppressed_manual": "The address is suppressed: manually",
    "suppressed_opt_out": "The address is suppressed: opt-out",
    "template_error": "The template did not render for this user",
    "throttled": "Throttled by the provider",
    "unknown_user": "No such user",
}
RECEIPTS: Final[Mapping[str, str]] = {
    "accepted": "Accepted by the provider",
    "bounced": "Bounced (permanent)",
    "bounced_soft": "Bounced (temporary)",
    "complained": "Complaint by the reader",
    "delayed": "Delayed",
    "delivered": "Delivered",
    "opted_out": "Opted out",
    "rejected": "Rejected by the provider",
}
STEPS: Final[Mapping[str, str]] = {
    "audience": "Audience",
    "batch": "Batch",
    "choice": "Decision",
    "delivery": "Delivery",
    "fan_out": "Fan-out",
    "receipt": "Receipt",
}
RESULTS: Final[Mapping[str, str]] = {
    "begun": "started",
    "stopped": "stopped because the message was deleted",
    "being_sent": "being sent now",
    "ended": "completed",
    "let_through": "eligible",
    "none": "not selected",
    "not_begun": "not started",
    "not_named": "not named by the service",
}
RULES: Final[Mapping[str, str]] = {
    "address": "Has an address",
    "content": "The template has content for this channel",
    "expiry": "The message has not expired",
    "known": "User exists",
    "limit": "Within the rate limit",
    "opt_out": "Has not opted out",
    "subscription": "Is subscribed",
    "suppression": "Address is not suppressed",
    "time": "Outside of quiet hours",
}
RECORDED: Final[Mapping[str, str]] = {
    "deleted": "Withheld because the message was cancelled",
    "failed": "Failed",
    "not_chosen": "Not selected",
    "not_reached": "Not processed yet",
    "pending": "In progress",
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
    "manual": "Manual",
    "opt_out": "Opt-out",
}
QUEUES: Final[Mapping[str, str]] = {"fan_out": "Fan-out", "record_receipt": "Receipts"}


def queue(name: str) -> str:
    return QUEUES.get(name) or CHANNELS.get(name, name)
