"""Results of Amazon SNS calls, for the channels that use it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ParamValidationError,
)
from botocore.parsers import ResponseParserError

from fanfare.channels.base import Kind, SendResult
from fanfare.channels.reasons import Reason

log = logging.getLogger(__name__)


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
    except (HTTPClientError, ResponseParserError):
        return SendResult(Kind.UNKNOWN, Reason.OUTCOME_UNKNOWN)
    except ClientError as error:
        said = error.response["Error"]
        return told(said.get("Message", "")) or known.get(said["Code"]) or _of_status(error)
    except ParamValidationError:  # before the call, as the others of botocore
        log.exception("not written")
        return SendResult(Kind.PERMANENT, Reason.INVALID_PARAMETER)
    except BotoCoreError:
        log.exception("not called")
        return SendResult(Kind.TEMPORARY, Reason.PROVIDER_UNREACHABLE)


def _of_status(error: ClientError) -> SendResult:
    # SNS does not document that a 5xx (also 503) published nothing; it only says "the request has failed".
    # https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
    if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
        return SendResult(Kind.UNKNOWN, Reason.OUTCOME_UNKNOWN)
    return SendResult(Kind.TEMPORARY, Reason.PROVIDER_FAILED)
