"""Addresses whose readers want no more mails of Fanfare's own, in the audience table.

    pk                 sk       what
    refusal#<digest>   refusal  no confirmation or link is mailed to this mailbox, which is a keyed digest

A row stays until its reader takes it back. It is found under every configured key, so a rotation forgets none.
"""

from __future__ import annotations

from fanfare.aws.dynamodb import DynamoTable
from fanfare.signing.keyed_hash import Keys, digest, digests


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
