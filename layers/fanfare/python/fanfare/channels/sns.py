"""How an Amazon SNS call ended, for the channels that publish through it."""

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
    """The result of one call that is never repeated: its id, or what its error means by the channel's literal.

    `told` reads what the error says, where its code alone does not tell.
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
    # SNS does not say that a 5xx, 503 among them, published nothing: "the request has failed" is all.
    # https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
    if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
        return SendResult(Kind.UNKNOWN, Reason.OUTCOME_UNKNOWN)
    return SendResult(Kind.TEMPORARY, Reason.PROVIDER_FAILED)
