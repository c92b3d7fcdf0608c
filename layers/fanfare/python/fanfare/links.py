"""Links that are sent to people: signed, without an address in them, and good for one purpose alone.

A token carries its purpose, what it is about, and, if it can expire, until when. It is signed with
the newest key and accepted under any key that is still kept, so keys can be rotated while links that
never expire go on working. There is exactly one spelling of a token: a changed bit is refused even
where the decoder would not notice.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from itsdangerous import BadData, URLSafeSerializer

from .clock import from_text, to_text
from .errors import NotFound

Keys = Callable[[], Mapping[str, str]]  # key id → key, the newest last

CONFIRM_WITHIN: Final = timedelta(days=3)
LENGTH_LIMIT: Final = 2_048


class Links:
    """Makes and opens links below `base`, the public API's URL."""

    def __init__(self, base: str, *, keys: Keys) -> None:
        self.base = base.rstrip("/")
        self.keys = keys

    def unsubscribe(self, user_id: str, topic: str, channel: str) -> str:
        """One click and this topic leaves this channel. Never expires: a mail may be years old."""
        return self._link("unsubscribe", [user_id, topic, channel])

    def preferences(self, user_id: str) -> str:
        """All of a user's choices. Never expires: every mail may carry it."""
        return self._link("preferences", [user_id])

    def confirmation(self, about: Mapping[str, Any], *, now: datetime) -> str:
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
        """What is to be confirmed. Raises NotFound, also when it has expired."""
        about, until = self._open("confirmations", token)
        if from_text(until) < now:
            raise NotFound("this link has expired", code="link_expired")
        return dict(about)

    def _link(self, purpose: str, content: Any) -> str:
        newest = list(self.keys().values())[-1]
        return f"{self.base}/v1/{purpose}/{_spelled(newest, purpose, content)}"

    def _open(self, purpose: str, token: str) -> Any:
        if len(token) <= LENGTH_LIMIT:
            for key in reversed(list(self.keys().values())):
                try:
                    content = _serializer(key, purpose).loads(token)
                except BadData:
                    continue
                if hmac.compare_digest(_spelled(key, purpose, content).encode(), token.encode()):
                    return content
        raise NotFound("this link is not valid", code="link_invalid")


def _spelled(key: str, purpose: str, content: Any) -> str:
    text = _serializer(key, purpose).dumps(content)
    return text if isinstance(text, str) else text.decode()


@functools.lru_cache(maxsize=16)
def _serializer(key: str, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        key, salt=f"link\n{purpose}", signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    )
