"""Results of Amazon SNS calls, for the channels that use it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, HTTPClientError

from fanfare.channels.base import Kind, SendResult
from fanfare.channels.reasons import Reason


def publish_to_sns(
    publish: Callable[[], str],
    known: Mapping[str, SendResult],
    *,
    told: Callable[[str], SendResult | None] = lambda _: None,
) -> SendResult:
    """The result of one call, which is never repeated: its id, or the meaning of its error.

    `known`: error code → result. `told` reads the error message, for codes that are not specific enough.
    """
    try:
        return SendResult(Kind.SENT, provider_id=publish())
    except (ConnectTimeoutError, EndpointConnectionError):
        return SendResult(Kind.TEMPORARY, Reason.PROVIDER_UNREACHABLE)
    except HTTPClientError:
        return SendResult(Kind.UNKNOWN, Reason.OUTCOME_UNKNOWN)
    except ClientError as error:
        said = error.response["Error"]
        return told(said.get("Message", "")) or known.get(said["Code"]) or _of_status(error)


def _of_status(error: ClientError) -> SendResult:
    # SNS does not document that a 5xx (also 503) published nothing; it only says "the request has failed".
    # https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
    if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
        return SendResult(Kind.UNKNOWN, Reason.OUTCOME_UNKNOWN)
    return SendResult(Kind.TEMPORARY, Reason.PROVIDER_FAILED)
