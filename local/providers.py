"""The stand-in for the providers: SES v2 and SNS, that the functions reach by the SDK's own endpoint settings, and
the endpoints that webhooks go to.

It keeps everything whole and knows the simulator addresses; `simulator` says which, and how to switch things
off and on. The handlers don't know: they call SES and SNS.
"""

from __future__ import annotations

from . import hooks
from .hooks import Hooks
from .http import Answer, Request
from .outbox import Outbox
from .ses import Ses
from .ses_events import Publish
from .simulator import Simulator
from .sns import Sns


class Providers:
    """One server for all: SES is REST under /v2/email/, SNS posts forms to /, webhooks go below /hooks/."""

    def __init__(self, *, outbox: Outbox, simulator: Simulator, publish: Publish) -> None:
        self._ses = Ses(outbox=outbox, simulator=simulator, publish=publish)
        self._sns = Sns(outbox=outbox, simulator=simulator)
        self._hooks = Hooks(outbox=outbox, simulator=simulator)

    def handle(self, request: Request) -> Answer:
        if request.path.startswith("/v2/email/"):
            return self._ses.handle(request)
        if request.path.startswith(hooks.PREFIX):
            return self._hooks.handle(request)
        return self._sns.handle(request)

    @staticmethod
    def endpoints(url: str) -> dict[str, str]:
        """The environment that points an AWS SDK here."""
        return {"AWS_ENDPOINT_URL_SESV2": url, "AWS_ENDPOINT_URL_SNS": url}
