"""Events of SES as published: shapes from AWS's guide and from public repositories, with people and ids replaced.

G: the developer guide, https://github.com/awsdocs/amazon-ses-developer-guide, doc-source/event-publishing-retrieving-*
   and notification-*, and its present form at https://docs.aws.amazon.com/ses/latest/dg/
R: https://repost.aws/knowledge-center/ses-understand-soft-bounces and …/ses-resolve-suppression-list
M: mailing lists and issues with what arrived, e.g. https://groups.google.com/g/wazuh/c/K37rko8J0QI
T: fixtures of tests, e.g. anymail/django-anymail tests/test_amazon_ses_webhooks.py, https://github.com/carbon/Amazon
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

AT: Final = "2026-11-28T06:00:00.000Z"
ADDRESS: Final = "reader@example.com"


@dataclass(frozen=True)
class Sample:
    """`rule`: which of our rules takes it. `receipt`, `cause`: what the handler makes of it."""

    name: str
    source: str
    event: dict[str, Any]
    rule: str | None
    receipt: str | None
    cause: str | None = None


def bounce(kind: str, subtype: str | None, *recipients: dict[str, Any], **more: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"bounceType": kind, "timestamp": AT, "feedbackId": "0100-feedback"}
    told |= {"bounceSubType": subtype} if subtype is not None else {}
    return {"eventType": "Bounce", "bounce": told | {"bouncedRecipients": list(recipients) or [{"emailAddress": ADDRESS}]} | more}  # fmt: skip


def status(code: str, said: str) -> dict[str, Any]:
    return {"emailAddress": ADDRESS, "action": "failed", "status": code, "diagnosticCode": f"smtp; 550 {code} {said}"}


def complaint(**more: Any) -> dict[str, Any]:
    told = {"complainedRecipients": [{"emailAddress": ADDRESS}], "timestamp": AT, "feedbackId": "0100-feedback"}
    return {"eventType": "Complaint", "complaint": told | more}


def delay(kind: str) -> dict[str, Any]:
    recipient = {"emailAddress": ADDRESS, "status": "4.4.1", "diagnosticCode": "smtp; 421 4.4.1 Unable to connect"}
    told = {"timestamp": AT, "delayType": kind, "expirationTime": AT, "delayedRecipients": [recipient]}
    return {"eventType": "DeliveryDelay", "deliveryDelay": told}


BOUNCED, SOFT, COMPLAINED, DELAYED = "bounced", "bounced_soft", "complained", "delayed"
SAMPLES: Final = (
    # Permanent
    Sample("unknown user, with a DSN", "G", bounce("Permanent", "General", status("5.1.1", "user unknown"), reportingMTA="dsn; mta.example.com"), "Bounces", BOUNCED),
    Sample("without a DSN", "G", bounce("Permanent", "General"), "Bounces", BOUNCED),
    Sample("several lines of diagnosis", "M", bounce("Permanent", "General", status("5.1.1", "No such user\\n550-5.1.1 check for typos"), remoteMtaIp="192.0.2.7"), "Bounces", BOUNCED),
    Sample("relaying not allowed", "T", bounce("Permanent", "General", status("5.0.0", "Relaying not allowed (delivery attempts: 0)")), "Bounces", BOUNCED),
    Sample("domain not found", "M", bounce("Permanent", "General", status("5.4.4", "Invalid domain"), reportingMTA="dns; example.com"), "Bounces", BOUNCED),
    Sample("blocked by the recipient's policy", "M", bounce("Permanent", "General", status("5.7.1", "Access denied")), "Bounces", BOUNCED),
    Sample("no mailbox", "G", bounce("Permanent", "NoEmail", status("5.1.1", "user unknown")), "Bounces", BOUNCED, "bounce"),
    Sample("no mailbox, without a DSN", "G", bounce("Permanent", "NoEmail"), "Bounces", BOUNCED, "bounce"),
    Sample("on SES's own list", "T", bounce("Permanent", "Suppressed", status("5.1.1", "Amazon SES has suppressed sending to this address"), reportingMTA="dns; amazonses.com"), "Bounces", BOUNCED),
    Sample("on the account's list", "R", bounce("Permanent", "OnAccountSuppressionList", status("5.1.1", "on the suppression list for your account"), reportingMTA="dns; amazonses.com"), "Bounces", BOUNCED, "account_list"),
    Sample("unsubscribed at SES", "G", bounce("Permanent", "UnsubscribedRecipient"), "Bounces", BOUNCED, "opt_out"),
    Sample("a permanent subtype of the future", "G", bounce("Permanent", "SomethingNew"), "Bounces", BOUNCED),
    Sample("two recipients in one event", "G", bounce("Permanent", "General", status("5.1.1", "user unknown"), {"emailAddress": "other@example.com"}), "Bounces", BOUNCED),
    # Transient
    Sample("out of office", "R", bounce("Transient", "General"), "Bounces", SOFT),
    Sample("greylisted for too long", "M", bounce("Transient", "General", status("4.7.1", "Greylisting in action")), "Bounces", SOFT),
    Sample("mailbox full", "G", bounce("Transient", "MailboxFull", status("5.2.2", "Mailbox full")), "Bounces", SOFT),
    Sample("mailbox full, over quota for good", "M", bounce("Transient", "MailboxFull", status("4.2.2", "over quota")), "Bounces", SOFT),
    Sample("message too large", "G", bounce("Transient", "MessageTooLarge", status("5.3.4", "Message too large")), "Bounces", SOFT),
    Sample("content rejected", "G", bounce("Transient", "ContentRejected", status("5.6.1", "Message content rejected")), "Bounces", SOFT),
    Sample("attachment rejected", "G", bounce("Transient", "AttachmentRejected", status("5.7.0", "attachment")), "Bounces", SOFT),
    Sample("time-out of the sender's choice", "G", bounce("Transient", "CustomTimeoutExceeded"), "Bounces", SOFT),
    Sample("a transient subtype of the future", "G", bounce("Transient", "SomethingNew"), "Bounces", SOFT),
    Sample("undetermined", "G", bounce("Undetermined", "Undetermined"), "Bounces", SOFT),
    Sample("undetermined, no recipient named", "G", bounce("Undetermined", "Undetermined", bouncedRecipients=[]), "Bounces", SOFT),
    Sample("a type of the future", "G", bounce("SomethingNew", "General"), "Bounces", None),
    # Complaints
    Sample("abuse, with a report", "G", complaint(userAgent="Feedback Loop (V0.01)", complaintFeedbackType="abuse", arrivalDate=AT), "Others", COMPLAINED, "complaint"),
    Sample("without a report", "G", complaint(), "Others", COMPLAINED, "complaint"),
    Sample("no subtype", "G", complaint(complaintSubType=None, complaintFeedbackType="abuse"), "Others", COMPLAINED, "complaint"),
    Sample("fraud", "G", complaint(complaintFeedbackType="fraud"), "Others", COMPLAINED, "complaint"),
    Sample("virus", "G", complaint(complaintFeedbackType="virus"), "Others", COMPLAINED, "complaint"),
    Sample("authentication failure", "G", complaint(complaintFeedbackType="auth-failure"), "Others", COMPLAINED, "complaint"),
    Sample("other", "G", complaint(complaintFeedbackType="other"), "Others", COMPLAINED, "complaint"),
    Sample("rescued from the spam folder", "G", complaint(complaintFeedbackType="not-spam", userAgent="Loop"), None, None),
    Sample("rescued, with a null subtype", "G", complaint(complaintFeedbackType="not-spam", complaintSubType=None), None, None),
    Sample("complained before: on the account's list", "G", complaint(complaintSubType="OnAccountSuppressionList"), "Listed", BOUNCED, "account_list"),
    # Everything else
    Sample("delivered", "G", {"eventType": "Delivery", "delivery": {"timestamp": AT, "processingTimeMillis": 9, "recipients": [ADDRESS], "smtpResponse": "250 ok", "reportingMTA": "a1.example.com"}}, "Others", "delivered"),
    Sample("delivered, with the remote address", "M", {"eventType": "Delivery", "delivery": {"timestamp": AT, "recipients": [ADDRESS], "remoteMtaIp": "192.0.2.7"}}, "Others", "delivered"),
    Sample("sent", "G", {"eventType": "Send", "send": {}}, None, None),
    Sample("rejected for a virus", "G", {"eventType": "Reject", "reject": {"reason": "Bad content"}}, "Others", "rejected"),
    Sample("rendering failure", "G", {"eventType": "Rendering Failure", "failure": {"errorMessage": "Attribute 'x' is not present", "templateName": "T"}}, "Others", "rejected"),
    Sample("delayed: transient", "G", delay("TransientCommunicationFailure"), "Others", DELAYED),
    Sample("delayed: mailbox full", "G", delay("MailboxFull"), "Others", DELAYED),
    Sample("delayed: spam detected", "G", delay("SpamDetected"), "Others", DELAYED),
    Sample("delayed: recipient's server", "G", delay("RecipientServerError"), "Others", DELAYED),
    Sample("delayed: IP failure", "G", delay("IPFailure"), "Others", DELAYED),
    Sample("opened", "G", {"eventType": "Open", "open": {"timestamp": AT, "ipAddress": "192.0.2.1", "userAgent": "Mozilla"}}, None, None),
    Sample("clicked", "G", {"eventType": "Click", "click": {"timestamp": AT, "link": "https://example.com", "linkTags": {"a": ["b"]}}}, None, None),
    Sample("changed a subscription at SES", "G", {"eventType": "Subscription", "subscription": {"contactList": "L", "timestamp": AT, "source": "UnsubscribeHeader"}}, None, None),
    # Feedback notifications, which are another format and no events of a configuration set
    Sample("notification of a bounce", "G", {"notificationType": "Bounce", "bounce": bounce("Permanent", "General")["bounce"]}, None, None),
    Sample("notification of a complaint", "G", {"notificationType": "Complaint", "complaint": complaint()["complaint"]}, None, None),
    Sample("notification of a delivery", "G", {"notificationType": "Delivery", "delivery": {"timestamp": AT, "recipients": [ADDRESS]}}, None, None),
)  # fmt: skip
