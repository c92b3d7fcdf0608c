"""All reason codes: why a delivery was skipped, failed or waits, or why a message changed its state.

Codes are stored, and services match on them: they never change. Texts may.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

SEND_AGAIN: Final = "All attempts failed: send the message again when this is over."


class Reason(StrEnum):
    """A code with its text for people, advice, and whether the delivery is retried automatically."""

    text: str
    advice: str
    retryable: bool

    def __new__(cls, code: str, text: str = "", advice: str = "", retryable: bool = False) -> Reason:
        reason = str.__new__(cls, code)
        reason._value_ = code
        reason.text, reason.advice, reason.retryable = text, advice, retryable
        return reason

    @classmethod
    def suppressed(cls, cause: str) -> Reason:
        """The reason for an address suppressed by this cause."""
        return cls[f"SUPPRESSED_{cause.upper()}"]

    def advice_when(self, *, failed: bool) -> str:
        """The advice. Nothing is retried any more once it has `failed`."""
        if not (failed and self.retryable):
            return self.advice
        return SEND_AGAIN if self.advice.startswith("Nothing") else f"{self.advice} {SEND_AGAIN}"

    ACCESS_DENIED = (
        "access_denied",
        "AWS denied the call: check the function’s permissions",
        "Check the worker's role, and policies of the organization and of SES or SNS.",
        True,
    )
    ACCOUNT_SUSPENDED = (
        "account_suspended",
        "Account suspended by the provider",
        "Contact AWS: the account may not send mail.",
        True,
    )
    BATCH_LOST = (
        "batch_lost",
        "A lost batch was found and re-sent",
        "Nothing; if it repeats, look at the workers' errors.",
    )
    CONFIGURATION_SET_NOT_FOUND = (
        "configuration_set_not_found",
        "SES configuration set not found",
        "Deploy again: the stack's configuration set was deleted.",
        True,
    )
    CONTENT_EMPTY = "content_empty", "The content is empty", "Write something in every branch of the template."
    CONTENT_TOO_LARGE = "content_too_large", "Too large for the provider", "Shorten the content."
    COUNTRY_NOT_ALLOWED = (
        "country_not_allowed",
        "The deployment sends no texts to this country",
        "Add the country to `sms_countries` in the stage's settings if its prices are acceptable.",
    )
    DAILY_QUOTA_EXCEEDED = (
        "daily_quota_exceeded",
        "The provider’s daily sending quota is used up",
        "Raise the SES sending quota, or wait.",
        True,
    )
    DELETED_BY_SERVICE = "deleted_by_service", "Cancelled", "Nothing: a service cancelled the message."
    ENDPOINT_BROKE_OFF = (
        "endpoint_broke_off",
        "The webhook closed the connection",
        "The user's endpoint must answer within 10 seconds.",
        True,
    )
    ENDPOINT_DELETED = (
        "endpoint_deleted",
        "The device’s SNS endpoint was deleted",
        "Nothing: the endpoint is created again.",
        True,
    )
    ENDPOINT_DISABLED = "endpoint_disabled", "The device is disabled", "Nothing: the device was removed from the user."
    ENDPOINT_FAILED = (
        "endpoint_failed",
        "The webhook answered with an error",
        "The user's endpoint must answer with 2xx.",
        True,
    )
    ENDPOINT_GONE = "endpoint_gone", "The webhook no longer exists (410)", "Ask the user for a new URL."
    ENDPOINT_NOT_FOUND = (
        "endpoint_not_found",
        "The webhook’s host name does not resolve",
        "Check the URL; its name must resolve.",
        True,
    )
    ENDPOINT_REDIRECTS = (
        "endpoint_redirects",
        "The webhook redirects; redirects are not followed",
        "Store the URL that the redirect leads to.",
    )
    ENDPOINT_REFUSED = (
        "endpoint_refused",
        "The webhook rejected the request",
        "Check the URL: it answered with a 4xx status.",
    )
    ENDPOINT_SLOW = (
        "endpoint_slow",
        "The webhook’s host took too long in this worker; waiting for another",
        "The user's endpoint should answer within a second.",
        True,
    )
    ENDPOINT_SWITCHED_OFF = (
        "endpoint_switched_off",
        "The webhook is switched off: it failed for days",
        "The user repairs the endpoint and stores its URL again.",
    )
    ENDPOINT_THROTTLED = (
        "endpoint_throttled",
        "Throttled by the webhook",
        "Nothing: the call is repeated, up to `max_attempts` times.",
        True,
    )
    ENDPOINT_TIMED_OUT = "endpoint_timed_out", "The webhook timed out", "Nothing: the call is repeated later.", True
    ENDPOINT_TOO_EARLY = (
        "endpoint_too_early",
        "The webhook asked for a later retry (425)",
        "Nothing: the call is repeated later.",
        True,
    )
    ENDPOINT_UNREACHABLE = (
        "endpoint_unreachable",
        "The webhook can’t be reached",
        "The user's endpoint must accept connections from the internet.",
        True,
    )
    ERASED = "erased", "The recipient was erased", "Nothing."
    EXPIRED = "expired", "The message expired before it could be sent", "Set a later `expires_at`."
    FAN_OUT_LOST = (
        "fan_out_lost",
        "A lost fan-out was found and restarted",
        "Nothing; if it repeats, look at the fan-out's errors.",
    )
    FORBIDDEN_ADDRESS = (
        "forbidden_address",
        "The webhook’s address is not public",
        "Use an endpoint on the public internet.",
    )
    FORBIDDEN_PORT = "forbidden_port", "The webhook’s port is not allowed", "Use port 443, or a port from 1024 up."
    INBOX_UNAVAILABLE = "inbox_unavailable", "The inbox table was not available", "Nothing: it is stored later.", True
    INTERNAL_ERROR = "internal_error", "Internal error while sending", "Look at the worker's log.", True
    INVALID_ADDRESS = "invalid_address", "Invalid address", "Correct the user's address."
    INVALID_ENDPOINT = (
        "invalid_endpoint",
        "The push platform does not know the device",
        "Nothing: the device was removed from the user.",
    )
    INVALID_PARAMETER = "invalid_parameter", "Rejected by the provider: invalid parameter", "Check address and content."
    LOCAL_TIME = (
        "local_time",
        "Waiting for the local time at which the user gets it",
        "Nothing: it is sent at the `send_at.local` of the user's time zone.",
    )
    MESSAGE_REJECTED = (
        "message_rejected",
        "Rejected by the provider",
        "Check the content: SES found a virus or rejected it for another reason.",
    )
    NO_ADDRESS = (
        "no_address",
        "No address for this channel",
        "Store an address for the user, or do not offer the channel.",
    )
    NO_CONTENT = (
        "no_content",
        "The template has no content for this channel",
        "Add the channel's parts to the template.",
    )
    NO_TIME_LEFT = (
        "no_time_left",
        "The worker ran out of time before it called the provider",
        "Nothing: the call is made by the next worker.",
        True,
    )
    NOT_HTTPS = "not_https", "The webhook’s URL is not https", "Use an https URL."
    NOT_IN_THE_AUDIENCE = (
        "not_in_the_audience",
        "Not subscribed when the message was sent",
        "Nothing: a subscription counts from the next message on.",
    )
    NOT_NEEDED = (
        "not_needed",
        "An earlier step has reached the user",
        "Nothing: this is what the step's `unless` asks for.",
    )
    NOT_NAMED = "not_named", "Not one of the recipients that the service named", "Name the user among the recipients."
    NOT_SUBSCRIBED = (
        "not_subscribed",
        "Not subscribed to the topic on this channel",
        "Nothing: this is the user's choice.",
    )
    NUMBER_NOT_ALLOWED = (
        "number_not_allowed",
        "A premium, shared-cost, personal or satellite number",
        "Ask the user for the number of a mobile phone.",
    )
    OPTED_OUT = "opted_out", "Opted out of all messages", "Nothing: this is the user's choice."
    OUTCOME_UNKNOWN = (
        "outcome_unknown",
        "The provider’s answer was lost; the message may have been sent",
        "Decide by `on_doubt` whether such messages are sent again.",
    )
    PLATFORM_DISABLED = (
        "platform_disabled",
        "The push platform is disabled",
        "Enable the platform application in SNS; its credentials may have expired.",
        True,
    )
    PLATFORM_NOT_CONFIGURED = (
        "platform_not_configured",
        "No push platform is configured for the device",
        "Set the platform application's ARN in the stage's settings.",
    )
    PLATFORM_NOT_FOUND = (
        "platform_not_found",
        "The push platform’s application does not exist",
        "Create the platform application, or correct its ARN in the settings.",
        True,
    )
    PROVIDER_FAILED = "provider_failed", "Internal error at the provider", "Nothing: it is retried.", True
    PROVIDER_UNAVAILABLE = "provider_unavailable", "The provider was not available", "Nothing: it is retried.", True
    PROVIDER_UNREACHABLE = (
        "provider_unreachable",
        "The provider could not be reached",
        "Nothing: it is retried.",
        True,
    )
    QUIET_HOURS = (
        "quiet_hours",
        "Waiting for the end of the user’s quiet hours",
        "Nothing: it is sent when they end. Critical messages do not wait.",
    )
    RATE_LIMITED = "rate_limited", "Over the rate limit", "Raise the limit, or send less."
    RECIPIENT_ERROR = (
        "recipient_error",
        "Internal error with this recipient; the others of the batch are not affected",
        "Look at the worker's log, and report it.",
    )
    RECIPIENT_NOT_VERIFIED = (
        "recipient_not_verified",
        "SES is in the sandbox, and the recipient is not verified",
        "Request production access for SES, or verify the address in SES for a test.",
    )
    REDRIVEN_BY_SERVICE = "redriven_by_service", "Re-sent to the failed recipients", "Nothing: a service requested it."
    SCHEDULED = "scheduled", "Waiting for the time of the message", "Nothing: it is sent at its `send_at`."
    SENDER_NOT_VERIFIED = (
        "sender_not_verified",
        "The sender is not verified in SES",
        "Verify `sender` or `sender_domain` in SES.",
        True,
    )
    SENDING_PAUSED = "sending_paused", "Sending is paused at the provider", "Enable sending in SES.", True
    SENDING_POOL_NOT_FOUND = (
        "sending_pool_not_found",
        "SES dedicated IP pool not found",
        "Correct the configuration set's IP pool.",
        True,
    )
    SPEND_LIMIT_REACHED = (
        "spend_limit_reached",
        "The monthly spending limit is reached",
        "Raise the SMS spend limit of SNS.",
        True,
    )
    STEP = "step", "Waiting for the time of its step", "Nothing: the step's `unless` is asked at that time."
    SUPPRESSED_ACCOUNT_LIST = (
        "suppressed_account_list",
        "The address is on the suppression list of the SES account",
        "SES keeps a list of its own: run `aws sesv2 delete-suppressed-destination --email-address ADDRESS`, then "
        "delete the suppression.",
    )
    SUPPRESSED_BOUNCE = (
        "suppressed_bounce",
        "The address is suppressed: bounce",
        "Ask the user for a working address, then delete the suppression. Signed-in users can retry once a week.",
    )
    SUPPRESSED_COMPLAINT = (
        "suppressed_complaint",
        "The address is suppressed: complaint",
        "Do not send to this address.",
    )
    SUPPRESSED_MANUAL = (
        "suppressed_manual",
        "The address is suppressed: manually",
        "Delete the suppression if the address may be used again.",
    )
    SUPPRESSED_OPT_OUT = "suppressed_opt_out", "The address is suppressed: opt-out", "Do not send to this address."
    SUPPRESSED_SOFT_BOUNCES = (
        "suppressed_soft_bounces",
        "The address is suppressed: repeated soft bounces",
        "Ask the user for a working address, then delete the suppression. Signed-in users can retry once a week.",
    )
    TEMPLATE_ERROR = (
        "template_error",
        "The template did not render for this user",
        "Correct the template, or the data of the message.",
    )
    THROTTLED = (
        "throttled",
        "Throttled by the provider",
        "Nothing: the call is repeated soon. If it lasts, raise the provider's quota.",
        True,
    )
    UNKNOWN_USER = "unknown_user", "No such user", "Create the user first."
    USER_CONTENDED = (
        "user_contended",
        "Other deliveries were counted against the user’s limit at every try",
        "Nothing: it is retried. If it lasts, send the user fewer messages at once.",
        True,
    )
