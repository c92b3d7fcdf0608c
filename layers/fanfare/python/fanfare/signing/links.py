"""Links in messages: signed, without addresses, each valid for one purpose only.

A token contains its content and, if it expires, its expiry time; its signature covers the purpose.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from itsdangerous import BadData

from fanfare.clock import from_text, to_text
from fanfare.errors import NotFound
from fanfare.signing.keyed_hash import Keys
from fanfare.signing.signed_text import opened, signed

CONFIRM_WITHIN: Final = timedelta(days=3)
LENGTH_LIMIT: Final = 2_048


class Links:
    """Creates and verifies links below `base`, the public API's URL."""

    def __init__(self, base: str, *, keys: Keys) -> None:
        self.base = base.rstrip("/")
        self.keys = keys

    def unsubscribe_link(self, user_id: str, topic: str, channel: str) -> str:
        """One click and this topic leaves this channel. Never expires: a mail may be years old."""
        return self._link("unsubscribe", [user_id, topic, channel])

    def preferences_link(self, user_id: str) -> str:
        """All of a user's choices. Never expires: every mail may carry it."""
        return self._link("preferences", [user_id])

    def confirmation_link(self, about: Mapping[str, Any], *, now: datetime) -> str:
        """Proof that whoever opens it reads what is sent to an address. Expires in three days."""
        return self._link("confirmations", [dict(about), to_text(now + CONFIRM_WITHIN)])

    def open_unsubscribe(self, token: str) -> tuple[str, str, str]:
        """(user id, topic, channel). Raises NotFound."""
        user, topic, channel = self._open("unsubscribe", token)
        return user, topic, channel

    def open_preferences(self, token: str) -> str:
        """The user's id. Raises NotFound."""
        (user,) = self._open("preferences", token)
        return str(user)

    def open_confirmation(self, token: str, *, now: datetime) -> dict[str, Any]:
        """What to confirm: `about` of the link. Raises NotFound, also if it has expired."""
        about, until = self._open("confirmations", token)
        if from_text(until) < now:
            raise NotFound("Link has expired.", code="link_expired")
        return dict(about)

    def _link(self, purpose: str, content: Any) -> str:
        return f"{self.base}/v1/{purpose}/{signed(content, keys=self.keys, kind=_kind(purpose))}"

    def _open(self, purpose: str, token: str) -> Any:
        try:
            return opened(token, keys=self.keys, kind=_kind(purpose), length_limit=LENGTH_LIMIT)
        except BadData as error:
            raise NotFound("Invalid link.", code="link_invalid") from error


def _kind(purpose: str) -> str:
    return f"link\n{purpose}"
