"""The stand-in for Amazon SES v2: answers calls, stores accepted mails, and publishes their events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from local.http import Answer, HangUp, Request, as_json
from local.providers import ses_events, ses_request
from local.providers.outbox import Mail, Outbox
from local.providers.ses_events import Publish
from local.providers.ses_request import Draft, NotTaken, Refused
from local.providers.simulator import Simulator

# The words of SES: https://github.com/aws/aws-sdk-net/issues/3526
NOT_VERIFIED: Final = (
    "Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: "
)


class Ses:
    """SendBulkEmail and SendEmail."""

    def __init__(self, *, outbox: Outbox, simulator: Simulator, publish: Publish) -> None:
        self.outbox = outbox
        self.simulator = simulator
        self.publish = publish

    def handle(self, request: Request) -> Answer:
        try:
            return self._handle(request)
        except Refused as refused:
            return as_json({"message": str(refused)}, refused.status, **{"x-amzn-ErrorType": refused.code})

    def _handle(self, request: Request) -> Answer:
        if self.simulator.is_down("email"):
            raise Refused(503, "ServiceUnavailable", "Simulated failure: the channel is switched off.")
        match request.method, request.path:
            case "POST", "/v2/email/outbound-bulk-emails":
                return as_json(self._bulk(ses_request.read(request.body), size=len(request.body)))
            case "POST", "/v2/email/outbound-emails":
                return as_json(self._single(ses_request.read(request.body)))
            case _:
                raise Refused(404, "UnknownOperationException", f"The stand-in does not support {request.path}.")

    def _bulk(self, call: dict[str, Any], *, size: int) -> dict[str, Any]:
        drafts = ses_request.bulk(call, size=size)
        self._check([mail for draft in drafts if isinstance(draft, Draft) for mail in draft.mails])
        taken: list[Mail] = []
        results = []
        for draft in drafts:
            refused = draft if isinstance(draft, NotTaken) else self._misbehaviour(draft)
            if refused:
                results.append({"Status": refused.status, "Error": refused.error})
            else:
                assert isinstance(draft, Draft)
                self._accept(draft, call.get("ConfigurationSetName"))
                taken += draft.mails
                results.append({"Status": "SUCCESS", "MessageId": draft.mails[0].provider_id})
        self._lose_the_answer(taken)
        return {"BulkEmailEntryResults": results}

    def _single(self, call: dict[str, Any]) -> dict[str, Any]:
        draft = ses_request.single(call)
        self._check(draft.mails)
        if refused := self._misbehaviour(draft):
            throttled = refused.status == "ACCOUNT_THROTTLED"
            code = (429, "TooManyRequestsException") if throttled else (503, "ServiceUnavailable")
            raise Refused(*code, refused.error)
        self._accept(draft, call.get("ConfigurationSetName"))
        self._lose_the_answer(draft.mails)
        return {"MessageId": draft.mails[0].provider_id}

    def _check(self, mails: Sequence[Mail]) -> None:
        """Refuse the call as a whole for an address that is not verified, or above the rate."""
        if unverified := [mail.to for mail in mails if self.simulator.is_unverified(mail.to)]:
            raise Refused(400, "MessageRejected", NOT_VERIFIED + ", ".join(unverified))
        if self.simulator.too_many(len(mails)):
            raise Refused(429, "TooManyRequestsException", "Maximum sending rate exceeded.")

    def _misbehaviour(self, draft: Draft) -> NotTaken | None:
        for mail in draft.mails:
            if self.simulator.fails(mail.to):
                return NotTaken("TRANSIENT_FAILURE", "Simulated failure of down@.")
            if self.simulator.throttles(mail.to, mail.message_id):
                return NotTaken("ACCOUNT_THROTTLED", "Simulated throttling of throttle@, once per message.")
        return None

    def _accept(self, draft: Draft, configuration_set: str | None) -> None:
        if draft.missing is None:
            self.outbox.add(*draft.mails)
        if not self.simulator.settings.receipts:
            return
        for mail in draft.mails:
            for event in ses_events.after(mail, configuration_set, missing=draft.missing):
                self.publish(configuration_set, event)

    def _lose_the_answer(self, mails: Sequence[Mail]) -> None:
        # check every mail, because each loses only its first answer
        lost = [mail for mail in mails if self.simulator.loses_the_answer(mail.to, mail.message_id)]
        if lost:
            raise HangUp
