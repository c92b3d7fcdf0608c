"""The systems that users come from: a converter each, from rows or objects to records."""

from __future__ import annotations

from typing import Final

from .base import Source
from .listmonk import LISTMONK
from .mailchimp import MAILCHIMP
from .notify import GOVUK_NOTIFY, NOTIFYBC
from .onesignal import ONESIGNAL
from .pinpoint import ENDPOINTS
from .ses import SES
from .suppression_lists import BREVO, SENDGRID
from .templates import AWS_TEMPLATES, HTML_TEMPLATE
from .workflows import COURIER, KNOCK, NOVU

ALL: Final[tuple[Source, ...]] = (
    ENDPOINTS,
    LISTMONK,
    MAILCHIMP,
    SES,
    NOTIFYBC,
    NOVU,
    KNOCK,
    COURIER,
    ONESIGNAL,
    GOVUK_NOTIFY,
    BREVO,
    SENDGRID,
    AWS_TEMPLATES,
    HTML_TEMPLATE,
)
