"""Request and response types of the API. Responses are plain dicts; later versions may add keys."""

from .common import Cause, Channel, DeliveryStatus, ItemError, ItemFault, Page, State
from .dry_runs import Cost, CostLine, DryRun, Sample
from .explanations import ChannelExplanation, Explanation, Recorded, Rule, RulesNow, Step
from .messages import (
    Accepted,
    Cancellation,
    Content,
    Counts,
    Delivery,
    Message,
    MessageWithCounts,
    Moment,
    SubmitRequest,
    TemplateRef,
    TemplateVersionRef,
)
from .operations import Queue, Suppression
from .templates import StoredVersion, Template, TemplateBody, TemplateVersion
from .topics import Limit, Subscription, SubscriptionItem, SubscriptionResult, Topic, TopicBody
from .users import PushAddress, QuietHours, User, UserBody, UserDelivery, UserItem, UserResult, WebhookAddress

__all__ = [
    "Accepted",
    "Cancellation",
    "Cause",
    "Channel",
    "ChannelExplanation",
    "Content",
    "Cost",
    "CostLine",
    "Counts",
    "Delivery",
    "DeliveryStatus",
    "DryRun",
    "Explanation",
    "ItemError",
    "ItemFault",
    "Limit",
    "Message",
    "MessageWithCounts",
    "Moment",
    "Page",
    "PushAddress",
    "Queue",
    "QuietHours",
    "Recorded",
    "Rule",
    "RulesNow",
    "Sample",
    "State",
    "Step",
    "StoredVersion",
    "SubmitRequest",
    "Subscription",
    "SubscriptionItem",
    "SubscriptionResult",
    "Suppression",
    "Template",
    "TemplateBody",
    "TemplateRef",
    "TemplateVersion",
    "TemplateVersionRef",
    "Topic",
    "TopicBody",
    "User",
    "UserBody",
    "UserDelivery",
    "UserItem",
    "UserResult",
    "WebhookAddress",
]
