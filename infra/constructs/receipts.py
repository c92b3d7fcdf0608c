"""Receipts of SES: the events of a mail after SES accepted it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_ses as ses
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ..settings import DeploymentSettings

# Event type of the configuration set → `eventType` in the event.
# https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
PUBLISHED: Final[Mapping[ses.EmailSendingEvent, str]] = {
    ses.EmailSendingEvent.DELIVERY: "Delivery",
    ses.EmailSendingEvent.DELIVERY_DELAY: "DeliveryDelay",
    ses.EmailSendingEvent.BOUNCE: "Bounce",
    ses.EmailSendingEvent.COMPLAINT: "Complaint",
    ses.EmailSendingEvent.REJECT: "Reject",
    ses.EmailSendingEvent.RENDERING_FAILURE: "Rendering Failure",
}
# The only fields that leave the rule. Events of SES contain addresses and subjects; our tags identify the recipient.
SOURCE: Final = "aws.ses"
KEPT: Final = (
    "time",
    "detail.eventType",
    "detail.mail.messageId",
    "detail.mail.tags.message_id",
    "detail.mail.tags.user_id",
    "detail.mail.tags.address_no",
)
KEPT_OF_BOUNCES: Final = (*KEPT, "detail.bounce.bounceType", "detail.bounce.bounceSubType")
KEPT_OF_THE_LIST: Final = (*KEPT, "detail.complaint.complaintSubType")
LISTED: Final = "OnAccountSuppressionList"  # SES did not try; the reader complained of an earlier mail
# All complaints except a reader who took the mail out of the spam folder. Most have no type.
# https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html#event-publishing-retrieving-sns-contents-complaint-object
SERIOUS: Final = {
    "complaintFeedbackType": [{"exists": False}, {"anything-but": ["not-spam"]}],
    "complaintSubType": [{"exists": False}, {"anything-but": [LISTED]}],
}


class Receipts(Construct):
    """SES → EventBridge's default bus (SES supports no other) → three rules → a queue without personal data.

    Three rules, because a path that is missing in an event makes the rule's output invalid. None has a dead-letter
    queue: it would store the original event, with all addresses. EventBridge retries for a day.
    """

    def __init__(
        self, scope: Construct, id: str, *, rules: ses.ConfigurationSet, queue: sqs.IQueue, settings: DeploymentSettings
    ) -> None:
        super().__init__(scope, id)
        wanted = {
            event: kind
            for event, kind in PUBLISHED.items()
            if settings.delivery_receipts or event is not ses.EmailSendingEvent.DELIVERY
        }
        rules.add_event_destination(
            "Receipts",
            destination=ses.EventDestination.event_bus(
                events.EventBus.from_event_bus_name(self, "DefaultBus", "default")
            ),
            events=[*wanted],
        )
        for name, kinds, kept, complaint in (
            ("Bounces", ["Bounce"], KEPT_OF_BOUNCES, None),
            ("Listed", ["Complaint"], KEPT_OF_THE_LIST, {"complaintSubType": [LISTED]}),
            ("Others", [kind for kind in wanted.values() if kind != "Bounce"], KEPT, SERIOUS),
        ):
            events.Rule(
                self,
                name,
                description=f"Fanfare {settings.stage}: receipts of SES ({name.lower()}), without addresses",
                event_pattern=_ours(kinds, rules.configuration_set_name, complaint),
                targets=[targets.SqsQueue(queue, message=events.RuleTargetInput.from_object(_tree(kept)))],
            )


def _ours(kinds: list[str], configuration_set: str, complaint: Mapping[str, Any] | None) -> events.EventPattern:
    """Matches events of mails with our tags: the account can have other stages and other senders."""
    there = [{"exists": True}]
    ours = dict.fromkeys(("message_id", "user_id", "address_no"), there)
    tags = {"ses:configuration-set": [configuration_set], **ours}
    of_complaints = {"complaint": complaint} if complaint else {}
    return events.EventPattern(source=[SOURCE], detail={"eventType": kinds, "mail": {"tags": tags}, **of_complaints})


def _tree(paths: tuple[str, ...]) -> dict[str, Any]:
    """An object with the event's structure that contains the source and the given paths."""
    tree: dict[str, Any] = {"source": SOURCE}
    for path in paths:
        *branches, leaf = path.split(".")
        node = tree
        for branch in branches:
            node = node.setdefault(branch, {})
        node[leaf] = events.EventField.from_path(f"$.{path}")
    return tree
