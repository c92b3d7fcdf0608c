"""The stand-ins for the providers: SES v2, SNS and webhook endpoints.

The functions reach them through the SDK's endpoint settings and don't know about them. The stand-ins store everything
and implement the special addresses and switches of simulator.py.
"""

from __future__ import annotations

from local.http import Answer, Request
from local.providers import webhook_receiver
from local.providers.outbox import Outbox
from local.providers.ses import Ses
from local.providers.ses_events import Publish
from local.providers.simulator import Simulator
from local.providers.sns import Sns
from local.providers.webhook_receiver import WebhookReceiver


class Providers:
    """One server for all: SES under /v2/email/, SNS (form posts) at /, webhooks under /hooks/."""

    def __init__(self, *, outbox: Outbox, simulator: Simulator, publish: Publish) -> None:
        self._ses = Ses(outbox=outbox, simulator=simulator, publish=publish)
        self._sns = Sns(outbox=outbox, simulator=simulator)
        self._webhooks = WebhookReceiver(outbox=outbox, simulator=simulator)

    def handle(self, request: Request) -> Answer:
        if request.path.startswith("/v2/email/"):
            return self._ses.handle(request)
        if request.path.startswith(webhook_receiver.PREFIX):
            return self._webhooks.handle(request)
        return self._sns.handle(request)

    @staticmethod
    def endpoints(url: str) -> dict[str, str]:
        """Environment variables that point an AWS SDK to this server."""
        return {"AWS_ENDPOINT_URL_SESV2": url, "AWS_ENDPOINT_URL_SNS": url}
