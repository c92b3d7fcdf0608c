"""What Fanfare itself writes to people: a link or a code, to an address that nobody has confirmed yet.

These are no deliveries: no batch keeps them, nothing sends them again. Who got none asks once more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fanfare.channels.base import SendResult
from fanfare.channels.email import CALL_ERROR, one_line
from fanfare.channels.sms import PUBLISH_ERROR
from fanfare.channels.sns import publish_to_sns
from fanfare.self_service import pages
from fanfare.self_service.pages import texts

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient


@dataclass(frozen=True, kw_only=True)
class VerificationMail:
    """`ses` and `sns` open their clients when there is something to send; neither may retry."""

    ses: Callable[[], SESV2Client]
    sns: Callable[[], SNSClient]
    sender: str
    brand: str
    configuration_set: str | None

    def confirm_subscription(self, address: str, topic_title: str, link: str) -> SendResult:
        """The link that subscribes whoever reads it."""
        topic = one_line(topic_title)  # a subject is one
        return self._mail(
            address, pages.Mail(texts.SUBSCRIBE_SUBJECT.format(topic=topic), texts.SUBSCRIBE_MAIL, link, topic=topic)
        )

    def confirm_address(self, address: str, link: str) -> SendResult:
        """The link that has the address used."""
        return self._mail(address, pages.Mail(texts.ADDRESS_SUBJECT, texts.ADDRESS_MAIL, link))

    def code(self, number: str, code: str, *, minutes: int) -> SendResult:
        """The code that has the number used."""
        text = texts.CODE.format(code=code, brand=self.brand, minutes=minutes)

        def publish() -> str:
            answer = self.sns().publish(
                PhoneNumber=number,
                Message=text,
                MessageAttributes={"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}},
            )
            return answer["MessageId"]

        return publish_to_sns(publish, PUBLISH_ERROR)

    def _mail(self, address: str, mail: pages.Mail) -> SendResult:
        request: dict[str, Any] = {
            "FromEmailAddress": self.sender,
            "Destination": {"ToAddresses": [address]},
            "Content": {
                "Simple": {
                    "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                    "Body": {
                        "Text": {"Data": pages.mail_text(mail, brand=self.brand), "Charset": "UTF-8"},
                        "Html": {"Data": pages.mail_html(mail, brand=self.brand), "Charset": "UTF-8"},
                    },
                }
            },
            # without our ids: its events are nobody's receipts
            "EmailTags": [{"Name": "purpose", "Value": "confirmation"}],
        }
        if self.configuration_set:
            request["ConfigurationSetName"] = self.configuration_set
        return publish_to_sns(lambda: self.ses().send_email(**request)["MessageId"], CALL_ERROR)
