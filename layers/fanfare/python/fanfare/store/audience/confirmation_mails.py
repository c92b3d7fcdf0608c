"""Confirmation mails in the audience table: to which address a mail went, and who wants no more of them.

The tags of a mail, and so the events about it, contain no address.

Until the address is confirmed, it is stored with the link's id; that row is removed by TTL after three days. Later
events of the mail are not used.

Readers can refuse such mails:

    pk                 sk       what
    refusal#<digest>   refusal  no confirmation or link is mailed to this mailbox, which is a keyed digest

A refusal stays until its reader takes it back. It is found under every configured key, so a rotation forgets none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from fanfare.aws.dynamodb import DynamoTable
from fanfare.channels import CHANNELS
from fanfare.channels.email_events import OF_A_SIGN_UP, OF_A_USER, tag_value
from fanfare.channels.receipts import ReceiptEvent
from fanfare.signing.keyed_hash import Keys, digest, digests


class ConfirmationMails:
    def __init__(self, table: DynamoTable) -> None:
        self.table = table

    def address_of(self, report: ReceiptEvent) -> str | None:
        """The canonical address; None if it is no longer known."""
        if report.message_id == OF_A_SIGN_UP:
            row = self.table.get(f"sign_up#{report.user_id}", "sign_up") or {}
            user_id = row.get("user_id")
        else:
            row = self.table.get(f"user#{report.user_id}", f"pending#{report.channel}") or {}
            if not row or mail_number(row["secret"]) != report.address_no:
                return None  # the user asked for another address since
            user_id = report.user_id
        profile: Mapping[str, Any] = {CHANNELS[report.channel].field or "": row.get("address")}
        if row.get("address") is None and user_id is not None:  # confirmed by now
            user = self.table.get(f"user#{user_id}", "user") or {}
            profile = user.get("profile", {})
        return CHANNELS[report.channel].identity(profile)


class Refusals:
    def __init__(self, table: DynamoTable, *, keys: Keys) -> None:
        self.table = table
        self.keys = keys

    def key_of(self, mailbox: str) -> str:
        """The keyed digest of a mailbox, for its link and row."""
        return digest(mailbox, keys=self.keys, purpose="refusal")

    def add(self, key: str, *, at: str) -> None:
        """Send nothing more of our own to the mailbox. Idempotent."""
        self.table.put({"pk": f"refusal#{key}", "sk": "refusal", "created_at": at})

    def remove(self, key: str) -> None:
        """Send again. Idempotent."""
        self.table.delete(f"refusal#{key}", "refusal")

    def has(self, mailbox: str) -> bool:
        """Whether the reader of the mailbox refused."""
        known = digests(mailbox, keys=self.keys, purpose="refusal")
        return bool(self.table.get_many([(f"refusal#{each}", "refusal") for each in known]))


def tags_of_sign_up(sign_up_id: str) -> dict[str, str]:
    """Tags of the mail that confirms a subscription."""
    return {"message_id": OF_A_SIGN_UP, "user_id": tag_value(sign_up_id), "address_no": "0"}


def tags_of_user(user_id: str, secret: str) -> dict[str, str]:
    """Tags of the mail that confirms a user's new address. `secret`: of its link."""
    return {"message_id": OF_A_USER, "user_id": tag_value(user_id), "address_no": str(mail_number(secret))}


def mail_number(secret: str) -> int:
    """A number that distinguishes the confirmation mails of a user and does not reveal the link's secret."""
    return int.from_bytes(hashlib.sha256(secret.encode()).digest()[:4])
