"""Links in messages: signed, without addresses, each valid for one purpose only.

A token contains its content and, if it expires, its expiry time; its signature covers the purpose. A reader's link is
bound to a life of the user (`generation`: after an erasure the next user under the id has another one) and to an
address (`address_no`). Tokens of the first version have neither: they belong to users who have no generation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from itsdangerous import BadData

from fanfare.clock import from_text, to_text
from fanfare.data_classes import dataclass
from fanfare.errors import NotFound
from fanfare.signing.keyed_hash import Keys
from fanfare.signing.signed_text import opened, signed

CONFIRM_WITHIN: Final = timedelta(days=3)
UNDO_WITHIN: Final = timedelta(minutes=15)
LENGTH_LIMIT: Final = 2_048


class Reader(Protocol):
    """A user, as far as links need it."""

    @property
    def id(self) -> str: ...
    @property
    def generation(self) -> str: ...
    @property
    def readdressed(self) -> Mapping[str, int]: ...


@dataclass(frozen=True, kw_only=True)
class ReaderLink:
    """The content of a reader's link. `channel`: on which the link was sent. `address_no`: number of the user's earlier
    addresses on it at that time; None if the link does not say, and then it only takes away. `topic`: None if the link
    is for all preferences."""

    user_id: str
    generation: str
    channel: str
    address_no: int | None
    topic: str | None = None

    def is_of(self, reader: Reader | None) -> bool:
        """Whether it was made for this user, not for an earlier one under the same id."""
        return reader is not None and (reader.id, reader.generation) == (self.user_id, self.generation)

    def is_current(self, reader: Reader) -> bool:
        """Whether the user still has the address to which it was sent. If not, it only takes away."""
        return self.is_of(reader) and self.address_no == reader.readdressed.get(self.channel, 0)


@dataclass(frozen=True)
class ViewLink:
    """The content of a link to a message in the browser."""

    user_id: str
    message_id: str
    channel: str
    generation: str


@dataclass(frozen=True)
class RefusalLink:
    """The content of a link that stops Fanfare's own mails. `address`: keyed digest of the address."""

    address: str


class Links:
    """Creates and verifies links below `base`, the public API's URL."""

    def __init__(self, base: str, *, keys: Keys) -> None:
        self.base = base.rstrip("/")
        self.keys = keys

    def unsubscribe_link(self, reader: Reader, topic: str, channel: str) -> str:
        """Takes away this topic on this channel, or everything. Never expires: a mail may be years old."""
        content = [reader.id, topic, channel, reader.generation, reader.readdressed.get(channel, 0)]
        return self._link("unsubscribe", content)

    def preferences_link(self, reader: Reader, channel: str) -> str:
        """All of a user's choices, for a message to the present address on `channel`. Never expires."""
        return self._link("preferences", [reader.id, channel, reader.generation, reader.readdressed.get(channel, 0)])

    def view_link(self, reader: Reader, message_id: str, channel: str) -> str:
        """Shows what was sent to the user. It works as long as the message is kept."""
        return self._link("views", [reader.id, message_id, channel, reader.generation])

    def refusal_link(self, address: str) -> str:
        """Stops Fanfare's own mails to an address, which is a keyed digest here. Never expires."""
        return self._link("unsubscribe", [address])

    def confirmation_link(self, about: Mapping[str, Any], *, now: datetime) -> str:
        """Proof that whoever opens it reads what is sent to an address. Expires in three days."""
        return self._link("confirmations", [dict(about), to_text(now + CONFIRM_WITHIN)])

    def undo_token(self, about: Mapping[str, Any], *, now: datetime) -> str:
        """What a page brings to undo what was done on it. Expires in a quarter of an hour."""
        return signed([dict(about), to_text(now + UNDO_WITHIN)], keys=self.keys, kind=_kind("undo"))

    def open_undo(self, token: str, *, now: datetime) -> dict[str, Any]:
        """What to undo. Raises NotFound, also if it has expired."""
        about, until = self._open("undo", token)
        if from_text(until) < now:
            raise NotFound("It is too late to undo this.", code="undo_expired")
        return dict(about)

    def open_unsubscribe(self, token: str) -> ReaderLink | RefusalLink:
        """What the link stops. Raises NotFound."""
        content = self._open("unsubscribe", token)
        if len(content) == 1:
            return RefusalLink(content[0])
        user, topic, channel, *bound = content
        generation, address_no = bound or ("", 0)
        return ReaderLink(user_id=user, generation=generation, channel=channel, address_no=address_no, topic=topic)

    def open_preferences(self, token: str) -> ReaderLink:
        """Whose choices. Raises NotFound."""
        user, *bound = self._open("preferences", token)
        # the first version was on the page of the unsubscribe link: whoever saw a header of a mail could have it
        channel, generation, address_no = bound or ("", "", None)
        return ReaderLink(user_id=user, generation=generation, channel=channel, address_no=address_no)

    def open_old_confirmation(self, token: str) -> dict[str, Any]:
        """What a link was to confirm, even if it has expired. Raises NotFound."""
        about, _ = self._open("confirmations", token)
        return dict(about)

    def open_view(self, token: str) -> ViewLink:
        """What is shown, to whose reader. Raises NotFound."""
        return ViewLink(*self._open("views", token))

    def open_confirmation(self, token: str, *, now: datetime) -> tuple[dict[str, Any], datetime]:
        """What to confirm (`about` of the link), and when it was asked. Raises NotFound, also if it has expired."""
        about, until = self._open("confirmations", token)
        end = from_text(until)
        if end < now:
            raise NotFound("Link has expired.", code="link_expired")
        return dict(about), end - CONFIRM_WITHIN

    def _link(self, purpose: str, content: Any) -> str:
        return f"{self.base}/v1/{purpose}/{signed(content, keys=self.keys, kind=_kind(purpose))}"

    def _open(self, purpose: str, token: str) -> Any:
        try:
            return opened(token, keys=self.keys, kind=_kind(purpose), length_limit=LENGTH_LIMIT)
        except BadData as error:
            raise NotFound("Invalid link.", code="link_invalid") from error


class HiddenLinks:
    """What stands for a reader's links if only the reader may use them."""

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")

    def unsubscribe_link(self, reader: Reader, topic: str, channel: str) -> str:  # noqa: ARG002 - the same for all
        return self._link("unsubscribe")

    def preferences_link(self, reader: Reader, channel: str) -> str:  # noqa: ARG002
        return self._link("preferences")

    def view_link(self, reader: Reader, message_id: str, channel: str) -> str:  # noqa: ARG002
        return self._link("views")

    def _link(self, purpose: str) -> str:
        return f"{self.base}/v1/{purpose}/{hidden_token(purpose)}"


def hidden_token(purpose: str) -> str:
    """What stands for the token of a link."""
    return f"{purpose}-of-the-reader"


def with_hidden_links(content: Mapping[str, str], links: Iterable[str]) -> dict[str, str]:
    """Rendered parts without the tokens of these links."""
    shown = dict(content)
    for link in links:
        _, purpose, token = link.rsplit("/", 2)
        shown = {part: text.replace(token, hidden_token(purpose)) for part, text in shown.items()}
    return shown


def _kind(purpose: str) -> str:
    return f"link\n{purpose}"
