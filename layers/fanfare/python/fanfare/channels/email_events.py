"""What SES says: events, i.e. the outcome of a mail after SES accepted it; and why it refused a mail.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Mapping
from typing import Any, Final

from fanfare.channels.base import Envelope, Kind, SendResult
from fanfare.channels.reasons import Reason
from fanfare.channels.receipts import Bounce, Receipt, ReceiptEvent
from fanfare.clock import from_text

EVENT: Final[dict[str, Receipt]] = {
    "Send": Receipt.ACCEPTED,
    "DeliveryDelay": Receipt.DELAYED,
    "Delivery": Receipt.DELIVERED,
    "Reject": Receipt.REJECTED,
    "Rendering Failure": Receipt.REJECTED,
    "Complaint": Receipt.COMPLAINED,
}
# Other subtypes of a type, also those that SES adds later, are read as the type's `General`.
# https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html#event-publishing-retrieving-sns-contents-bounce-types
BOUNCE: Final[dict[str, Receipt]] = {
    "Permanent": Receipt.BOUNCED,
    "Transient": Receipt.BOUNCED_SOFT,
    "Undetermined": Receipt.BOUNCED_SOFT,  # unknown to SES
}
SUBTYPE: Final[dict[tuple[str, str], Bounce]] = {
    ("Permanent", "General"): Bounce.PERMANENT,
    ("Permanent", "NoEmail"): Bounce.NO_MAILBOX,
    ("Permanent", "Suppressed"): Bounce.PERMANENT,  # the list of all of SES, for what bounced to any customer
    ("Permanent", "OnAccountSuppressionList"): Bounce.ON_ACCOUNT_LIST,
    ("Permanent", "UnsubscribedRecipient"): Bounce.UNSUBSCRIBED,
    ("Transient", "General"): Bounce.SOFT_OR_REPLY,  # e.g. out of office
    ("Transient", "MailboxFull"): Bounce.SOFT,
    ("Transient", "CustomTimeoutExceeded"): Bounce.SOFT,
    ("Transient", "MessageTooLarge"): Bounce.CONTENT,
    ("Transient", "ContentRejected"): Bounce.CONTENT,
    ("Transient", "AttachmentRejected"): Bounce.CONTENT,
    ("Undetermined", "Undetermined"): Bounce.SOFT,
}
GENERAL: Final = {"Permanent": Bounce.PERMANENT, "Transient": Bounce.SOFT_OR_REPLY, "Undetermined": Bounce.SOFT}
ACCOUNT_LIST: Final = "OnAccountSuppressionList"
NOT_SPAM: Final = "not-spam"  # the reader took the mail out of the spam folder

_RECIPIENT: Final = re.compile(r"(\d+)(?:_([0-9a-z]+-[0-9a-z-]+)_(\d{1,3}))?", re.ASCII)  # the tag `address_no`
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageTag.html
LIST_ID: Final = re.compile("[a-z0-9.-]")  # https://www.rfc-editor.org/rfc/rfc2919
TAG: Final = re.compile("[A-Za-z0-9_-]")
TAG_LENGTH: Final = 256

# Value of the tag `message_id` in confirmation mails: what the tag `user_id` names
OF_A_USER: Final = "new_address"
OF_A_SIGN_UP: Final = "sign_up"


def read_event(event: Mapping[str, Any], *, channel: str) -> ReceiptEvent | None:
    """The receipt in an event; None if it is not about one of our mails or says nothing. It contains no address.

    `event`: as delivered by EventBridge, with the event of SES in `detail` and its time in `time`.
    """
    detail = event["detail"]
    told = _told(detail)
    tags = detail["mail"].get("tags", {})
    if told is None or not (tags.get("message_id") and tags.get("user_id")):
        return None
    message_id = tags["message_id"][0]
    address_no, batch_id, place = _recipient(tags)
    return ReceiptEvent(
        message_id=message_id,
        user_id=from_tag_value(tags["user_id"][0]),
        channel=channel,
        receipt=told[0],
        at=from_text(event["time"]),
        address_no=address_no,
        batch_id=batch_id,
        place=place,
        provider_id=detail["mail"]["messageId"],
        bounce=told[1],
        confirmation=message_id in (OF_A_USER, OF_A_SIGN_UP),
    )


def _told(detail: Mapping[str, Any]) -> tuple[Receipt, Bounce | None] | None:
    """What the event reports; None if nothing that we record."""
    kind = detail["eventType"]
    if kind == "Bounce":
        kind, subtype = detail["bounce"]["bounceType"], detail["bounce"].get("bounceSubType", "")
        receipt = BOUNCE.get(kind)
        return None if receipt is None else (receipt, SUBTYPE.get((kind, subtype), GENERAL[kind]))
    if kind == "Complaint":
        complaint = detail.get("complaint") or {}
        if complaint.get("complaintFeedbackType") == NOT_SPAM:
            return None
        if complaint.get("complaintSubType") == ACCOUNT_LIST:
            return Receipt.BOUNCED, Bounce.ON_ACCOUNT_LIST  # SES did not try; there is no complaint about this mail
    found = EVENT.get(kind)
    return None if found is None else (found, None)


# The same words whether the sender or, in the sandbox, a recipient is not verified:
# https://github.com/aws/aws-sdk-net/issues/3526
NOT_VERIFIED: Final = "not verified"
NAMED_AFTER: Final = "failed the check in region"


def unverified(said: str, *, sender: str) -> SendResult | None:
    """The meaning of a refusal because of an address that is not verified; None if it is another refusal.

    `sender`: the address. The sender's mail waits until it is verified; a recipient's is refused for good.
    """
    if NOT_VERIFIED not in said:
        return None
    from email.utils import getaddresses  # noqa: PLC0415 - seldom needed

    listed = said.partition(NAMED_AFTER)[2].partition(":")[2]
    named = {address.lower() for _, address in getaddresses([listed])} - {""}
    ours = sender.lower()
    domain = ours.rpartition("@")[2]
    if not named or ours in named or any(f".{domain}".endswith(f".{each}") for each in named):
        return SendResult(Kind.TEMPORARY, Reason.SENDER_NOT_VERIFIED)
    return SendResult(Kind.PERMANENT, Reason.RECIPIENT_NOT_VERIFIED)


def recipient_tag(address_no: int, batch_id: str | None, place: int) -> str:
    """The value of the tag `address_no`: the number of the address, then the recipient's batch and place in it.

    The rules of EventBridge pass on the tags of earlier versions alone, so that no new one can be added. SES allows no
    dot in a value: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageTag.html
    """
    return str(address_no) if batch_id is None else f"{address_no}_{batch_id}_{place}"


def _recipient(tags: Mapping[str, Any]) -> tuple[int | None, str | None, int]:
    """Number of the address, batch and place. Mails of earlier versions have only the first, confirmation mails too."""
    if not tags.get("address_no"):
        return None, None, 0
    known = _RECIPIENT.fullmatch(tags["address_no"][0])
    if known is None:
        raise ValueError(f"tag address_no has an unknown form: {tags['address_no'][0]}")
    address_no, batch_id, place = known.groups()
    return int(address_no), batch_id, int(place or 0)


def tags_of(envelope: Envelope, stage: str | None) -> dict[str, str]:
    """The tags of a mail: its events have them, too."""
    tags = {
        "message_id": envelope.message_id,
        "user_id": tag_value(envelope.user_id),
        "address_no": recipient_tag(envelope.address_no, envelope.batch_id, envelope.place),
    }
    # SES writes these into its header Feedback-ID, by which mailbox providers report complaints
    if envelope.topic is not None:
        tags["ses:feedback-id-a"] = spelled(envelope.topic, TAG)[:TAG_LENGTH]
    if stage is not None:
        tags["ses:feedback-id-b"] = stage
    return tags


def headers_of(envelope: Envelope, sender: str) -> dict[str, str]:
    """The headers of a mail that comes from this mailbox."""
    headers = {"Auto-Submitted": "auto-generated"}  # RFC 3834: no answers from machines
    if envelope.topic is not None:
        headers["List-Id"] = f"<{spelled(envelope.topic.lower(), LIST_ID)}.{_domain(sender)}>"
    if envelope.unsubscribe is not None:
        # RFC 8058: the mail client posts when the user presses its unsubscribe button
        headers["List-Unsubscribe"] = f"<{envelope.unsubscribe}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


@functools.lru_cache(maxsize=64)
def _domain(mailbox: str) -> str:
    return mailbox.rpartition("@")[2].rstrip(">").lower()


def spelled(text: str, allowed: re.Pattern[str]) -> str:
    """`text` with `-hh` for each byte that is not allowed."""
    return "".join(
        each if allowed.fullmatch(each) else "".join(f"-{byte:02x}" for byte in each.encode()) for each in text
    )


def tag_value(text: str) -> str:
    """`text` encoded in the characters that SES allows in a tag: A-Z a-z 0-9 _ and -."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def from_tag_value(tag: str) -> str:
    """The inverse of `tag_value`."""
    return base64.urlsafe_b64decode(tag + "=" * (-len(tag) % 4)).decode()
