"""All of them."""

from __future__ import annotations

from typing import Final

from . import listmonk, mailchimp, notify, onesignal, pinpoint, ses, suppression_lists, workflows

PEERS: Final = (
    listmonk.CSV,
    listmonk.API,
    mailchimp.SUBSCRIBED,
    mailchimp.ZIP,
    ses.CONTACTS,
    ses.SUPPRESSED,
    workflows.NOVU,
    workflows.KNOCK,
    workflows.COURIER,
    onesignal.EXPORT,
    notify.RECIPIENTS,
    notify.REPORT,
    notify.NOTIFYBC,
    suppression_lists.BREVO,
    suppression_lists.BOUNCES,
    suppression_lists.BLOCKS,
    suppression_lists.GROUPS,
    pinpoint.ENDPOINTS,
    pinpoint.SEGMENT,
)
